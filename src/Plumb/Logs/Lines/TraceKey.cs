using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Plumb.Logs.Lines;

/// <summary>
/// A trace id in 128 bits. Hexadecimal ids (32 digits, a UUID with or without dashes, 16 digits) keep their value, so that their spellings are equal;
/// any other word, such as <c>pay-abc123</c>, is hashed. The 64-bit form of a 128-bit id is its lower half with an upper half of zero.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TraceKey(ulong High, ulong Low)
{
    /// <summary>Shorter words are no ids, longer ones no words.</summary>
    public const int ShortestId = 3;

    public const int LongestId = 128;

    private const int HexLength = 32;
    private const int ShortHexLength = 16;
    private const int UuidLength = 36;

    /// <summary>Equal ids, and a 64-bit id and the 128-bit one it was cut from.</summary>
    public bool Matches(TraceKey other) => Low == other.Low && (High == other.High || High == 0 || other.High == 0);

    /// <summary>Reads an id. All zeros, too short and too long are none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out TraceKey key)
    {
        key = default;
        if (text.Length is < ShortestId or > LongestId)
        {
            return false;
        }
        ulong high = 0;
        ulong low;
        var hex = text.Length switch
        {
            HexLength => Hex(text[..ShortHexLength], out high) & Hex(text[ShortHexLength..], out low),
            ShortHexLength => Hex(text, out low),
            UuidLength => Uuid(text, out high, out low),
            _ => None(out low),
        };
        if (hex)
        {
            key = new TraceKey(high, low);
            return (high | low) != 0;
        }
        // All zeros or dashes is what a library writes that has no trace.
        if (!text.ContainsAnyExcept("0-"u8))
        {
            return false;
        }
        key = Hash(text);
        return true;
    }

    /// <summary>128 bits of a word, for words that are no hexadecimal ids. The upper half is never zero: that would read as a 64-bit id.</summary>
    private static TraceKey Hash(ReadOnlySpan<byte> text)
    {
        unchecked
        {
            var (a, b) = (0x9E3779B97F4A7C15UL ^ (ulong)text.Length, 0xC2B2AE3D27D4EB4FUL);
            while (!text.IsEmpty)
            {
                ulong part = 0;
                var taken = Math.Min(text.Length, sizeof(ulong));
                if (taken == sizeof(ulong))
                {
                    part = BinaryPrimitives.ReadUInt64LittleEndian(text);
                }
                else
                {
                    for (var i = 0; i < taken; i++)
                    {
                        part |= (ulong)text[i] << (8 * i);
                    }
                }
                a = Mix(a ^ part);
                b = BitOperations.RotateLeft(b, 29) + Mix(part + 0x165667B19E3779F9UL);
                text = text[taken..];
            }
            return new TraceKey(Mix(b) | 1UL << 63, Mix(a + b));
        }
    }

    internal static ulong Mix(ulong x)
    {
        unchecked
        {
            x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93UL;
            x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93UL;
            return x ^ (x >> 32);
        }
    }

    private static bool None(out ulong low)
    {
        low = 0;
        return false;
    }

    private static bool Uuid(ReadOnlySpan<byte> text, out ulong high, out ulong low)
    {
        (high, low) = (0, 0);
        if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        {
            return false;
        }
        Span<byte> digits = stackalloc byte[HexLength];
        text[..8].CopyTo(digits);
        text[9..13].CopyTo(digits[8..]);
        text[14..18].CopyTo(digits[12..]);
        text[19..23].CopyTo(digits[16..]);
        text[24..].CopyTo(digits[20..]);
        return Hex(digits[..ShortHexLength], out high) & Hex(digits[ShortHexLength..], out low);
    }

    /// <summary>Sixteen digits, eight at a time in one word.</summary>
    private static bool Hex(ReadOnlySpan<byte> digits, out ulong value)
    {
        var high = Eight(BinaryPrimitives.ReadUInt64BigEndian(digits), out var first);
        var low = Eight(BinaryPrimitives.ReadUInt64BigEndian(digits[sizeof(ulong)..]), out var second);
        value = ((ulong)high << 32) | low;
        return first & second;
    }

    private static uint Eight(ulong letters, out bool right)
    {
        unchecked
        {
            const ulong Every = 0x0101010101010101;
            // Letters become lower case and digits stay; in each byte bit 7 says whether it is in a range, because no byte here is above 127.
            var folded = letters | (0x20 * Every);
            var ascii = (letters & (0x80 * Every)) == 0;
            var digit = (letters + ((0x80 - '0') * Every)) & ~(letters + ((0x80 - '9' - 1) * Every)) & (0x80 * Every);
            var letter = (folded + ((0x80 - 'a') * Every)) & ~(folded + ((0x80 - 'f' - 1) * Every)) & (0x80 * Every);
            right = ascii && (digit | letter) == 0x80 * Every;
            // A letter's low four bits are 1 to 6.
            var nibbles = (letters & (0x0F * Every)) + ((letter >> 7) * 9);
            nibbles = (nibbles | (nibbles >> 4)) & 0x00FF00FF00FF00FF;
            nibbles = (nibbles | (nibbles >> 8)) & 0x0000FFFF0000FFFF;
            return (uint)(nibbles | (nibbles >> 16));
        }
    }

    /// <summary>The digits of a hexadecimal id; of a word's hash they say nothing.</summary>
    public override string ToString() => High == 0 ? Low.ToString("x16", CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}
