using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Platform.Kubernetes;
using Xunit;

namespace Plumb.Tests.Platform.Kubernetes;

public sealed class KubeWatchPropertyTests
{
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(30);

    [Fact]
    public void Whatever_breaks_each_object_s_states_arrive_in_order_none_lost_and_none_twice()
    {
        // Without compaction the server can tell everything, so everything must be told.
        var ops = Sequences(FaultyOp.Create, FaultyOp.Update, FaultyOp.Delete, FaultyOp.Cut, FaultyOp.End, FaultyOp.Garbage, FaultyOp.Bookmark, FaultyOp.Replay);
        Prop.ForAll(ops, sequence =>
        {
            var (told, seen) = Run(sequence);
            Assert.Equal(told, seen);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Fact]
    public void When_history_is_lost_the_states_that_are_told_are_still_in_order_and_the_end_is_true()
    {
        var ops = Sequences(Enum.GetValues<FaultyOp>());
        Prop.ForAll(ops, sequence =>
        {
            var (told, seen) = Run(sequence);
            foreach (var name in seen.Select(change => change.Name).Distinct())
            {
                CheckLife([.. seen.Where(change => change.Name == name)], [.. told.Where(change => change.Name == name)]);
            }
            Assert.Equal(Alive(told), Alive(seen));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    /// <summary>Added, Modified*, Deleted, Added …; versions only grow; every state told is one that was.</summary>
    private static void CheckLife(List<(string Type, string Name, string Uid, int Version)> seen, List<(string Type, string Name, string Uid, int Version)> told)
    {
        var alive = (string?)null;
        var last = 0;
        foreach (var (type, _, uid, version) in seen)
        {
            Assert.Equal(type == "ADDED", alive is null);
            Assert.True(alive is null || alive == uid, "a change belongs to the object that was added");
            Assert.True(version > last || (type == "DELETED" && version == last), "versions grow; a deletion that was found by listing repeats the last one known");
            Assert.Contains(told, change => change.Uid == uid && change.Version == version);
            alive = type == "DELETED" ? null : uid;
            last = version;
        }
    }

    private static string[] Alive(List<(string Type, string Name, string Uid, int Version)> changes) =>
        [.. changes.GroupBy(change => change.Name).Select(group => group.Last()).Where(last => last.Type != "DELETED").Select(last => $"{last.Name} {last.Uid} {last.Version}").Order()];

    private static Arbitrary<(FaultyOp Op, string Name)[]> Sequences(params FaultyOp[] ops) =>
        Arb.From(Gen.ArrayOf(Gen.Elements(ops).SelectMany(op => Gen.Elements("a", "b", "c").Select(name => (op, name)))).Resize(60));

    private static (List<(string Type, string Name, string Uid, int Version)> Told, List<(string Type, string Name, string Uid, int Version)> Seen) Run((FaultyOp Op, string Name)[] sequence) =>
        RunAsync(sequence).GetAwaiter().GetResult();

    private static async Task<(List<(string Type, string Name, string Uid, int Version)> Told, List<(string Type, string Name, string Uid, int Version)> Seen)> RunAsync((FaultyOp Op, string Name)[] sequence)
    {
        var store = new FaultyStore();
        await using var server = await FakeKube.StartAsync(store.AnswerAsync);
        using var client = server.Client();
        using var limit = new CancellationTokenSource(GiveUp);
        var options = new KubeWatchOptions { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5) };
        var seen = new List<(string Type, string Name, string Uid, int Version)>();
        var synced = new TaskCompletionSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var item in client.WatchAsync(KubeResource.ConfigMaps, "demo", null, options, limit.Token))
            {
                if (item is KubeWatchEvent.Synced)
                {
                    synced.TrySetResult();
                }
                else if (item is KubeWatchEvent.Changed change)
                {
                    if (change.Object.Name == "the-end")
                    {
                        return;
                    }
                    seen.Add((change.Type.ToString().ToUpperInvariant(), change.Object.Name, change.Object.Uid, int.Parse(change.Object.ResourceVersion, CultureInfo.InvariantCulture)));
                }
                else if (item is KubeWatchEvent.Failed failed)
                {
                    Assert.Fail(failed.Cause.ToString());
                }
            }
        }, limit.Token);
        await synced.Task.WaitAsync(limit.Token);
        foreach (var (op, name) in sequence)
        {
            store.Do(op, name);
            await Task.Yield();
        }
        var told = store.Told.ToList();
        store.Do(FaultyOp.Create, "the-end");
        await watching;
        return (told, seen);
    }
}
