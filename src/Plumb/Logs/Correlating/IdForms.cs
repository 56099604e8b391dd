using System.Buffers;
using System.Text;
using Plumb.Core;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Correlating;

/// <summary>
/// The id that somebody looks for, in all its spellings: upper and lower case, a UUID with and without dashes, the 64-bit half of 128 bits, inside a
/// traceparent. The last twelve digits are the same in all of them, so those are what is searched.
/// </summary>
public sealed class IdForms
{
    private const int SearchedDigits = 12;
    private static readonly SearchValues<byte> HexLetters = SearchValues.Create("0123456789abcdefABCDEF-"u8);
    private static readonly int[] HexLengths = [36, 32, 16];

    private readonly TraceKey _key;
    private readonly bool _hex;

    private IdForms(string text, TraceKey key, bool hex, Needle needle) => (Text, _key, _hex, Needle) = (text, key, hex, needle);

    /// <summary>As it was asked for, without the frame of a traceparent.</summary>
    public string Text { get; }

    /// <summary>Stands wherever the id stands, and elsewhere too: <see cref="StandsBefore"/> decides.</summary>
    internal Needle Needle { get; }

    internal TraceKey Key => _key;

    public static Result<IdForms> Of(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.Trim());
        if (Words.TryTraceparent(bytes, out var inside, out _))
        {
            bytes = inside.ToArray();
        }
        if (!TraceKey.TryRead(bytes, out var key))
        {
            return new Problem($"'{text}' is no trace id", $"An id has {TraceKey.ShortestId} to {TraceKey.LongestId} letters and is not all zeros");
        }
        var shown = Encoding.UTF8.GetString(bytes);
        var digits = bytes.AsSpan().Trim((byte)'-');
        var hex = bytes.Length is 32 or 16 or 36 && !digits.ContainsAnyExcept(HexLetters) && (bytes.Length != 36 || bytes[8] == '-');
        return new IdForms(shown, key, hex, new Needle(hex ? bytes.AsSpan()[^SearchedDigits..] : bytes, anyCase: hex));
    }

    /// <summary>Whether the id stands in the text with its end at the end of a needle that was found.</summary>
    internal bool StandsBefore(ReadOnlySpan<byte> text, int end)
    {
        if (end < text.Length && IsIdLetter(text[end]))
        {
            return false;
        }
        if (!_hex)
        {
            var start = end - Needle.Length;
            return start == 0 || !IsIdLetter(text[start - 1]);
        }
        foreach (var length in HexLengths)
        {
            var start = end - length;
            if (start >= 0 && TraceKey.TryRead(text[start..end], out var key) && key.Matches(_key)
                && (start == 0 || !char.IsAsciiLetterOrDigit((char)text[start - 1])))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsIdLetter(byte letter) => char.IsAsciiLetterOrDigit((char)letter) || letter == '_';
}
