using System.Buffers;
using System.Diagnostics;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>W3C trace context (https://www.w3.org/TR/trace-context/): which request a log line belongs to.</summary>
/// <param name="TraceId">32 lower-case hex digits, the same on the whole path.</param>
/// <param name="SpanId">16 lower-case hex digits: this service's part.</param>
/// <param name="ParentSpanId">The caller's span; null at the start of a trace.</param>
internal sealed record TraceContext(string TraceId, string SpanId, string? ParentSpanId, string Flags, string? State)
{
    private const int HeaderLength = 55;
    private const int MaxStateLength = 512;
    private const int TraceIdLength = 32;
    private const int SpanIdLength = 16;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The value of the <c>traceparent</c> header for a call to another service.</summary>
    public string Header => $"00-{TraceId}-{SpanId}-{Flags}";

    public static TraceContext New() => new(ActivityTraceId.CreateRandom().ToHexString(), NewSpanId(), null, "01", null);

    /// <summary>A child of the caller's span. What is not a valid header starts a new trace, as the standard demands.</summary>
    public static TraceContext Continue(string? traceParent, string? traceState) =>
        Parse(traceParent) is var (traceId, parent, flags)
            ? new TraceContext(traceId, NewSpanId(), parent, flags, traceState is { Length: > 0 and <= MaxStateLength } ? traceState : null)
            : New();

    private static (string TraceId, string SpanId, string Flags)? Parse(string? header)
    {
        if (header is null || header.Length < HeaderLength || header[2] != '-' || header[35] != '-' || header[52] != '-')
        {
            return null;
        }

        var version = header[..2];
        var traceId = header.Substring(3, TraceIdLength);
        var spanId = header.Substring(36, SpanIdLength);
        var flags = header.Substring(53, 2);
        // Version 00 ends here; a later version may add fields after another dash. Version ff is forbidden.
        var length = version == "00" ? header.Length == HeaderLength : header.Length == HeaderLength || header[HeaderLength] == '-';
        return length && version != "ff" && IsHex(version) && IsHex(traceId) && IsHex(spanId) && IsHex(flags) && !IsZero(traceId) && !IsZero(spanId)
            ? (traceId, spanId, flags)
            : null;
    }

    private static string NewSpanId() => ActivitySpanId.CreateRandom().ToHexString();

    private static bool IsHex(string text) => !text.AsSpan().ContainsAnyExcept(HexDigits);

    private static bool IsZero(string text) => !text.AsSpan().ContainsAnyExcept('0');
}
