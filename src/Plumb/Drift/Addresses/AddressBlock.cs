using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Plumb.Drift.Addresses;

/// <summary>A CIDR network in canonical form: the bits behind the prefix are zero, so <c>67.221.169.243/0</c> is <c>0.0.0.0/0</c>.</summary>
/// <param name="First">Its lowest address as a number of 32 or 128 bits.</param>
internal readonly record struct AddressBlock(bool IsIpv6, UInt128 First, int Prefix)
{
    public static readonly AddressBlock AllIpv4 = new(IsIpv6: false, 0, 0);
    public static readonly AddressBlock AllIpv6 = new(IsIpv6: true, 0, 0);

    private const int LongestText = 64;

    public UInt128 Last => First | HostBits(Bits(IsIpv6) - Prefix);

    /// <summary>Reads <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>, and an address without a prefix as that one address.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AddressBlock block)
    {
        block = default;
        var slash = text.IndexOf('/');
        var address = slash < 0 ? text : text[..slash];
        // IPAddress also reads "1", "0x7f.1" and zones, which no cloud means.
        if (text.Length > LongestText || address.Contains('%') || !IPAddress.TryParse(address, out var parsed) || (parsed.AddressFamily == AddressFamily.InterNetwork && address.Count('.') != 3))
        {
            return false;
        }
        var isIpv6 = parsed.AddressFamily == AddressFamily.InterNetworkV6;
        var bits = Bits(isIpv6);
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits))
        {
            return false;
        }
        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out var length);
        var number = UInt128.Zero;
        foreach (var value in bytes[..length])
        {
            number = (number << 8) | value;
        }
        block = new AddressBlock(isIpv6, number & ~HostBits(bits - prefix), prefix);
        return true;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[IsIpv6 ? 16 : 4];
        var rest = First;
        for (var i = bytes.Length - 1; i >= 0; i--, rest >>= 8)
        {
            bytes[i] = (byte)(rest & 0xFF);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{new IPAddress(bytes)}/{Prefix}");
    }

    public static int Bits(bool isIpv6) => isIpv6 ? 128 : 32;

    /// <summary>The lowest <paramref name="count"/> bits set.</summary>
    public static UInt128 HostBits(int count) => count >= 128 ? UInt128.MaxValue : (UInt128.One << count) - 1;
}
