using Plumb.Cluster.Network;
using Xunit;

namespace Plumb.Tests.Cluster.Network;

public sealed class ClusterNetworkTests
{
    [Fact]
    public void Two_labs_never_share_an_address_range_and_a_freed_one_can_be_claimed_again()
    {
        using var first = ClusterNetwork.Claim();
        Assert.NotNull(first);
        using var second = ClusterNetwork.Claim();
        Assert.NotNull(second);
        Assert.NotEqual(first.ServiceCidr, second.ServiceCidr);
        Assert.Null(ClusterNetwork.Claim(second.Slot));
    }

    [Fact]
    public void Services_pods_and_nodes_have_addresses_of_their_own()
    {
        using var network = ClusterNetwork.Claim()!;
        var a = 64 + network.Slot;
        Assert.Equal($"127.{a}.0.0/18", network.ServiceCidr);
        Assert.Equal($"127.{a}.0.10", network.DnsAddress);
        Assert.Equal($"127.{a}.66.0/24", network.PodCidr(2));
        Assert.Equal($"127.{a}.66.7", network.PodAddress(2, 7));
        Assert.Equal($"127.{a}.192.3", network.NodeAddress(2));
    }

    [Fact]
    public void A_service_address_is_never_given_twice_and_a_full_range_gives_none()
    {
        using var network = ClusterNetwork.Claim()!;
        var addresses = new ServiceAddresses(network);
        var used = new HashSet<string>();
        while (addresses.Next(used) is { } address)
        {
            Assert.True(addresses.Contains(address));
            Assert.True(used.Add(address), $"{address} was given twice");
        }
        Assert.Equal(16_384 - 17, used.Count);
        Assert.DoesNotContain(network.DnsAddress, used);
        Assert.False(addresses.Contains(network.PodAddress(0, 1)));
    }
}
