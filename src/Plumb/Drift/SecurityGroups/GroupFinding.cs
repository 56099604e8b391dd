using System.Globalization;
using Plumb.Core;
using Plumb.Drift.Rules;

namespace Plumb.Drift.SecurityGroups;

/// <summary>A difference as a finding: in words, with its evidence and its ways out.</summary>
internal static class GroupFinding
{
    private const int MostOpenings = 5;

    public static DriftFinding Of(GroupDifference difference, Change? by, DateTimeOffset at)
    {
        var group = difference.Group;
        var hidden = difference.IsSensitive && difference.Atom is not null;
        var rule = (difference.Before ?? difference.Atom) is not { } atom ? "" : hidden ? $"{atom.DirectionWord} {atom.Ports} (sensitive, {string.Join(", ", difference.Origins.Select(origin => origin.Address).Take(1))})" : atom.ToString();
        var subject = rule.Length == 0 ? new Subject("SecurityGroup", group.Id, group.Scope) : new Subject("SecurityGroupRule", $"{group.Id} {rule}", group.Scope);
        var opens = Exposures(difference, difference.Opens, hidden);
        var closes = Exposures(difference, difference.Closes, hidden);
        var finding = Finding.Of(DriftCheck.Name, difference.Kind, difference.Severity, subject, Summary(difference, rule, hidden, opens, closes), Evidence(difference, rule, hidden, opens, closes, by, at));
        return new DriftFinding(finding, difference.IsDrift, [group.Id, $"name:{group.Name}", .. group.VpcId is null ? Array.Empty<string>() : [$"vpc:{group.VpcId}"]], rule, opens, closes, by, GroupWaysOut.Of(difference),
            [.. difference.Origins.Select(origin => origin.ToString())], hidden ? ["the values are marked sensitive in the state, so the steps are not shown"] : difference.Steps);
    }

    /// <summary>Two rules whose values are hidden look the same; their findings must not.</summary>
    public static IReadOnlyList<DriftFinding> Distinct(IEnumerable<DriftFinding> findings)
    {
        var seen = new Dictionary<string, int>();
        return [.. findings.Select(found =>
        {
            var count = seen[found.Finding.Id] = seen.GetValueOrDefault(found.Finding.Id) + 1;
            return count == 1 ? found : found with { Finding = Numbered(found.Finding, count) };
        })];
    }

    private static Finding Numbered(Finding finding, int count) =>
        Finding.Of(DriftCheck.Name, finding.Kind, finding.Severity, finding.Subject with { Name = string.Create(CultureInfo.InvariantCulture, $"{finding.Subject.Name} #{count}") }, finding.Summary, finding.Evidence);

    private static string Summary(GroupDifference difference, string rule, bool hidden, IReadOnlyList<Exposure> opens, IReadOnlyList<Exposure> closes)
    {
        var name = difference.Group.Name is { Length: > 0 } known ? $"{known} ({difference.Group.Id})" : difference.Group.Id;
        return difference.Kind switch
        {
            DriftKind.AddedOutside => $"{rule} was added outside Terraform: {Opened(opens)}",
            DriftKind.RemovedOutside => $"{rule} was removed outside Terraform: {Closed(closes)}",
            DriftKind.Changed when difference.Atom == difference.Before => hidden ? $"the description of {rule} was changed outside Terraform" : $"the description of {rule} was changed outside Terraform, from \"{difference.BeforeDescription}\" to \"{difference.Description}\"",
            DriftKind.Changed => $"{rule} was changed outside Terraform{(hidden ? "" : $" into {difference.Atom}")}: {Opened(opens)}; {Closed(closes)}",
            DriftKind.DeletedGroup => $"{name} is in the state and no longer in AWS",
            DriftKind.UnmanagedGroup => $"{name} is in no state that was given{(opens.Count == 0 ? ", and lets nothing in" : $": {string.Join("; ", opens.Take(MostOpenings).Select(opening => opening.Text.Replace(" is now open to ", " is open to ", StringComparison.Ordinal)))}{More(opens)}")}",
            DriftKind.UnmanagedDefaultGroup => $"the default group of {difference.Group.VpcId ?? "its VPC"} is in no state that was given, and has the rules that AWS gives it",
            DriftKind.PartlyManagedGroup => $"{name} itself is in no state that was given, only rules of it: what else it allows is not judged",
            DriftKind.InlineAndStandalone => $"{name} has rules of its own record beside resources of one rule: either each apply undoes the other, or a refresh recorded a rule that was added outside",
            _ => $"{name} is claimed by {difference.Origins.Count} resources: {string.Join(" and ", difference.Origins)}; each apply undoes the other's rules",
        };
    }

    private static string Opened(IReadOnlyList<Exposure> opens) =>
        opens.Count == 0 ? "it opens nothing that other rules of the state do not open" : string.Join("; ", opens.Take(MostOpenings).Select(opening => opening.Text)) + More(opens);

    private static string Closed(IReadOnlyList<Exposure> closes) =>
        closes.Count == 0 ? "nothing is closed, because other rules allow the same" : string.Join("; ", closes.Take(MostOpenings).Select(closing => closing.Text)) + More(closes);

    private static string More(IReadOnlyList<Exposure> all) => all.Count > MostOpenings ? $"; and {all.Count - MostOpenings} more ranges" : "";

    private static IReadOnlyList<Exposure> Exposures(GroupDifference difference, IReadOnlyList<Opening> openings, bool hidden)
    {
        var closing = ReferenceEquals(openings, difference.Closes) && !ReferenceEquals(openings, difference.Opens);
        return [.. openings.OrderByDescending(opening => opening.Count ?? 0).Select(opening =>
        {
            var egress = (difference.Atom ?? difference.Before)?.Direction == Direction.Egress;
            var networks = hidden ? "a sensitive source" : opening.Networks;
            var verb = (closing, egress) switch
            {
                (false, false) => "is now open to",
                (false, true) => "can now be reached at",
                (true, false) => "is no longer open to",
                _ => "can no longer be reached at",
            };
            var ports = opening.Ports.StartsWith("all", StringComparison.Ordinal) ? $"everything ({opening.Ports})" : opening.Ports;
            return new Exposure(egress ? "egress" : "ingress", opening.Ports, networks, opening.Count?.ToString(CultureInfo.InvariantCulture), $"{ports} {verb} {networks}, {opening.CountText}");
        })];
    }

    private static List<Evidence> Evidence(GroupDifference difference, string rule, bool hidden, IReadOnlyList<Exposure> opens, IReadOnlyList<Exposure> closes, Change? by, DateTimeOffset at)
    {
        var aws = $"ec2 DescribeSecurityGroups in {difference.Group.Region}";
        var evidence = new List<Evidence>();
        if (difference.Atom is { } atom)
        {
            var now = difference.Kind == DriftKind.RemovedOutside ? null : hidden ? "a sensitive value" : $"{atom}{(difference.Description.Length == 0 ? "" : $" \"{difference.Description}\"")}";
            evidence.Add(new Evidence("rule in AWS", now, aws, at));
        }
        else
        {
            evidence.Add(new Evidence("group in AWS", difference.Kind == DriftKind.DeletedGroup ? null : difference.Group.Id, aws, at));
        }
        var stated = difference.Atom is null ? (difference.Origins.Count == 0 ? null : difference.Group.Id) : difference.Kind == DriftKind.AddedOutside ? null : rule;
        evidence.AddRange(difference.Origins.Select(origin => new Evidence($"{(difference.Atom is null ? "group" : "rule")} in the state", stated, origin.Address, at, Place: origin.Place)));
        if (difference.Origins.Count == 0)
        {
            evidence.Add(new Evidence("group in the states", null, "every state that was given", at));
        }
        evidence.AddRange(opens.Take(MostOpenings).Select(opening => new Evidence("newly reachable", opening.Text, "all rules of the group, as address and port sets", at)));
        evidence.AddRange(closes.Take(MostOpenings).Select(closing => new Evidence("no longer reachable", closing.Text, "all rules of the group, as address and port sets", at)));
        if (by is not null)
        {
            evidence.Add(new Evidence("changed by", by.ToString(), $"cloudtrail event {by.EventId}", by.At));
        }
        return evidence;
    }
}
