using System.Buffers.Binary;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>The values that stand in a line (users, addresses, amounts, ids of things), as hashes: two lines that share a rare one probably speak of the same request.</summary>
internal static class Tokens
{
    /// <summary>Values of one line that are compared.</summary>
    public const int MostOfLine = 64;

    private const int Shortest = 3;
    private const int LongestPlain = 64;
    private const int Letter = 1;
    private const int Digit = 2;
    private const int Sign = 4;

    /// <summary>For each byte what it is in a word; 0 ends it. Every byte of many lines is looked up.</summary>
    private static readonly byte[] Classes = ClassesOfAll();

    /// <summary>
    /// Adds the values: words with a digit or an @, and quoted words. Times and what stands left of a colon or an equals sign are no values. A word such as an
    /// address also counts by its first part, because people write u_17 here and u_17@example.com there.
    /// </summary>
    /// <returns>How many.</returns>
    public static int Of(ReadOnlySpan<byte> line, Span<uint> tokens)
    {
        var count = 0;
        var at = 0;
        var classes = Classes;
        while (at < line.Length && count < tokens.Length - 1)
        {
            while (at < line.Length && classes[line[at]] == 0)
            {
                at++;
            }
            var start = at;
            var seen = 0;
            while (at < line.Length && classes[line[at]] is not 0 and var own)
            {
                seen |= own;
                at++;
            }
            var end = at;
            while (end > start && line[end - 1] is (byte)'.' or (byte)'-')
            {
                end--;
            }
            var word = line[start..end];
            var (digits, sign) = ((seen & Digit) != 0, (seen & Sign) != 0);
            if (word.Length is < Shortest or > LongestPlain || IsName(line, at) || IsTime(word, line, at))
            {
                continue;
            }
            if (digits || sign || (start > 0 && line[start - 1] == '"' && at < line.Length && line[at] == '"'))
            {
                tokens[count++] = Hash(word);
                if (sign && word.IndexOf((byte)'@') is >= Shortest and var local)
                {
                    tokens[count++] = Hash(word[..local]);
                }
            }
        }
        return count;
    }

    /// <summary>The word of a line that has this hash, for people.</summary>
    public static string? Find(ReadOnlySpan<byte> line, uint token)
    {
        for (var start = 0; start < line.Length; start++)
        {
            if (!IsLetter(line[start]) || (start > 0 && IsLetter(line[start - 1])))
            {
                continue;
            }
            var end = start;
            while (end < line.Length && IsLetter(line[end]))
            {
                end++;
            }
            var word = line[start..end].TrimEnd(".-"u8);
            if (word.Length <= LongestPlain && (Hash(word) == token || (word.IndexOf((byte)'@') is > 0 and var local && Hash(word[..local]) == token)))
            {
                return LineText.Plain(word);
            }
        }
        return null;
    }

    private static bool IsLetter(byte letter) => Classes[letter] != 0;

    private static byte[] ClassesOfAll()
    {
        var classes = new byte[256];
        for (var letter = 0; letter < classes.Length; letter++)
        {
            classes[letter] = (byte)(letter is '@' ? Sign : letter is >= '0' and <= '9' ? Digit : letter == '+' || Words.IsWordLetter((byte)letter) ? Letter : 0);
        }
        return classes;
    }

    /// <summary>"name": or name= stand left of a value.</summary>
    private static bool IsName(ReadOnlySpan<byte> line, int end) =>
        end < line.Length && (line[end] == '=' || (line[end] == '"' && end + 1 < line.Length && line[end + 1] == ':'));

    /// <summary>2026-05-01T14 before its colon.</summary>
    private static bool IsTime(ReadOnlySpan<byte> word, ReadOnlySpan<byte> line, int end) =>
        (word.Length is 13 && word[4] == '-' && word[7] == '-' && end < line.Length && line[end] == ':')
        || (end < line.Length && line[end] == ':' && word.Length == 2)
        || (word[^1] == 'Z' && char.IsAsciiDigit((char)word[0]));

    private static uint Hash(ReadOnlySpan<byte> word)
    {
        unchecked
        {
            ulong hash = (ulong)word.Length * 0x9E3779B97F4A7C15UL;
            while (word.Length >= sizeof(ulong))
            {
                hash = TraceKey.Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(word));
                word = word[sizeof(ulong)..];
            }
            foreach (var letter in word)
            {
                hash = (hash ^ letter) * 0x100000001B3UL;
            }
            return (uint)(TraceKey.Mix(hash) >> 32);
        }
    }
}
