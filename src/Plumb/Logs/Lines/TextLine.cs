using System.Buffers;

namespace Plumb.Logs.Lines;

/// <summary>Plain text and logfmt: a time at the start, name=value pairs, a word that is a level, and an id behind its name.</summary>
internal readonly ref struct TextLine(Timestamps times, FieldNames names)
{
    private static readonly SearchValues<byte> ValueEnds = SearchValues.Create(" ,;)]}\t"u8);
    private const int LevelWords = 6;
    private const int MostPairs = 64;

    public void Read(ReadOnlySpan<byte> line, scoped ref LineFields fields)
    {
        var rest = line;
        if (line[0] == '[')
        {
            rest = line[1..];
        }
        if (times.TryRead(rest, out var ticks, out var used, out var zone))
        {
            if ((fields.Found & Wanted.Time) == Wanted.None)
            {
                (fields.Ticks, fields.ZoneMissing) = (ticks, !zone);
                fields.Found |= Wanted.Time;
            }
            if (rest.Length > used && times.TryRead(rest[used..].TrimStart((byte)' '), out var own, out var ownUsed, out var ownZone))
            {
                // A collector's time stands in front of the program's own, which is nearer to what happened.
                (fields.Ticks, fields.ZoneMissing) = (own, !ownZone);
                rest = rest[used..].TrimStart((byte)' ');
                used = ownUsed;
            }
            fields.Level = fields.Level == LogLevel.Unknown && char.IsAsciiLetterUpper((char)rest[0]) && char.IsAsciiDigit((char)rest[1]) ? Words.Level(rest[..1]) : fields.Level;
            rest = rest[used..].TrimStart("] "u8);
            fields.Form = LineForm.Text;
        }
        var pairs = Pairs(rest, ref fields);
        if (fields.Form == LineForm.Unreadable && pairs > 0)
        {
            fields.Form = line.IndexOf((byte)'=') is > 0 and var equals && line.IndexOf((byte)' ') is var space && (space < 0 || space > equals) ? LineForm.Logfmt : LineForm.Text;
        }
        if (fields.Level == LogLevel.Unknown)
        {
            Level(ref rest, ref fields);
        }
        if (!fields.HasTrace)
        {
            Id(line, ref fields);
        }
        if (fields.Message.IsEmpty)
        {
            fields.Message = rest;
        }
        if (fields.HasTrace && fields.Form == LineForm.Unreadable)
        {
            fields.Form = LineForm.Text;
        }
    }

    /// <summary>name=value and name="value with spaces", anywhere in the line.</summary>
    private int Pairs(ReadOnlySpan<byte> text, scoped ref LineFields fields)
    {
        var count = 0;
        var at = 0;
        while (count < MostPairs && at < text.Length && text[at..].IndexOf((byte)'=') is >= 0 and var found)
        {
            var equals = at + found;
            var start = equals;
            while (start > at && (Words.IsWordLetter(text[start - 1]) || text[start - 1] == '@'))
            {
                start--;
            }
            var name = text[start..equals];
            at = equals + 1;
            if (name.IsEmpty)
            {
                continue;
            }
            var value = Value(text, ref at);
            if (!value.IsEmpty)
            {
                count++;
                var kind = names.Of(name);
                if (kind is not (FieldKind.Other or FieldKind.Nest))
                {
                    FieldValue.Take(kind == FieldKind.DockerLog ? FieldKind.Message : kind, value, times, ref fields);
                }
            }
        }
        return count;
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> text, scoped ref int at)
    {
        var rest = text[at..];
        if (!rest.IsEmpty && rest[0] == '"')
        {
            var end = 1;
            while (end < rest.Length && rest[end] != '"')
            {
                end += rest[end] == '\\' ? 2 : 1;
            }
            end = Math.Min(end, rest.Length);
            at += Math.Min(end + 1, rest.Length);
            return rest[1..end];
        }
        var stop = rest.IndexOfAny(ValueEnds);
        stop = stop < 0 ? rest.Length : stop;
        at += stop;
        return rest[..stop];
    }

    private static void Level(ref ReadOnlySpan<byte> rest, scoped ref LineFields fields)
    {
        var text = rest;
        for (var i = 0; i < LevelWords && !text.IsEmpty; i++)
        {
            var space = text.IndexOf((byte)' ');
            var word = space < 0 ? text : text[..space];
            if (Words.LevelWord(word) is not LogLevel.Unknown and var level)
            {
                fields.Level = level;
                rest = i == 0 ? (space < 0 ? default : text[(space + 1)..]) : rest;
                return;
            }
            text = space < 0 ? default : text[(space + 1)..].TrimStart((byte)' ');
        }
    }

    /// <summary>TraceID: x, trace id [x], traceparent: 00-…, request-id: x; and Spring's [service,trace,span].</summary>
    private static void Id(ReadOnlySpan<byte> line, scoped ref LineFields fields)
    {
        Search(line, "race"u8, 1, ref fields);
        Search(line, "RACE"u8, 1, ref fields);
        if (!fields.HasTrace)
        {
            Search(line, "equest"u8, 1, ref fields);
            Search(line, "orrelation"u8, 1, ref fields);
        }
        if (!fields.HasTrace)
        {
            Spring(line, ref fields);
        }
    }

    private static void Search(ReadOnlySpan<byte> line, ReadOnlySpan<byte> stem, int letters, scoped ref LineFields fields)
    {
        var at = 0;
        while (!fields.HasTrace && line[at..].IndexOf(stem) is >= 0 and var found)
        {
            var start = at + found - letters;
            at += found + stem.Length;
            if (start < 0 || (start > 0 && char.IsAsciiLetter((char)line[start - 1])))
            {
                continue;
            }
            var end = at;
            while (end < line.Length && (char.IsAsciiLetter((char)line[end]) || line[end] is (byte)'_' or (byte)'-' or (byte)'.'))
            {
                end++;
            }
            if (end + 2 < line.Length && line[end] == ' ' && (line[end + 1] | 0x20) == 'i' && (line[end + 2] | 0x20) == 'd')
            {
                end += 3;
            }
            var value = line[end..];
            // A word that follows without a separator is prose: "the trace shows …".
            var separators = value.Length - value.TrimStart(" :=\"'[(>"u8).Length;
            if (separators == 0 || value[..separators].IndexOfAny(":=[("u8) < 0)
            {
                continue;
            }
            value = value[separators..];
            var length = 0;
            while (length < value.Length && Words.IsWordLetter(value[length]))
            {
                length++;
            }
            Named(line[start..end], value[..length].TrimEnd("."u8), ref fields);
        }
    }

    /// <summary>An id behind a name that says what it is; nothing when the name says something else.</summary>
    public static void Named(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, scoped ref LineFields fields)
    {
        Span<byte> plain = stackalloc byte[Math.Min(name.Length, 32)];
        var length = 0;
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterOrDigit((char)letter) && length < plain.Length)
            {
                plain[length++] = (byte)(char.IsAsciiLetter((char)letter) ? letter | 0x20 : letter);
            }
        }
        plain = plain[..length];
        if (plain.SequenceEqual("traceid"u8) || plain.SequenceEqual("trace"u8) || plain.SequenceEqual("xb3traceid"u8))
        {
            FieldValue.Trace(value, 2, ref fields);
        }
        else if (plain.SequenceEqual("traceparent"u8) && Words.TryTraceparent(value, out var trace, out _))
        {
            FieldValue.Trace(trace, 2, ref fields);
        }
        else if (plain.SequenceEqual("requestid"u8) || plain.SequenceEqual("xrequestid"u8) || plain.SequenceEqual("correlationid"u8) || plain.SequenceEqual("xcorrelationid"u8))
        {
            FieldValue.Trace(value, 1, ref fields);
        }
        else if (plain.SequenceEqual("spanid"u8))
        {
            fields.Span = value;
        }
    }

    /// <summary>[ledger,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7]</summary>
    private static void Spring(ReadOnlySpan<byte> line, scoped ref LineFields fields)
    {
        var open = line.IndexOf((byte)'[') + 1;
        var length = open == 0 ? -1 : line[open..].IndexOf((byte)']');
        if (length < 0)
        {
            return;
        }
        var inside = line.Slice(open, length);
        var first = inside.IndexOf((byte)',');
        if (first <= 0 || inside[(first + 1)..].IndexOf((byte)',') is not (32 or 16))
        {
            return;
        }
        var trace = inside.Slice(first + 1, inside[(first + 1)..].IndexOf((byte)','));
        var span = inside[(first + trace.Length + 2)..];
        if (span.Length >= 16 && Words.IsLowerHex(trace) && Words.IsLowerHex(span[..16]))
        {
            FieldValue.Trace(trace, 2, ref fields);
            if (fields.ServiceRank == 0)
            {
                fields.Service = inside[..first];
                fields.ServiceRank = 1;
            }
        }
    }
}
