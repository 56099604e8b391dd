using System.Buffers;

namespace Plumb.Logs.Lines;

/// <summary>What single words of a line mean.</summary>
internal static class Words
{
    private const int TraceparentLength = 55;
    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>The level that a field's value states: a word, or the numbers of Pino and Bunyan.</summary>
    public static LogLevel Level(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return LogLevel.Unknown;
        }
        return (char)(value[0] | 0x20) switch
        {
            'i' or 'n' => LogLevel.Info,
            'w' => LogLevel.Warn,
            'e' or 'f' or 'c' or 'a' or 'p' => LogLevel.Error,
            'd' or 't' or 'v' => LogLevel.Debug,
            '1' or '2' when value.Length == 2 => LogLevel.Debug,
            '3' when value.Length == 2 => LogLevel.Info,
            '4' when value.Length == 2 => LogLevel.Warn,
            '5' or '6' when value.Length == 2 => LogLevel.Error,
            _ => LogLevel.Unknown,
        };
    }

    /// <summary>A whole word that names a level, as plain text has it: ERROR, [warn], Error:.</summary>
    public static LogLevel LevelWord(ReadOnlySpan<byte> word)
    {
        word = word.Trim("[]():<>|,"u8);
        if (word.Length is < 3 or > 9)
        {
            return LogLevel.Unknown;
        }
        Span<byte> lower = stackalloc byte[word.Length];
        for (var i = 0; i < word.Length; i++)
        {
            lower[i] = (byte)(word[i] | 0x20);
        }
        return lower switch
        {
            _ when lower.SequenceEqual("info"u8) || lower.SequenceEqual("notice"u8) || lower.SequenceEqual("inf"u8) || lower.SequenceEqual("log"u8) => LogLevel.Info,
            _ when lower.SequenceEqual("error"u8) || lower.SequenceEqual("err"u8) || lower.SequenceEqual("fatal"u8) || lower.SequenceEqual("critical"u8)
                || lower.SequenceEqual("panic"u8) || lower.SequenceEqual("severe"u8) || lower.SequenceEqual("exception"u8) => LogLevel.Error,
            _ when lower.SequenceEqual("warn"u8) || lower.SequenceEqual("warning"u8) || lower.SequenceEqual("wrn"u8) => LogLevel.Warn,
            _ when lower.SequenceEqual("debug"u8) || lower.SequenceEqual("trace"u8) || lower.SequenceEqual("dbg"u8) => LogLevel.Debug,
            _ => LogLevel.Unknown,
        };
    }

    /// <summary>
    /// The trace id inside a W3C traceparent (https://www.w3.org/TR/trace-context/): lower-case hex 2-32-16-2; version ff and ids of zeros are invalid.
    /// </summary>
    public static bool TryTraceparent(ReadOnlySpan<byte> header, out ReadOnlySpan<byte> trace, out ReadOnlySpan<byte> span)
    {
        trace = default;
        span = default;
        if (header.Length < TraceparentLength || header[2] != '-' || header[35] != '-' || header[52] != '-')
        {
            return false;
        }
        var version = header[..2];
        // Version 00 ends after the flags; a later one may go on after a dash.
        var ends = header.Length == TraceparentLength || (!version.SequenceEqual("00"u8) && header[TraceparentLength] == '-');
        trace = header[3..35];
        span = header[36..52];
        return ends && !version.SequenceEqual("ff"u8) && IsLowerHex(version) && IsLowerHex(trace) && IsLowerHex(span) && IsLowerHex(header[53..55])
            && trace.ContainsAnyExcept((byte)'0') && span.ContainsAnyExcept((byte)'0');
    }

    public static bool IsLowerHex(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(LowerHex);

    /// <summary>Letters, digits, dash, dot and underscore: what ids and names consist of.</summary>
    public static bool IsWordLetter(byte letter) => (letter < 128) & ((WordLetters[(letter >> 6) & 1] >> (letter & 63) & 1) != 0);

    /// <summary>A bit for each letter of ASCII: - . 0 to 9, and A to Z _ a to z.</summary>
    private static ReadOnlySpan<ulong> WordLetters => [0x03FF_6000_0000_0000, 0x07FF_FFFE_87FF_FFFE];
}
