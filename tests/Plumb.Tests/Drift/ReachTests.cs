using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Drift.Addresses;
using Plumb.Drift.Rules;
using Xunit;

namespace Plumb.Tests.Drift;

public sealed class ReachTests
{
    [Theory]
    [InlineData("67.221.169.243/0", "0.0.0.0/0")]
    [InlineData("10.1.2.3/8", "10.0.0.0/8")]
    [InlineData("10.1.2.3", "10.1.2.3/32")]
    [InlineData("2001:DB8:0:0::1/32", "2001:db8::/32")]
    [InlineData("::/0", "::/0")]
    public void A_network_is_canonical(string text, string canonical)
    {
        Assert.True(AddressBlock.TryParse(text, out var block));
        Assert.Equal(canonical, block.ToString());
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.1/16")]
    [InlineData("::/129")]
    [InlineData("fe80::1%eth0/64")]
    [InlineData("")]
    [InlineData("/0")]
    [InlineData("pl-1")]
    [InlineData("10.0.0.0/-1")]
    public void What_is_no_network_is_refused(string text) => Assert.False(AddressBlock.TryParse(text, out _));

    [Fact]
    public void Whole_families_are_counted_exactly()
    {
        Assert.Equal(BigInteger.Pow(2, 32), AddressSet.Of(isIpv6: false, [AddressBlock.AllIpv4]).Count);
        Assert.Equal(BigInteger.Pow(2, 128), AddressSet.Of(isIpv6: true, [AddressBlock.AllIpv6]).Count);
        Assert.Equal("2^128 addresses", Beyond(Atom(Protocols.Tcp, 22, 22, "::/0"))[0].CountText);
        Assert.Equal("4,294,967,296 addresses", Beyond(Atom(Protocols.Tcp, 22, 22, "0.0.0.0/0"))[0].CountText);
    }

    [Fact]
    public void Everything_but_a_network_is_the_networks_around_it()
    {
        var opening = Assert.Single(Beyond(Atom(Protocols.Tcp, 22, 22, "0.0.0.0/0"), Atom(Protocols.Tcp, 22, 22, "128.0.0.0/1"), Atom(Protocols.Tcp, 1, 65535, "64.0.0.0/2")));
        Assert.Equal(("0.0.0.0/2", "1,073,741,824 addresses"), (opening.Networks, opening.CountText));
    }

    [Fact]
    public void Ports_that_are_open_already_are_cut_out()
    {
        var openings = Beyond(Atom(Protocols.Tcp, 20, 30, "10.0.0.0/8"), Atom(Protocols.Tcp, 22, 23, "0.0.0.0/0"), Atom(Protocols.Udp, 24, 24, "0.0.0.0/0"));
        Assert.Equal(["20-21/tcp", "24-30/tcp"], openings.Select(opening => opening.Ports));
    }

    [Fact]
    public void All_protocols_beside_one_that_is_open_is_the_rest()
    {
        Assert.Equal(["all other protocols"], Beyond(Atom(Protocols.All, 0, 0, "10.0.0.0/8"), Atom(Protocols.Tcp, 0, 65535, "10.0.0.0/8")).Select(opening => opening.Ports));
        Assert.Equal(["all ports and protocols"], Beyond(Atom(Protocols.All, 0, 0, "10.0.0.0/8"), Atom(Protocols.Tcp, 22, 22, "192.0.2.0/24")).Select(opening => opening.Ports));
        Assert.Empty(Beyond(Atom(Protocols.Tcp, 22, 22, "10.0.0.0/8"), Atom(Protocols.All, 0, 0, "0.0.0.0/0")));
    }

    [Fact]
    public void A_type_of_icmp_is_not_a_port_and_any_type_covers_it()
    {
        Assert.Empty(Beyond(Atom(Protocols.Icmp, 8, 0, "10.0.0.0/8"), Atom(Protocols.Icmp, -1, -1, "10.0.0.0/8")));
        Assert.Equal("icmp type 8", Assert.Single(Beyond(Atom(Protocols.Icmp, 8, -1, "10.0.0.0/8"), Atom(Protocols.Tcp, 8, 8, "10.0.0.0/8"))).Ports);
    }

    [Fact]
    public void Members_of_a_group_are_covered_by_the_same_group_or_by_everybody_and_by_nothing_less()
    {
        var members = new RuleAtom(Direction.Ingress, Protocols.Tcp, 22, 22, new RuleSource(SourceKind.Group, "sg-1"));
        Assert.Equal("members of sg-1", Assert.Single(Beyond(members, Atom(Protocols.Tcp, 22, 22, "0.0.0.0/0"))).Networks);
        Assert.Empty(Beyond(members, Atom(Protocols.Tcp, 22, 22, "0.0.0.0/0"), Atom(Protocols.Tcp, 22, 22, "::/0")));
        Assert.Empty(Beyond(members, members with { Protocol = Protocols.All, From = 0, To = 0 }));
    }

    /// <summary>Against the definition: a packet is newly let in when the rule lets it in and no other does.</summary>
    [Fact]
    public void The_difference_is_what_the_definition_says_packet_by_packet()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            int[] protocols = [Protocols.All, Protocols.Tcp, Protocols.Udp, 50];
            RuleAtom Any()
            {
                var protocol = protocols[random.Next(protocols.Length)];
                var (from, to) = (random.Next(8), random.Next(8));
                var block = Block($"10.0.0.{random.Next(16)}/{random.Next(28, 33)}");
                return Protocols.HasPorts(protocol) ? Atom(protocol, Math.Min(from, to), Math.Max(from, to), block.ToString()) : Atom(protocol, 0, 0, block.ToString());
            }
            var (rule, others) = (Any(), Enumerable.Range(0, random.Next(6)).Select(_ => Any()).ToArray());
            var openings = Beyond(rule, others);
            foreach (var protocol in (int[])[Protocols.Tcp, Protocols.Udp, 50, 51])
            {
                for (var port = 0; port < (Protocols.HasPorts(protocol) ? 9 : 1); port++)
                {
                    for (var host = 0; host < 17; host++)
                    {
                        var address = Block($"10.0.0.{host}");
                        var expected = Lets(rule, protocol, port, address) && !others.Any(other => Lets(other, protocol, port, address));
                        var mine = openings.Where(opening => opening.Protocol == protocol || (opening.Protocol == Protocols.All && (!opening.IsRest || others.All(other => other.Protocol != protocol))));
                        var got = mine.Any(opening => (!Protocols.HasPorts(protocol) || (opening.First <= port && port <= opening.Last)) && opening.Addresses!.Covers(address));
                        Assert.True(expected == got, $"seed {seed}: {protocol} {port} {address}: {rule} beyond {string.Join(" | ", others)}");
                    }
                }
            }
        }
    }

    [Fact]
    public void The_blocks_of_a_set_are_the_set() => Prop.ForAll(Gen.Choose(0, 255).Two().ListOf().ToArbitrary(), pairs =>
    {
        var blocks = pairs.Select(pair => Block($"10.0.0.{pair.Item1}/{24 + (pair.Item2 % 9)}")).ToArray();
        var set = AddressSet.Of(isIpv6: false, blocks);
        return AddressSet.Of(isIpv6: false, set.Blocks()).Equals(set) && set.Except(set).IsEmpty
            && set.Blocks().Aggregate(BigInteger.Zero, (sum, block) => sum + (BigInteger)block.Last - (BigInteger)block.First + 1) == set.Count;
    }).QuickCheckThrowOnFailure();

    private static AddressBlock Block(string text) => AddressBlock.TryParse(text, out var block) ? block : throw new FormatException(text);

    private static bool Lets(RuleAtom atom, int protocol, int port, AddressBlock address) =>
        (atom.Protocol == Protocols.All || (atom.Protocol == protocol && (!Protocols.HasPorts(protocol) || (atom.From <= port && port <= atom.To))))
        && AddressBlock.TryParse(atom.Source.Value, out var block) && block.First <= address.First && address.Last <= block.Last;

    private static RuleAtom Atom(int protocol, int from, int to, string cidr) =>
        new(Direction.Ingress, protocol, from, to, new RuleSource(cidr.Contains(':') ? SourceKind.Ipv6 : SourceKind.Ipv4, cidr));

    private static IReadOnlyList<Opening> Beyond(RuleAtom atom, params RuleAtom[] others) => Reach.Beyond(atom, others);
}
