using System.Text;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Drift.Rules;
using Plumb.Drift.SecurityGroups;
using Plumb.Drift.States;

namespace Plumb.Tests.Drift;

/// <summary>One case of any groups: read a state from its text, take the cloud's answer apart, judge. Nothing is mocked but the network.</summary>
internal static class GroupCase
{
    /// <summary>A group with up to 12 rules in a style: the state's resources and the true rules.</summary>
    public static (string Id, Dictionary<RuleAtom, string> Rules, JsonObject[] State) Make(AnyGroups any, int number)
    {
        var id = $"sg-{number:x8}";
        var rules = any.Rules(id, 12);
        return (id, rules, [.. any.State(id, rules, any.Pick(RuleStyle.Inline, RuleStyle.Rule, RuleStyle.VpcRule))]);
    }

    /// <summary>How many differences any groups show whose rules nobody touched; 0, or the reading is wrong.</summary>
    public static async Task<int> FalseDriftAsync(int seed, int groups)
    {
        var any = new AnyGroups(seed);
        var cases = Enumerable.Range(0, groups).Select(number => Make(any, number)).ToArray();
        var state = AnyGroups.Document(any.Shuffle(cases.SelectMany(one => one.State)));
        return (await JudgeAsync([state], [.. any.Shuffle(cases.Select(one => any.Cloud(one.Id, one.Rules)))])).Differences.Count;
    }

    public static async Task<GroupJudgement> JudgeAsync(IReadOnlyList<JsonObject> states, IReadOnlyList<Plumb.Platform.Aws.SecurityGroup> cloud)
    {
        var read = new StateGroups();
        foreach (var (state, number) in states.Select((state, number) => (state, number)))
        {
            var text = Encoding.UTF8.GetBytes(state.ToJsonString(CoreJson.Readable(indented: number % 2 == 0)));
            var result = await new StateReader($"state {number}", null, StateGroups.Types.Contains, read.Read).ReadAsync(new MemoryStream(text), CancellationToken.None);
            if (!result.IsOk)
            {
                throw new InvalidOperationException(result.Problem!.ToString());
            }
        }
        IReadOnlyList<CloudGroup> groups = [.. cloud.Select(group => CloudGroup.Of(group, AnyGroups.Region).Value!)];
        return new GroupJudge(read, AnyGroups.Account, new Dictionary<string, IReadOnlyList<CloudGroup>> { [AnyGroups.Region] = groups }).Judge();
    }
}
