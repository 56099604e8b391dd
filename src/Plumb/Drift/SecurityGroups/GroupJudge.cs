using Plumb.Core;
using Plumb.Drift.Rules;
using Plumb.Drift.States;

namespace Plumb.Drift.SecurityGroups;

/// <summary>What was judged, so that a report can say what was not.</summary>
/// <param name="Unrecorded">Groups with a direction of which the state has no record at all.</param>
/// <param name="OtherAccounts">Accounts of groups that the credential does not belong to.</param>
internal sealed record GroupJudgement(IReadOnlyList<GroupDifference> Differences, int Groups, int Rules, int Unrecorded, IReadOnlyList<string> OtherAccounts, IReadOnlyList<string> UnreadRegions, int Unjudged);

/// <summary>The states against AWS: a pure function. Rules are compared as atoms, so neither the order nor the gathering of either side matters.</summary>
/// <param name="ruleIds">Group and rule as AWS has them now, to the rule's id, for the groups whose ids were asked for; null when none were.</param>
internal sealed class GroupJudge(StateGroups states, string account, IReadOnlyDictionary<string, IReadOnlyList<CloudGroup>> regions, IReadOnlyDictionary<(string Group, RuleAtom Atom), string>? ruleIds = null)
{
    private const int MostSteps = 60;

    private readonly Dictionary<string, CloudGroup> _cloud = regions.Values.SelectMany(groups => groups).DistinctBy(group => group.Id).ToDictionary(group => group.Id);
    private readonly List<GroupDifference> _found = [];
    private readonly SortedSet<string> _otherAccounts = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _unreadRegions = new(StringComparer.Ordinal);
    private (int Groups, int Rules, int Unrecorded, int Unjudged) _count;

    public GroupJudgement Judge()
    {
        foreach (var (id, claims) in states.Groups)
        {
            JudgeManaged(id, [.. claims.Where(claim => !claim.IsDeposed)]);
        }
        foreach (var (id, rules) in states.Rules.Where(entry => !states.Groups.ContainsKey(entry.Key)))
        {
            JudgePart(id, [.. rules.Where(rule => !rule.IsDeposed)]);
        }
        foreach (var group in _cloud.Values.Where(group => !states.Groups.ContainsKey(group.Id) && !states.Rules.ContainsKey(group.Id)))
        {
            JudgeUnmanaged(group);
        }
        return new GroupJudgement(_found, _count.Groups, _count.Rules, _count.Unrecorded, [.. _otherAccounts], [.. _unreadRegions], _count.Unjudged);
    }

    private void JudgeManaged(string id, StateGroup[] claims)
    {
        if (claims is not [var first, ..])
        {
            // Only a leftover: AWS may have it until the next apply, or not.
            return;
        }
        if (!CanBeJudged(first.Account, first.Region, id))
        {
            return;
        }
        _count.Groups++;
        var rules = states.Rules.GetValueOrDefault(id) ?? [];
        var style = StyleOf(rules);
        var cloud = _cloud.GetValueOrDefault(id);
        var identity = new GroupIdentity(id, cloud?.Name ?? first.Name, cloud?.VpcId, account, cloud?.Region ?? first.Region);
        var origins = claims.Select(claim => claim.Origin).ToArray();
        if (claims.Length > 1)
        {
            _found.Add(new GroupDifference(DriftKind.ClaimedTwice, Severity.Warning, IsDrift: true, identity, null, "", null, null, [], [], origins, style, false,
                [.. origins.Select(origin => $"{origin} says that it manages {id}")]));
        }
        if (cloud is null)
        {
            _found.Add(new GroupDifference(DriftKind.DeletedGroup, Severity.Warning, IsDrift: true, identity, null, "", null, null, [], [], origins, style, false,
                [.. origins.Select(origin => $"{origin} has {id}{(first.IsTainted ? " (tainted)" : "")}"), $"AWS listed {regions.Values.Sum(groups => groups.Count)} groups of {string.Join(", ", regions.Keys)} to the last page, and {id} is not among them"]));
            return;
        }
        JudgeRules(identity, origins, style, [.. rules.Select(Normal)], cloud, [Known(Direction.Ingress, claims, rules), Known(Direction.Egress, claims, rules)]);
    }

    /// <summary>Rules of Terraform's in a group that is not: only these can be missing; of the others nobody says anything.</summary>
    private void JudgePart(string id, StateRule[] rules)
    {
        if (rules is not [var first, ..] || !CanBeJudged(null, null, id))
        {
            return;
        }
        _count.Groups++;
        var cloud = _cloud.GetValueOrDefault(id);
        var identity = new GroupIdentity(id, cloud?.Name, cloud?.VpcId, account, cloud?.Region);
        ResourceOrigin[] origins = [.. rules.Select(rule => rule.Origin).Distinct()];
        if (cloud is null)
        {
            _found.Add(new GroupDifference(DriftKind.DeletedGroup, Severity.Warning, IsDrift: true, identity, null, "", null, null, [], [], origins, first.Style, false,
                [$"{first.Origin} is a rule of {id}, which is in no region that was read"]));
            return;
        }
        var known = rules.Select(rule => Normal(rule).Atom).ToHashSet();
        var others = cloud.Rules.Count(rule => !known.Contains(rule.Atom));
        if (others > 0)
        {
            _found.Add(new GroupDifference(DriftKind.PartlyManagedGroup, Severity.Info, IsDrift: false, identity, null, "", null, null, [], [], origins, first.Style, false,
                [$"{known.Count} of its rules stand in a state; {others} others and the group itself in none that was given"]));
        }
        JudgeRules(identity, origins, StyleOf(rules), [.. rules.Select(Normal)], cloud with { Rules = [.. cloud.Rules.Where(rule => known.Contains(rule.Atom))] }, [true, true]);
    }

    private void JudgeRules(GroupIdentity group, ResourceOrigin[] origins, RuleStyle style, StateRule[] rules, CloudGroup cloud, bool[] known)
    {
        var expected = new Dictionary<RuleAtom, List<StateRule>>();
        foreach (var rule in rules)
        {
            ref var list = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(expected, rule.Atom, out _);
            (list ??= []).Add(rule);
        }
        var actual = new Dictionary<RuleAtom, string>(cloud.Rules.Count);
        foreach (var rule in cloud.Rules)
        {
            actual[rule.Atom] = rule.Description;
        }
        _count.Rules += actual.Count;
        _count.Unrecorded += known.Contains(false) ? 1 : 0;
        var added = actual.Keys.Where(atom => !expected.ContainsKey(atom) && known[(int)atom.Direction]).ToList();
        var removed = expected.Where(entry => !actual.ContainsKey(entry.Key) && entry.Value.Exists(rule => !rule.IsDeposed)).Select(entry => entry.Key).ToList();
        var view = new GroupView(group, origins, style, expected, actual);
        var pairs = PairsById(group.Id, expected, removed, added);
        foreach (var (before, after) in pairs.Concat(Pairs([.. removed.Except(pairs.Select(pair => pair.Before)).Where(atom => !IsKnownById(group.Id, expected[atom], added))], [.. added.Except(pairs.Select(pair => pair.After))])).ToArray())
        {
            removed.Remove(before);
            added.Remove(after);
            Add(view, DriftKind.Changed, after, before);
        }
        added.ForEach(atom => Add(view, DriftKind.AddedOutside, atom, null));
        removed.ForEach(atom => Add(view, DriftKind.RemovedOutside, atom, atom));
        foreach (var (atom, description) in actual.Where(entry => expected.TryGetValue(entry.Key, out var stated) && !stated.Exists(rule => rule.Description == entry.Value)))
        {
            Add(view, DriftKind.Changed, atom, atom, description);
        }
        JudgeStyles(view, rules);
    }

    private void Add(GroupView view, string kind, RuleAtom atom, RuleAtom? before, string? newDescription = null)
    {
        IReadOnlyList<Opening> opens = kind == DriftKind.RemovedOutside || newDescription is not null ? [] : Reach.Beyond(atom, view.Expected.Keys);
        IReadOnlyList<Opening> closes = before is null || newDescription is not null ? [] : Reach.Beyond(before.Value, view.Actual.Keys);
        var stated = before is null ? null : view.Expected[before.Value];
        var severity = (Severity)Math.Max((int)GroupSeverity.OfOpening(atom.Direction, opens), (int)GroupSeverity.OfClosing(closes));
        // A rule may not show what another resource of the same rule marks as sensitive.
        var sensitive = stated?.Exists(rule => rule.IsSensitive) ?? view.Expected.Values.Any(rules => rules.Exists(rule => rule.IsSensitive && rule.Atom.Source == atom.Source));
        _found.Add(new GroupDifference(kind, severity, IsDrift: true, view.Group, atom, newDescription ?? view.Actual.GetValueOrDefault(atom) ?? stated?[0].Description ?? "", kind == DriftKind.Changed ? before : null, stated?[0].Description,
            opens, closes, stated is null ? view.Origins : [.. stated.Select(rule => rule.Origin)], stated?[0].Style ?? view.Style, sensitive, Steps(view, atom, before)));
    }

    /// <summary>One apply adds the standalone rules and the next one, seeing only the blocks, removes them again.</summary>
    private void JudgeStyles(GroupView view, StateRule[] rules)
    {
        foreach (var direction in (ReadOnlySpan<Direction>)[Direction.Ingress, Direction.Egress])
        {
            var standalone = rules.Where(rule => rule.Style != RuleStyle.Inline && !rule.IsDeposed && rule.Atom.Direction == direction).ToArray();
            var covered = standalone.Select(rule => rule.Atom).ToHashSet();
            // A refresh writes every rule into the group's own record; only what no standalone resource has tells of blocks.
            var blocks = standalone.Length == 0 ? [] : rules.Where(rule => rule.Style == RuleStyle.Inline && !rule.IsDeposed && rule.Atom.Direction == direction && !covered.Contains(rule.Atom)).ToArray();
            if (blocks.Length > 0)
            {
                _found.Add(new GroupDifference(DriftKind.InlineAndStandalone, Severity.Warning, IsDrift: true, view.Group, null, "", null, null, [], [],
                    [.. blocks.Select(rule => rule.Origin).Concat(standalone.Select(rule => rule.Origin)).Distinct()], standalone[0].Style, blocks.Any(rule => rule.IsSensitive),
                    [.. blocks.Select(rule => $"{Shown(rule)} stands only in the group's own record ({rule.Origin})").Concat(standalone.Select(rule => $"{Shown(rule)} is a resource of its own ({rule.Origin})")).Take(MostSteps)]));
            }
        }
    }

    private void JudgeUnmanaged(CloudGroup group)
    {
        var identity = new GroupIdentity(group.Id, group.Name, group.VpcId, group.Account, group.Region);
        var (opens, before) = (new List<Opening>(), new List<RuleAtom>());
        foreach (var rule in group.Rules.Where(rule => rule.Atom.Direction == Direction.Ingress))
        {
            opens.AddRange(Reach.Beyond(rule.Atom, before));
            before.Add(rule.Atom);
        }
        var untouched = group.IsDefault && group.Rules.All(rule => IsOfDefaultGroup(rule.Atom, group.Id));
        var severity = untouched ? Severity.Info : (Severity)Math.Max((int)Severity.Warning, (int)GroupSeverity.OfOpening(Direction.Ingress, opens));
        _found.Add(new GroupDifference(untouched ? DriftKind.UnmanagedDefaultGroup : DriftKind.UnmanagedGroup, severity, !untouched, identity, null, "", null, null, untouched ? [] : opens, [], [], RuleStyle.Inline, false,
            [$"AWS has {group.Id} ({group.Name}) in {group.Region}; no state that was given has a resource with this id", .. group.Rules.Take(MostSteps).Select(rule => $"{rule.Atom}: in AWS")])
        { Rules = group.Rules, GroupDescription = group.Description });
    }

    /// <summary>What AWS itself puts into the default group of a VPC: its members reach each other, and they reach everything.</summary>
    private static bool IsOfDefaultGroup(RuleAtom atom, string id) => atom.Protocol == Protocols.All
        && (atom.Direction == Direction.Egress ? atom.Source.Value is "0.0.0.0/0" or "::/0" : atom.Source.Value == id);

    /// <summary>A rule that was modified keeps its id, however much of it was changed.</summary>
    private List<(RuleAtom Before, RuleAtom After)> PairsById(string id, Dictionary<RuleAtom, List<StateRule>> expected, List<RuleAtom> removed, List<RuleAtom> added) => ruleIds is null ? [] :
    [
        .. from before in removed
           let stated = expected[before].Select(rule => rule.RuleId).OfType<string>().ToHashSet(StringComparer.Ordinal)
           from after in added
           where ruleIds.TryGetValue((id, after), out var now) && stated.Contains(now)
           select (before, after),
    ];

    /// <summary>The state has the rule's id and AWS's ids are known: it was found by its id or it is gone, and what looks like it is another rule.</summary>
    private bool IsKnownById(string id, List<StateRule> stated, List<RuleAtom> added) =>
        ruleIds is not null && stated.Exists(rule => rule.RuleId is not null) && added.TrueForAll(atom => ruleIds.ContainsKey((id, atom)));

    /// <summary>Pairs what is gone with what came when exactly one of ports, protocol and source differs, and no other pairing is possible.</summary>
    private static List<(RuleAtom Before, RuleAtom After)> Pairs(List<RuleAtom> removed, List<RuleAtom> added)
    {
        static bool Near(RuleAtom one, RuleAtom other) => one.Direction == other.Direction
            && ((one.Source == other.Source && (one.Protocol == other.Protocol || (one.From, one.To) == (other.From, other.To))) || (one.Source.Kind == other.Source.Kind && (one.Protocol, one.From, one.To) == (other.Protocol, other.From, other.To)));
        var pairs = new List<(RuleAtom, RuleAtom)>();
        foreach (var before in removed)
        {
            var candidates = added.Where(after => Near(before, after)).Take(2).ToArray();
            if (candidates is [var after] && removed.Count(other => Near(other, after)) == 1)
            {
                pairs.Add((before, after));
            }
        }
        return pairs;
    }

    private static string[] Steps(GroupView view, RuleAtom atom, RuleAtom? before)
    {
        var steps = new List<string>();
        foreach (var other in view.Expected.Keys.Union(view.Actual.Keys).Where(other => other.Direction == atom.Direction).OrderByDescending(other => other == atom || other == before))
        {
            var stated = view.Expected.GetValueOrDefault(other);
            var shown = stated is null ? other.ToString() : Shown(stated[0]);
            var where = stated is null ? "in no state" : $"in the state ({string.Join("; ", stated.Select(rule => rule.Origin))})";
            var now = !view.Actual.TryGetValue(other, out var description) ? "not in AWS"
                : stated is not null && !stated.Exists(rule => rule.Description == description) ? "in AWS, with another description" : "in AWS";
            steps.Add($"{shown}: {where}, {now}");
        }
        return steps.Count <= MostSteps ? [.. steps] : [.. steps.Take(MostSteps), $"and {steps.Count - MostSteps} other rules of the group"];
    }

    private static string Shown(StateRule rule) => rule.IsSensitive ? $"{rule.Atom.DirectionWord} {rule.Atom.Ports} (source is sensitive)" : rule.Atom.ToString();

    private bool CanBeJudged(string? owner, string? region, string id)
    {
        if (owner is not null && owner != account)
        {
            _otherAccounts.Add(owner);
        }
        else if (region is not null && !regions.ContainsKey(region) && !_cloud.ContainsKey(id))
        {
            _unreadRegions.Add(region);
        }
        else
        {
            return true;
        }
        _count.Unjudged++;
        return false;
    }

    private static bool Known(Direction direction, StateGroup[] claims, List<StateRule> rules) =>
        claims.Any(claim => direction == Direction.Ingress ? claim.HasIngress : claim.HasEgress) || rules.Exists(rule => rule.Style != RuleStyle.Inline && rule.Atom.Direction == direction);

    private static RuleStyle StyleOf(IReadOnlyCollection<StateRule> rules) => rules.FirstOrDefault(rule => rule.Style != RuleStyle.Inline && !rule.IsDeposed)?.Style ?? RuleStyle.Inline;

    /// <summary>A standalone rule may name the own account before a group; AWS never does.</summary>
    private StateRule Normal(StateRule rule) => rule.Atom.Source is { Kind: SourceKind.Group, Value: var value } && value.StartsWith(account + "/", StringComparison.Ordinal)
        ? rule with { Atom = rule.Atom with { Source = new RuleSource(SourceKind.Group, value[(account.Length + 1)..]) } }
        : rule;

    private sealed record GroupView(GroupIdentity Group, ResourceOrigin[] Origins, RuleStyle Style, Dictionary<RuleAtom, List<StateRule>> Expected, Dictionary<RuleAtom, string> Actual);
}
