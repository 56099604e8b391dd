using System.Text.Json.Nodes;
using Plumb.Drift.Rules;
using Plumb.Drift.SecurityGroups;
using Xunit;

namespace Plumb.Tests.Drift;

public sealed class GroupJudgeTests
{
    /// <summary>Groups in one case; bench/run drift judges 100,000 cases of any size.</summary>
    private const int GroupsOfCase = 20;

    [Fact]
    public async Task Any_group_in_any_style_shuffled_and_gathered_as_aws_answers_shows_no_drift()
    {
        // 600 states with 12,000 groups between them.
        for (var seed = 0; seed < 600; seed++)
        {
            Assert.True(await GroupCase.FalseDriftAsync(seed, GroupsOfCase) == 0, $"seed {seed}");
        }
    }

    public static TheoryData<string> Mutations => ["add a rule", "remove a rule", "another source", "another port", "another protocol", "another description", "add IPv6", "add a group", "add a prefix list", "add egress",
        "turn the direction", "delete the group", "create a group", "claim it twice", "mix the styles", "remove all rules"];

    [Theory]
    [MemberData(nameof(Mutations))]
    public async Task Every_mutation_is_found_whatever_the_group(string mutation)
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var any = new AnyGroups(seed);
            var (id, rules, state) = GroupCase.Make(any, seed);
            var before = any.Atom(id) with { Direction = Direction.Ingress };
            before = Protocols.HasPorts(before.Protocol) ? before : before with { Protocol = Protocols.Tcp, From = 1, To = 2 };
            rules[before] = "why";
            state = [.. any.State(id, rules, any.Pick(RuleStyle.Inline, RuleStyle.Rule, RuleStyle.VpcRule))];
            List<JsonObject> states = [AnyGroups.Document(state)];
            var now = new Dictionary<RuleAtom, string>(rules);
            var expected = Mutate(mutation, id, before, now, states, any);
            var cloud = mutation == "delete the group" ? [] : new List<Plumb.Platform.Aws.SecurityGroup> { any.Cloud(id, now) };
            if (mutation == "create a group")
            {
                cloud.Add(any.Cloud("sg-invisible", any.Rules("sg-invisible", 3)));
            }
            var found = (await GroupCase.JudgeAsync(states, cloud)).Differences;
            Assert.True(found.Any(difference => difference.IsDrift && expected.Contains(difference.Kind)), $"{mutation}, seed {seed}: {string.Join(", ", found.Select(difference => difference.Kind))}");
        }
    }

    [Fact]
    public async Task A_rule_that_another_covers_opens_nothing_and_one_that_does_not_opens_the_difference()
    {
        var rules = new Dictionary<RuleAtom, string> { [Tcp(1, 100, "10.0.0.0/8")] = "" };
        var now = new Dictionary<RuleAtom, string>(rules) { [Tcp(22, 22, "10.1.0.0/16")] = "", [Tcp(443, 443, "10.0.0.0/8")] = "" };
        var found = await JudgeAsync(rules, now);
        Assert.Empty(found.Single(difference => difference.Atom == Tcp(22, 22, "10.1.0.0/16")).Opens);
        var opening = Assert.Single(found.Single(difference => difference.Atom == Tcp(443, 443, "10.0.0.0/8")).Opens);
        Assert.Equal(("443/tcp", "10.0.0.0/8", "16,777,216 addresses"), (opening.Ports, opening.Networks, opening.CountText));
    }

    [Fact]
    public async Task Ssh_from_everywhere_is_critical_https_is_a_warning_and_what_is_open_already_is_only_noted()
    {
        var rules = new Dictionary<RuleAtom, string> { [Tcp(8080, 8090, "0.0.0.0/0")] = "" };
        var now = new Dictionary<RuleAtom, string>(rules) { [Tcp(22, 22, "0.0.0.0/0")] = "", [Tcp(443, 443, "0.0.0.0/0")] = "", [Tcp(8081, 8081, "1.2.3.4/32")] = "", [Tcp(22, 22, "10.0.0.0/8")] = "" };
        var found = (await JudgeAsync(rules, now)).ToDictionary(difference => difference.Atom!.Value, difference => difference.Severity);
        Assert.Equal(Plumb.Core.Severity.Critical, found[Tcp(22, 22, "0.0.0.0/0")]);
        Assert.Equal(Plumb.Core.Severity.Warning, found[Tcp(443, 443, "0.0.0.0/0")]);
        Assert.Equal(Plumb.Core.Severity.Info, found[Tcp(8081, 8081, "1.2.3.4/32")]);
        Assert.Equal(Plumb.Core.Severity.Warning, found[Tcp(22, 22, "10.0.0.0/8")]);
    }

    [Fact]
    public async Task A_port_that_moved_is_one_change_and_not_a_removal_and_an_addition()
    {
        var found = await JudgeAsync(new() { [Tcp(22, 22, "10.0.0.0/8")] = "" }, new() { [Tcp(2222, 2222, "10.0.0.0/8")] = "" });
        var change = Assert.Single(found);
        Assert.Equal((DriftKind.Changed, Tcp(22, 22, "10.0.0.0/8"), Tcp(2222, 2222, "10.0.0.0/8")), (change.Kind, change.Before!.Value, change.Atom!.Value));
        Assert.Equal(("2222/tcp", "22/tcp"), (change.Opens.Single().Ports, change.Closes.Single().Ports));
    }

    [Fact]
    public async Task Groups_of_another_account_are_not_judged_and_not_called_deleted()
    {
        var any = new AnyGroups(1);
        var state = AnyGroups.Document([AnyGroups.Resource("aws_security_group", "far", [AnyGroups.Instance(new JsonObject { ["id"] = "sg-far", ["owner_id"] = "999988887777", ["ingress"] = new JsonArray(), ["egress"] = new JsonArray() }, null)])]);
        var judgement = await GroupCase.JudgeAsync([state], [any.Cloud("sg-near", [])]);
        Assert.Equal(["999988887777"], judgement.OtherAccounts);
        Assert.DoesNotContain(judgement.Differences, difference => difference.Kind == DriftKind.DeletedGroup);
    }

    [Fact]
    public async Task The_default_group_as_aws_makes_it_is_noted_and_one_with_another_rule_is_drift()
    {
        var all = new RuleAtom(Direction.Egress, Protocols.All, 0, 0, new RuleSource(SourceKind.Ipv4, "0.0.0.0/0"));
        var self = new RuleAtom(Direction.Ingress, Protocols.All, 0, 0, new RuleSource(SourceKind.Group, "sg-default"));
        var any = new AnyGroups(1);
        var untouched = any.Cloud("sg-default", new() { [all] = "", [self] = "" }) with { Name = "default" };
        var note = Assert.Single((await GroupCase.JudgeAsync([AnyGroups.Document([])], [untouched])).Differences);
        Assert.Equal((DriftKind.UnmanagedDefaultGroup, false), (note.Kind, note.IsDrift));

        var opened = any.Cloud("sg-default", new() { [all] = "", [self] = "", [Tcp(22, 22, "0.0.0.0/0")] = "" }) with { Name = "default" };
        var drift = Assert.Single((await GroupCase.JudgeAsync([AnyGroups.Document([])], [opened])).Differences);
        Assert.Equal((DriftKind.UnmanagedGroup, true, Plumb.Core.Severity.Critical), (drift.Kind, drift.IsDrift, drift.Severity));
    }

    private static RuleAtom Tcp(int from, int to, string cidr) => new(Direction.Ingress, Protocols.Tcp, from, to, new RuleSource(SourceKind.Ipv4, cidr));

    private static async Task<IReadOnlyList<GroupDifference>> JudgeAsync(Dictionary<RuleAtom, string> state, Dictionary<RuleAtom, string> now)
    {
        var any = new AnyGroups(7);
        return (await GroupCase.JudgeAsync([AnyGroups.Document(any.State("sg-1", state, RuleStyle.Inline))], [any.Cloud("sg-1", now)])).Differences;
    }

    /// <returns>The kinds that may tell of it; a change of one field may also pair with what was there.</returns>
    private static string[] Mutate(string mutation, string id, RuleAtom before, Dictionary<RuleAtom, string> now, List<JsonObject> states, AnyGroups any)
    {
        void Replace(RuleAtom after)
        {
            now.Remove(before);
            now[after] = "why";
        }
        string[] changed = [DriftKind.Changed, DriftKind.AddedOutside, DriftKind.RemovedOutside];
        switch (mutation)
        {
            case "add a rule": now[new RuleAtom(Direction.Ingress, Protocols.Tcp, 22, 22, new RuleSource(SourceKind.Ipv4, "203.0.113.7/32"))] = ""; return [DriftKind.AddedOutside];
            case "remove a rule": now.Remove(before); return [DriftKind.RemovedOutside];
            case "another source": Replace(before with { Source = new RuleSource(SourceKind.Ipv4, "198.51.100.0/24") }); return changed;
            case "another port": Replace(before with { From = 3, To = 4 }); return changed;
            case "another protocol": Replace(before with { Protocol = before.Protocol == Protocols.Tcp ? Protocols.Udp : Protocols.Tcp, From = 7, To = 7 }); return changed;
            case "another description": now[before] = "for another reason"; return [DriftKind.Changed];
            case "add IPv6": now[before with { Source = new RuleSource(SourceKind.Ipv6, "2001:db8:ffff::/48") }] = ""; return [DriftKind.AddedOutside];
            case "add a group": now[before with { Source = new RuleSource(SourceKind.Group, "sg-somebody") }] = ""; return [DriftKind.AddedOutside];
            case "add a prefix list": now[before with { Source = new RuleSource(SourceKind.PrefixList, "pl-somebody") }] = ""; return [DriftKind.AddedOutside];
            case "add egress": now[before with { Direction = Direction.Egress, From = 9, To = 9 }] = ""; return [DriftKind.AddedOutside];
            case "turn the direction": Replace(before with { Direction = Direction.Egress, From = 11, To = 11 }); return [DriftKind.RemovedOutside];
            case "remove all rules": now.Clear(); return [DriftKind.RemovedOutside];
            case "delete the group": return [DriftKind.DeletedGroup];
            case "create a group": return [DriftKind.UnmanagedGroup];
            case "claim it twice":
                states.Add(AnyGroups.Document(any.State(id, now, RuleStyle.Inline), "two"));
                return [DriftKind.ClaimedTwice];
            default:
                var alone = new RuleAtom(Direction.Ingress, Protocols.Tcp, 12, 12, new RuleSource(SourceKind.Ipv4, "192.0.2.0/24"));
                now[alone] = "";
                states.Clear();
                states.Add(AnyGroups.Document([.. any.State(id, new() { [before] = "why" }, RuleStyle.Inline), .. any.State(id, new() { [alone] = "" }, RuleStyle.VpcRule).Skip(1)]));
                return [DriftKind.InlineAndStandalone];
        }
    }
}
