using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Plumb.Recorder.Decoding;

/// <summary>A sockaddr as people write it: 10.0.0.4:443, [::1]:80, unix:/run/x.sock, unix:@abstract.</summary>
internal static class SocketAddress
{
    private const int Unix = 1;
    private const int Ip4 = 2;
    private const int Ip6 = 10;
    private const int Netlink = 16;

    /// <param name="cut">More bytes than these were there.</param>
    public static string Text(ReadOnlySpan<byte> address, bool cut)
    {
        if (address.Length < 2)
        {
            return Escaped.Quoted(address, cut);
        }
        var family = BinaryPrimitives.ReadUInt16LittleEndian(address);
        return family switch
        {
            Ip4 when address.Length >= 8 => $"{new IPAddress(address.Slice(4, 4))}:{Port(address)}",
            Ip6 when address.Length >= 24 => $"[{new IPAddress(address.Slice(8, 16))}]:{Port(address)}",
            Unix => UnixText(address[2..], cut),
            Netlink when address.Length >= 12 => string.Create(CultureInfo.InvariantCulture, $"netlink:{BinaryPrimitives.ReadUInt32LittleEndian(address[4..])}"),
            _ => $"{Constants.Of("family", family)} {Escaped.Quoted(address[2..], cut)}",
        };
    }

    private static string Port(ReadOnlySpan<byte> address) => BinaryPrimitives.ReadUInt16BigEndian(address[2..]).ToString(CultureInfo.InvariantCulture);

    private static string UnixText(ReadOnlySpan<byte> path, bool cut)
    {
        if (path.IsEmpty)
        {
            return "unix:(unnamed)";
        }
        if (path[0] == 0)
        {
            return $"unix:@{Escaped.Quoted(path[1..], cut)[1..].TrimEnd('"')}";
        }
        var end = path.IndexOf((byte)0);
        return $"unix:{Escaped.Quoted(end < 0 ? path : path[..end], cut && end < 0).Trim('"')}";
    }
}
