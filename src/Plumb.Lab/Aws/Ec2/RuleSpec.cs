using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws.Ec2;

/// <summary>Reads the rules of a request as EC2 does: in the IpPermissions form, or flat with one CIDR.</summary>
internal static class RuleSpec
{
    private const int MostPort = 65535;

    /// <summary>One row for each source; the rows have no id yet.</summary>
    public static IReadOnlyList<RuleRow> Read(Form form, GroupRow group, bool isEgress)
    {
        var rules = form.Entries("IpPermissions").SelectMany(entry => Permission(form, entry, group, isEgress)).ToList();
        if (form.Text("IpProtocol") is { } protocol)
        {
            var (name, from, to) = Ports(protocol, form.Number("FromPort"), form.Number("ToPort"));
            rules.Add(new RuleRow("", group.Id, isEgress, name, from, to, null, Ipv4(form.Needed("CidrIp")), null, null, null));
        }
        return rules.Count > 0 ? rules : throw new ApiFault(400, "MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.");
    }

    /// <summary>A rule in the form of ModifySecurityGroupRules.</summary>
    public static RuleRow Replacement(Form form, string entry, RuleRow old)
    {
        var (protocol, from, to) = Ports(form.Needed($"{entry}.IpProtocol"), form.Number($"{entry}.FromPort"), form.Number($"{entry}.ToPort"));
        var (v4, v6, list, other) = (form.Text($"{entry}.CidrIpv4"), form.Text($"{entry}.CidrIpv6"), form.Text($"{entry}.PrefixListId"), form.Text($"{entry}.ReferencedGroupId"));
        if (new[] { v4, v6, list, other }.Count(source => source is not null) != 1)
        {
            throw new ApiFault(400, "InvalidParameterValue", "Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be given.");
        }
        return old with
        {
            Protocol = protocol, FromPort = from, ToPort = to, Description = form.Text($"{entry}.Description"),
            CidrIpv4 = v4 is null ? null : Ipv4(v4), CidrIpv6 = v6 is null ? null : Ipv6(v6), PrefixListId = list, OtherGroupId = other, OtherOwner = other is null ? null : User.Account,
        };
    }

    private static List<RuleRow> Permission(Form form, string entry, GroupRow group, bool isEgress)
    {
        var (protocol, from, to) = Ports(form.Needed($"{entry}.IpProtocol"), form.Number($"{entry}.FromPort"), form.Number($"{entry}.ToPort"));
        RuleRow Row(string at, string? v4 = null, string? v6 = null, string? list = null, string? other = null, string? owner = null) =>
            new("", group.Id, isEgress, protocol, from, to, form.Text($"{at}.Description"), v4, v6, list, other, owner);
        var rows = new List<RuleRow>();
        rows.AddRange(form.Entries($"{entry}.IpRanges").Select(at => Row(at, v4: Ipv4(form.Needed($"{at}.CidrIp")))));
        rows.AddRange(form.Entries($"{entry}.Ipv6Ranges").Select(at => Row(at, v6: Ipv6(form.Needed($"{at}.CidrIpv6")))));
        rows.AddRange(form.Entries($"{entry}.PrefixListIds").Select(at => Row(at, list: form.Needed($"{at}.PrefixListId"))));
        foreach (var list in (string[])["UserIdGroupPairs", "Groups"])
        {
            rows.AddRange(form.Entries($"{entry}.{list}").Select(at => Row(at, other: form.Needed($"{at}.GroupId"), owner: form.Text($"{at}.UserId") ?? User.Account)));
        }
        return rows.Count > 0 ? rows : throw new ApiFault(400, "MissingParameter", "The request must contain the parameter groups or ipRanges");
    }

    /// <summary>Numbers become names where AWS does that; ports vanish where the protocol has none.</summary>
    private static (string Protocol, int? From, int? To) Ports(string protocol, int? from, int? to)
    {
        var name = protocol.ToLowerInvariant() switch { "6" => "tcp", "17" => "udp", "1" => "icmp", "58" => "icmpv6", "all" => "-1", var other => other };
        switch (name)
        {
            case "-1":
                return (name, null, null);
            case "tcp" or "udp":
                if (from is null || to is null)
                {
                    throw new ApiFault(400, "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
                }
                return from is >= 0 and <= MostPort && to is >= 0 and <= MostPort && from <= to
                    ? (name, from, to)
                    : throw new ApiFault(400, "InvalidParameterValue", $"Invalid value '{from}-{to}' for portRange.");
            case "icmp" or "icmpv6":
                return (name, from ?? -1, to ?? -1);
            default:
                return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= byte.MaxValue
                    ? (name, null, null)
                    : throw new ApiFault(400, "InvalidParameterValue", $"Invalid value '{protocol}' for IP protocol. Unknown protocol.");
        }
    }

    private static string Ipv4(string cidr) => Canonical(cidr, AddressFamily.InterNetwork);

    private static string Ipv6(string cidr) => Canonical(cidr, AddressFamily.InterNetworkV6);

    /// <summary>The network of the address, as AWS stores it: 67.221.169.243/0 is 0.0.0.0/0.</summary>
    private static string Canonical(string cidr, AddressFamily family)
    {
        var parts = cidr.Split('/');
        if (parts.Length != 2 || !IPAddress.TryParse(parts[0], out var address) || address.AddressFamily != family
            || (family == AddressFamily.InterNetwork && parts[0].Count(c => c == '.') != 3)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            throw Malformed(cidr);
        }
        var bytes = address.GetAddressBytes();
        if (length > bytes.Length * 8)
        {
            throw Malformed(cidr);
        }
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)(byte.MaxValue ^ (0x80 >> (bit % 8)));
        }
        return string.Create(CultureInfo.InvariantCulture, $"{new IPAddress(bytes)}/{length}");
    }

    private static ApiFault Malformed(string cidr) => new(400, "InvalidParameterValue", $"CIDR block {cidr} is malformed");
}
