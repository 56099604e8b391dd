using System.Collections.Frozen;
using System.Globalization;

namespace Plumb.Drift.Rules;

/// <summary>IP protocols as AWS and Terraform name them (https://www.iana.org/assignments/protocol-numbers).</summary>
internal static class Protocols
{
    public const int All = -1;
    public const int Icmp = 1;
    public const int Tcp = 6;
    public const int Udp = 17;
    public const int IcmpV6 = 58;
    public const int Highest = 255;
    public const int LastPort = 65535;

    private static readonly FrozenDictionary<string, int> Numbers = new Dictionary<string, int>
    {
        ["-1"] = All, ["all"] = All, ["tcp"] = Tcp, ["udp"] = Udp, ["icmp"] = Icmp, ["icmpv6"] = IcmpV6, ["ipv6-icmp"] = IcmpV6,
        ["igmp"] = 2, ["ipv4"] = 4, ["egp"] = 8, ["dccp"] = 33, ["ipv6"] = 41, ["rsvp"] = 46, ["gre"] = 47, ["esp"] = 50, ["ah"] = 51, ["eigrp"] = 88,
        ["ospf"] = 89, ["ipip"] = 94, ["pim"] = 103, ["vrrp"] = 112, ["l2tp"] = 115, ["sctp"] = 132, ["udplite"] = 136,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<int, string> Names = Numbers.Where(pair => pair.Key is not ("-1" or "all" or "ipv6-icmp")).ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    public static bool TryParse(string text, out int protocol) =>
        Numbers.TryGetValue(text, out protocol) || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out protocol) && protocol <= Highest);

    /// <summary>tcp, icmpv6, 77; <c>all</c> for -1.</summary>
    public static string Name(int protocol) => protocol == All ? "all" : Names.GetValueOrDefault(protocol) ?? protocol.ToString(CultureInfo.InvariantCulture);

    public static bool HasPorts(int protocol) => protocol is Tcp or Udp;

    public static bool IsIcmp(int protocol) => protocol is Icmp or IcmpV6;

    /// <summary>
    /// Two spellings of the same become one: ports mean something only to TCP and UDP, where none means all; a type of -1 is any ICMP, and then the
    /// code means nothing either.
    /// </summary>
    public static (int From, int To) Normalize(int protocol, int? from, int? to)
    {
        if (HasPorts(protocol))
        {
            return from is null or -1 && to is null or -1 ? (0, LastPort) : (from ?? to!.Value, to ?? from!.Value);
        }
        if (IsIcmp(protocol))
        {
            return from is null or -1 ? (-1, -1) : (from.Value, to ?? -1);
        }
        return (0, 0);
    }

    public static string PortText(int protocol, int from, int to)
    {
        var name = Name(protocol);
        if (protocol == All)
        {
            return "all ports and protocols";
        }
        if (HasPorts(protocol))
        {
            return (from, to) == (0, LastPort) ? $"all {name} ports" : from == to ? $"{from}/{name}" : $"{from}-{to}/{name}";
        }
        return !IsIcmp(protocol) ? $"protocol {name}" : from < 0 ? $"all {name}" : to < 0 ? $"{name} type {from}" : $"{name} type {from} code {to}";
    }
}
