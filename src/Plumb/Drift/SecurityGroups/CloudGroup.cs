using Plumb.Core;
using Plumb.Drift.Addresses;
using Plumb.Drift.Rules;
using Plumb.Platform.Aws;

namespace Plumb.Drift.SecurityGroups;

/// <summary>A rule that AWS enforces now.</summary>
internal readonly record struct CloudRule(RuleAtom Atom, string Description);

/// <summary>A group as AWS has it now.</summary>
internal sealed record CloudGroup(string Id, string Name, string? VpcId, string Account, string Region, string Description, IReadOnlyList<CloudRule> Rules)
{
    /// <summary>Every VPC has one, and nobody can delete it.</summary>
    public bool IsDefault => Name == "default";

    /// <summary>The group in atoms: each entry of AWS gathers all sources of the same protocol and ports.</summary>
    public static Result<CloudGroup> Of(SecurityGroup group, string region)
    {
        var rules = new List<CloudRule>();
        foreach (var (direction, permissions) in (ReadOnlySpan<(Direction, IReadOnlyList<IpPermission>)>)[(Direction.Ingress, group.Ingress), (Direction.Egress, group.Egress)])
        {
            foreach (var permission in permissions)
            {
                if (!Protocols.TryParse(permission.Protocol, out var protocol))
                {
                    return new Problem($"{group.Id} in {region} has a rule of the protocol '{permission.Protocol}', which is not known here", "Update plumb, or report it");
                }
                var (from, to) = Protocols.Normalize(protocol, permission.FromPort, permission.ToPort);
                foreach (var (kind, value, description) in Sources(permission, group.OwnerId))
                {
                    if (kind is null)
                    {
                        return new Problem($"{group.Id} in {region} has a rule for '{value}', which is no CIDR network");
                    }
                    rules.Add(new CloudRule(new RuleAtom(direction, protocol, from, to, new RuleSource(kind.Value, value)), description ?? ""));
                }
            }
        }
        return new CloudGroup(group.Id, group.Name, group.VpcId, group.OwnerId, region, group.Description, rules);
    }

    private static IEnumerable<(SourceKind? Kind, string Value, string? Description)> Sources(IpPermission permission, string account) =>
        permission.Ipv4.Concat(permission.Ipv6).Select(range => AddressBlock.TryParse(range.Value, out var block)
                ? (block.IsIpv6 ? SourceKind.Ipv6 : SourceKind.Ipv4, block.ToString(), range.Description)
                : ((SourceKind?)null, range.Value, range.Description))
            .Concat(permission.PrefixLists.Select(list => ((SourceKind?)SourceKind.PrefixList, list.Value, list.Description)))
            .Concat(permission.Groups.Select(pair =>
                ((SourceKind?)SourceKind.Group, pair.OwnerId is null or "" || pair.OwnerId == account ? pair.GroupId : $"{pair.OwnerId}/{pair.GroupId}", pair.Description)));
}
