using Plumb.Core;
using Plumb.Drift.Rules;
using Plumb.Drift.States;
using Plumb.Platform.Aws;

namespace Plumb.Drift.SecurityGroups;

/// <summary>Security groups and their rules. AWS is asked one page for 1,000 groups; more is asked only about groups with findings.</summary>
internal sealed class SecurityGroupType : IResourceType
{
    /// <summary>Groups whose rule ids are asked for in one call.</summary>
    private const int MostFiltered = 200;

    private static readonly string[] BlindSpots =
    [
        "which network interfaces use a group: an open port of a group that nothing uses reaches nothing",
        "network ACLs, routes and other groups of the same interface: exposure is that of one group by itself",
        "a rule that was added outside before the last refresh of a group without inline rules: the refresh wrote it into the state, and it looks managed",
    ];

    private readonly StateGroups _states = new();

    public string Title => "security groups";

    public IReadOnlyList<string> StateTypes => StateGroups.Types;

    public IEnumerable<string> Regions => _states.Regions;

    public Problem? Read(StateInstance instance) => _states.Read(instance);

    public async Task<TypeResult> CheckAsync(CloudAccess cloud, CancellationToken cancellation)
    {
        var (regions, unread) = await CollectAsync(cloud, cancellation);
        // With no region read there is nothing to hold the states against, and every group would look deleted.
        var judgement = regions.Count == 0 ? new GroupJudgement([], 0, 0, 0, [], [], 0) : new GroupJudge(_states, cloud.Account, regions).Judge();
        var (ids, unknownIds) = await RuleIdsAsync(cloud, judgement.Differences, cancellation);
        // The ids tell a rule that was changed from one that went and another that came.
        judgement = ids.Count == 0 ? judgement : new GroupJudge(_states, cloud.Account, regions, ids).Judge();
        var worst = judgement.Differences.OrderByDescending(difference => difference.Severity).ToList();
        var named = worst.Where(difference => difference is { Group.Region: not null, Severity: > Severity.Info }).Select(difference => difference.Group).Distinct().ToList();
        var (history, unknownWho) = await GroupHistory.ReadAsync(cloud, named, cancellation);
        var at = cloud.Time.GetUtcNow();
        var findings = worst.Select(difference => difference with { RuleId = difference.Atom is { } atom ? ids.GetValueOrDefault((difference.Group.Id, atom)) : null })
            .Select(difference => GroupFinding.Of(difference, history.Of(difference), at));
        return new TypeResult(Title, GroupFinding.Distinct(findings), Coverage(regions, judgement), unread, Unjudged(judgement),
            [.. BlindSpots, .. ((string?[])[unknownWho, unknownIds]).OfType<string>()]);
    }

    private static async Task<(Dictionary<string, IReadOnlyList<CloudGroup>> Regions, List<Problem> Unread)> CollectAsync(CloudAccess cloud, CancellationToken cancellation)
    {
        var read = new Dictionary<string, IReadOnlyList<CloudGroup>>(StringComparer.Ordinal);
        var unread = new List<Problem>();
        foreach (var region in cloud.Regions)
        {
            var answer = await cloud.Client.In(region).Ec2.DescribeSecurityGroupsAsync([], cancellation);
            if (!answer.IsOk)
            {
                unread.Add(new Problem($"security groups of {region}: {answer.Error.Message}", answer.Error.Next));
                continue;
            }
            var groups = new List<CloudGroup>(answer.Value.Count);
            Problem? wrong = null;
            foreach (var group in answer.Value)
            {
                var atoms = CloudGroup.Of(group, region);
                wrong ??= atoms.Problem;
                if (atoms.IsOk)
                {
                    groups.Add(atoms.Value);
                }
            }
            if (wrong is not null)
            {
                // A region that is only half understood is not read.
                unread.Add(wrong);
                continue;
            }
            read[region] = groups;
        }
        return (read, unread);
    }

    /// <summary>
    /// Ids of the rules of groups that Terraform manages rule by rule: to import one of the newer kind, and, where rules went and others came, to see which is which.
    /// </summary>
    private static async Task<(Dictionary<(string, RuleAtom), string> Ids, string? BlindSpot)> RuleIdsAsync(CloudAccess cloud, IReadOnlyList<GroupDifference> found, CancellationToken cancellation)
    {
        var ids = new Dictionary<(string, RuleAtom), string>();
        var removed = found.Where(difference => difference is { Kind: DriftKind.RemovedOutside, Style: not RuleStyle.Inline }).Select(difference => difference.Group.Id).ToHashSet();
        var wanted = found.Where(difference => difference is { Kind: DriftKind.AddedOutside or DriftKind.Changed, Group.Region: not null }
                && (difference.Style == RuleStyle.VpcRule || (difference.Style == RuleStyle.Rule && (difference.Kind == DriftKind.Changed || removed.Contains(difference.Group.Id)))))
            .Select(difference => difference.Group).Distinct().ToList();
        foreach (var region in wanted.Take(MostFiltered).GroupBy(group => group.Region!))
        {
            var answer = await cloud.Client.In(region.Key).Ec2.DescribeSecurityGroupRulesAsync([new Ec2Filter("group-id", [.. region.Select(group => group.Id)])], cancellation);
            if (!answer.IsOk)
            {
                return (ids, $"the ids of rules, which an import block needs: {answer.Error.Message}");
            }
            foreach (var rule in answer.Value)
            {
                var permission = new IpPermission(rule.Protocol, rule.FromPort, rule.ToPort, One(rule.CidrIpv4), One(rule.CidrIpv6), One(rule.PrefixListId), rule.ReferencedGroup is { } pair ? [pair] : []);
                var group = new SecurityGroup(rule.GroupId, "", "", null, rule.GroupOwnerId, rule.IsEgress ? [] : [permission], rule.IsEgress ? [permission] : [], new Dictionary<string, string>());
                foreach (var atom in CloudGroup.Of(group, region.Key).Value?.Rules ?? [])
                {
                    ids[(rule.GroupId, atom.Atom)] = rule.Id;
                }
            }
        }
        return (ids, wanted.Count > MostFiltered ? $"the ids of rules of {wanted.Count - MostFiltered} groups, which an import block needs" : null);
    }

    private static AddressRange[] One(string? value) => value is null ? [] : [new AddressRange(value, null)];

    private List<string> Coverage(Dictionary<string, IReadOnlyList<CloudGroup>> regions, GroupJudgement judgement) =>
    [
        $"in the states: {_states.Groups.Count} groups and {_states.RuleCount} rules; {judgement.Groups} groups and {judgement.Rules} of AWS's rules held against them",
        .. regions.Select(region => $"in AWS, {region.Key}: {region.Value.Count} groups with {region.Value.Sum(group => group.Rules.Count)} rules, to the last page"),
    ];

    private static List<string> Unjudged(GroupJudgement judgement)
    {
        var unjudged = new List<string>();
        if (judgement.OtherAccounts.Count > 0)
        {
            unjudged.Add($"groups of {Accounts(judgement.OtherAccounts)}: the credential belongs to another account");
        }
        if (judgement.UnreadRegions.Count > 0)
        {
            unjudged.Add($"groups of {string.Join(", ", judgement.UnreadRegions)}: the region was not read");
        }
        if (judgement.Unrecorded > 0)
        {
            unjudged.Add($"{judgement.Unrecorded} groups whose state has no record of ingress or of egress, not even an empty one");
        }
        return unjudged;
    }

    private static string Accounts(IReadOnlyList<string> accounts) => $"account{(accounts.Count == 1 ? "" : "s")} {string.Join(", ", accounts)}";
}
