using System.Text;

namespace Plumb.Recorder.Decoding;

/// <summary>Bytes of a stranger as text that no terminal obeys: printable ASCII stays, everything else is escaped as C and strace do.</summary>
internal static class Escaped
{
    /// <summary>In quotes; three dots after them say that there was more.</summary>
    public static string Quoted(ReadOnlySpan<byte> bytes, bool cut)
    {
        var text = new StringBuilder("\"");
        Append(text, bytes);
        text.Append('"');
        return cut ? text.Append("...").ToString() : text.ToString();
    }

    /// <summary>A name without quotes, each character one byte.</summary>
    public static string Plain(string latin1)
    {
        var text = new StringBuilder();
        Append(text, Encoding.Latin1.GetBytes(latin1));
        return text.ToString();
    }

    /// <summary>A file's name without quotes, for angle brackets.</summary>
    public static string Name(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        Append(text, bytes);
        // What privacy put there stays readable.
        return text.Replace("<", "\\74").Replace(">", "\\76").Replace(@"\74redacted\76", "<redacted>").ToString();
    }

    private static void Append(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        for (var index = 0; index < bytes.Length; index++)
        {
            var value = bytes[index];
            _ = value switch
            {
                (byte)'\n' => text.Append("\\n"),
                (byte)'\t' => text.Append("\\t"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'\v' => text.Append("\\v"),
                (byte)'\f' => text.Append("\\f"),
                (byte)'"' => text.Append("\\\""),
                (byte)'\\' => text.Append("\\\\"),
                >= 0x20 and < 0x7F => text.Append((char)value),
                _ => Octal(text, value, index + 1 < bytes.Length && bytes[index + 1] is >= (byte)'0' and <= (byte)'7'),
            };
        }
    }

    private static StringBuilder Octal(StringBuilder text, byte value, bool aDigitFollows)
    {
        var digits = Convert.ToString(value, 8);
        return text.Append('\\').Append(aDigitFollows ? digits.PadLeft(3, '0') : digits);
    }
}
