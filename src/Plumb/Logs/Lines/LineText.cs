using Plumb.Logs.Sources;
using Plumb.Logs.Tracing;

namespace Plumb.Logs.Lines;

/// <summary>A line as people see it.</summary>
internal static class LineText
{
    /// <summary>Letters of a line's text that are shown.</summary>
    public const int Longest = 2000;

    public static TimelineLine Of(ReadOnlySpan<byte> line, in LineFields fields, LogSource source, long offset, long ticks, Belonging belonging, double? confidence = null, string? why = null)
    {
        var message = Plain(fields.Message.IsEmpty && fields.Event.IsEmpty ? line : fields.Message);
        Span<byte> name = stackalloc byte[EventName.Longest];
        var named = fields.Event.IsEmpty ? LineScanner.Text(name[..EventName.Of(fields.Message.IsEmpty ? line : fields.Message, name)]) : Plain(fields.Event);
        return new TimelineLine(
            new DateTimeOffset(ticks, TimeSpan.Zero), fields.Ticks == 0 ? null : new DateTimeOffset(fields.Ticks, TimeSpan.Zero),
            fields.Service.IsEmpty ? source.Service.Length > 0 ? source.Service : "unknown" : Plain(fields.Service),
            fields.Pod.IsEmpty ? source.Pod : Plain(fields.Pod), source.Name, offset, Word(fields.Level), named, message, belonging, confidence, why);
    }

    public static string Word(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        LogLevel.Warn => "warn",
        LogLevel.Error => "error",
        _ => "",
    };

    /// <summary>Text without control characters: a log line must not move the cursor of whoever reads it.</summary>
    public static string Plain(ReadOnlySpan<byte> bytes)
    {
        var text = LineScanner.Text(bytes[..Math.Min(bytes.Length, Longest)]).Replace("\\\"", "\"", StringComparison.Ordinal);
        return text.AsSpan().ContainsAnyInRange('\0', '\x1f') || text.Contains('\x7f', StringComparison.Ordinal) || text.AsSpan().ContainsAnyInRange('\x80', '\x9f')
            ? string.Concat(text.Select(letter => char.IsControl(letter) ? '·' : letter)) : text;
    }
}
