using System.Buffers;

namespace Plumb.Logs.Tracing;

/// <summary>The event of a line that names none: its text, with what changes from line to line replaced by a star, so that two lines of one statement are equal.</summary>
internal static class EventName
{
    /// <summary>Bytes of an event's name that are kept.</summary>
    public const int Longest = 64;

    private static readonly SearchValues<byte> ValueLetters = SearchValues.Create("0123456789@/=\\"u8);

    /// <summary>Words with a digit, a slash or an @ are values.</summary>
    /// <returns>The length written.</returns>
    public static int Of(ReadOnlySpan<byte> text, Span<byte> name)
    {
        var length = 0;
        text = text.Trim(" \t\r"u8);
        while (!text.IsEmpty && length < name.Length)
        {
            var space = text.IndexOf((byte)' ');
            var word = space < 0 ? text : text[..space];
            text = space < 0 ? default : text[(space + 1)..];
            if (word.IsEmpty)
            {
                continue;
            }
            if (length > 0)
            {
                name[length++] = (byte)' ';
            }
            if (word.ContainsAny(ValueLetters))
            {
                word = "*"u8;
            }
            var taken = Math.Min(word.Length, name.Length - length);
            for (var i = 0; i < taken; i++)
            {
                name[length + i] = word[i] is >= 0x20 and < 0x7f ? word[i] : (byte)'?';
            }
            length += taken;
        }
        return length > 0 && name[length - 1] == ' ' ? length - 1 : length;
    }
}
