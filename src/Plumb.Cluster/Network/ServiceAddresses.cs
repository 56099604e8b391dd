using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Plumb.Cluster.Network;

/// <summary>
/// Chooses ClusterIPs. It remembers nothing but where it stopped: which addresses are in use is what the stored Services say, so the
/// caller hands that in (inside the same write, so that no two Services get one address).
/// </summary>
internal sealed class ServiceAddresses(ClusterNetwork network)
{
    private const int Offset = 16;
    private const int RangeSize = 1 << 14;
    private readonly uint _base = ToNumber(network.ApiServiceAddress) - 1;
    private int _next = Offset;

    /// <summary>The next free address; it moves on through the range, so an address just freed is not given to another Service at once. Null when the range is full.</summary>
    public string? Next(IReadOnlySet<string> used)
    {
        for (var tried = 0; tried < RangeSize - Offset - 1; tried++)
        {
            var candidate = ToText(_base + (uint)_next);
            _next = _next + 1 >= RangeSize - 1 ? Offset : _next + 1;
            if (!used.Contains(candidate))
            {
                return candidate;
            }
        }
        return null;
    }

    /// <summary>True for an address that a user may ask for in <c>spec.clusterIP</c>.</summary>
    public bool Contains(string address) =>
        IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetwork
        && ToNumber(address) is var number && number > _base && number < _base + RangeSize - 1;

    private static uint ToNumber(string address)
    {
        Span<byte> bytes = stackalloc byte[4];
        IPAddress.Parse(address).TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    private static string ToText(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
