using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Plumb.Cluster.Network;

/// <summary>
/// The loopback addresses of one lab: 127.A.0.0/16, with A chosen so that no two labs on the machine share it. Linux lets any process
/// bind any 127.x.y.z address without configuring it, so every Service and every pod gets an address of its own.
/// </summary>
/// <remarks>
/// The second octet is claimed by listening on <see cref="ClaimPort"/> of the range's last address for as long as this object lives. The
/// kernel holds that claim for all users of the network namespace, which is exactly where addresses could collide, and drops it when the
/// process dies, however it dies. No lock file can be left behind.
/// </remarks>
internal sealed class ClusterNetwork : IDisposable
{
    /// <summary>Labs that can run at the same time in one network namespace.</summary>
    public const int SlotLimit = 128;

    /// <summary>Nodes that have a pod range of their own.</summary>
    public const int NodeLimit = 128;

    private const int FirstOctet = 64;
    private const int ClaimPort = 40553;
    private const int FirstPodBlock = 64;
    private const int NodeBlock = 192;
    private readonly Socket _claim;

    private ClusterNetwork(int slot, Socket claim)
    {
        Slot = slot;
        _claim = claim;
    }

    /// <summary>0 to <see cref="SlotLimit"/> - 1. A lab that keeps its state over a restart stores it and claims the same again.</summary>
    public int Slot { get; }

    /// <summary><c>127.A.0.0/18</c>: the ClusterIPs. The first is the API's own Service, the tenth the DNS server.</summary>
    public string ServiceCidr => Address(0, 0) + "/18";

    /// <summary>ClusterIP of the Service <c>kubernetes</c> in the namespace <c>default</c>.</summary>
    public string ApiServiceAddress => Address(0, 1);

    /// <summary>Where the DNS server listens, on port 53: the <c>nameserver</c> of the pods.</summary>
    public string DnsAddress => Address(0, 10);

    public static string ClusterDomain => "cluster.local";

    /// <summary><c>127.A.x.0/24</c>: the addresses of the pods on the node with that index, of which .1 to .254 can be used.</summary>
    public string PodCidr(int nodeIndex) => Address(PodBlock(nodeIndex), 0) + "/24";

    /// <summary>The address of the n-th pod of a node, n from 1 to 254.</summary>
    public string PodAddress(int nodeIndex, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(n, 254);
        return Address(PodBlock(nodeIndex), n);
    }

    /// <summary>The node's own address (its InternalIP).</summary>
    public string NodeAddress(int nodeIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nodeIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(nodeIndex, NodeLimit);
        return Address(NodeBlock, nodeIndex + 1);
    }

    /// <summary>
    /// Claims a free range: the one asked for, or the first that is free. Null when it is taken (or when all are): another lab that still
    /// runs holds it.
    /// </summary>
    public static ClusterNetwork? Claim(int? slot = null)
    {
        var (first, last) = slot is { } wanted ? (wanted, wanted) : (0, SlotLimit - 1);
        ArgumentOutOfRangeException.ThrowIfNegative(first, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(last, SlotLimit, nameof(slot));
        for (var candidate = first; candidate <= last; candidate++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(Address(candidate, 255, 254)), ClaimPort));
                socket.Listen(1);
                return new ClusterNetwork(candidate, socket);
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }
        return null;
    }

    public void Dispose() => _claim.Dispose();

    private static int PodBlock(int nodeIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nodeIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(nodeIndex, NodeLimit);
        return FirstPodBlock + nodeIndex;
    }

    private string Address(int third, int fourth) => Address(Slot, third, fourth);

    private static string Address(int slot, int third, int fourth) =>
        string.Create(CultureInfo.InvariantCulture, $"127.{FirstOctet + slot}.{third}.{fourth}");
}
