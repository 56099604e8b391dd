using System.Buffers.Text;

namespace Plumb.Logs.Lines;

/// <summary>Syslog as RFC 5424 and RFC 3164 write it: facility and severity, time, host, program, and with RFC 5424 structured data.</summary>
internal static class Syslog
{
    private const int LongestPriority = 5;

    /// <summary>Takes what the header says; the result is the message, which may be JSON again. Empty when this is no syslog.</summary>
    public static ReadOnlySpan<byte> Unwrap(ReadOnlySpan<byte> line, Timestamps times, scoped ref LineFields fields)
    {
        var close = line[..Math.Min(line.Length, LongestPriority)].IndexOf((byte)'>');
        if (close < 2 || !Utf8Parser.TryParse(line[1..close], out int priority, out var digits) || digits != close - 1 || priority > 191)
        {
            return default;
        }
        fields.Form = LineForm.Text;
        fields.Level = (priority & 7) switch { <= 3 => LogLevel.Error, 4 => LogLevel.Warn, 7 => LogLevel.Debug, _ => LogLevel.Info };
        var rest = line[(close + 1)..];
        return rest.StartsWith("1 "u8) ? Rfc5424(rest[2..], times, ref fields) : Rfc3164(rest, times, ref fields);
    }

    private static ReadOnlySpan<byte> Rfc5424(ReadOnlySpan<byte> rest, Timestamps times, scoped ref LineFields fields)
    {
        var time = Next(ref rest);
        var host = Next(ref rest);
        var program = Next(ref rest);
        Next(ref rest);
        var message = Next(ref rest);
        if (times.TryRead(time, out var ticks, out _, out var zone))
        {
            (fields.Ticks, fields.ZoneMissing) = (ticks, !zone);
        }
        fields.Pod = IsNil(host) ? default : host;
        if (!IsNil(program))
        {
            fields.Service = program;
            fields.ServiceRank = 1;
        }
        fields.Event = IsNil(message) ? default : message;
        while (!rest.IsEmpty && rest[0] == '[')
        {
            rest = Element(rest, ref fields);
        }
        return rest.StartsWith("-"u8) ? rest[1..].TrimStart((byte)' ') : rest.TrimStart((byte)' ');
    }

    /// <summary>[id name="value" …]; inside a value, quotes, backslashes and closing brackets are escaped.</summary>
    private static ReadOnlySpan<byte> Element(ReadOnlySpan<byte> rest, scoped ref LineFields fields)
    {
        var at = 1;
        while (at < rest.Length && rest[at] != ']')
        {
            var equals = rest[at..].IndexOf("=\""u8);
            var end = rest[at..].IndexOf((byte)']');
            if (equals < 0 || (end >= 0 && end < equals))
            {
                at = end < 0 ? rest.Length : at + end;
                break;
            }
            var name = rest.Slice(at, equals).TrimStart((byte)' ');
            name = name[(name.LastIndexOf((byte)' ') + 1)..];
            var from = at + equals + 2;
            var to = from;
            while (to < rest.Length && rest[to] != '"')
            {
                to += rest[to] == '\\' ? 2 : 1;
            }
            to = Math.Min(to, rest.Length);
            TextLine.Named(name, rest[from..to], ref fields);
            at = Math.Min(to + 1, rest.Length);
        }
        return rest[Math.Min(at + 1, rest.Length)..];
    }

    /// <summary>Oct 11 22:14:15 host program[123]: message</summary>
    private static ReadOnlySpan<byte> Rfc3164(ReadOnlySpan<byte> rest, Timestamps times, scoped ref LineFields fields)
    {
        if (!times.TryRead(rest, out var ticks, out var used, out var zone))
        {
            return default;
        }
        (fields.Ticks, fields.ZoneMissing) = (ticks, !zone);
        rest = rest[used..].TrimStart((byte)' ');
        fields.Pod = Next(ref rest);
        var tag = Next(ref rest).TrimEnd((byte)':');
        var bracket = tag.IndexOf((byte)'[');
        fields.Service = bracket > 0 ? tag[..bracket] : tag;
            fields.ServiceRank = 1;
        return rest;
    }

    private static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> rest)
    {
        var space = rest.IndexOf((byte)' ');
        var word = space < 0 ? rest : rest[..space];
        rest = space < 0 ? default : rest[(space + 1)..];
        return word;
    }

    private static bool IsNil(ReadOnlySpan<byte> word) => word.SequenceEqual("-"u8);
}
