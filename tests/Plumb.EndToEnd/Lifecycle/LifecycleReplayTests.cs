using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Plumb.Cluster;
using Plumb.EndToEnd.Kubectl;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;

namespace Plumb.EndToEnd.Lifecycle;

/// <summary>
/// The recorded lives of a real Kubernetes' objects as contract: the same commands are given by kubectl to an embedded cluster with real processes,
/// and every object must have the same story. docs/kubernetes-parity.md says how many do (UPDATE_GOLDEN=1 writes it); a count never goes down.
/// </summary>
public sealed class LifecycleReplayTests
{
    private const string Mark = "<!-- written by LifecycleReplayTests -->";

    /// <summary>A cluster without any change for so long has done what the last command asked for.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(900);

    private static readonly string[][] Groups =
    [
        ["01-deployment-create", "02-pod-delete-replaced", "03-pod-force-delete", "04-rollout-restart", "05-set-image-undo-history", "07-scale", "08-delete-all-pods"],
        ["09-statefulset-scale-1-0-1-pvc", "10-statefulset-ordered-update-delete"],
        ["11-drain-blocked-by-pdb"],
        ["13-cordon-uncordon-unschedulable"],
        ["14-unschedulable-messages"],
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Page => Path.Combine(BuiltProgram.Root, "docs", "kubernetes-parity.md");

    [Fact]
    public async Task Every_object_lives_as_the_recorded_one_did()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: pods with addresses and limits of their own");
        Assert.SkipWhen(KubectlProgram.Newest is null, "needs a kubectl: none is in PATH");
        // Two clusters at a time: most of it is waiting until nothing changes any more.
        var found = new ConcurrentDictionary<string, Comparison>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(Groups, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Cancel }, async (group, _) => await ReplayAsync(group, found));
        var results = new SortedDictionary<string, Comparison>(found, StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var text = await File.ReadAllTextAsync(Page, Cancel);
            var (at, next) = (text.IndexOf(Mark, StringComparison.Ordinal), text.IndexOf("<!-- written by KubectlTranscriptTests -->", StringComparison.Ordinal));
            await File.WriteAllTextAsync(Page, (at < 0 ? text.TrimEnd() + "\n\n" : text[..at]) + Text(results) + (next < 0 ? "" : "\n" + text[next..]), Cancel);
        }
        var committed = (await File.ReadAllLinesAsync(Page, Cancel)).SkipWhile(line => line != Mark).Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToDictionary(cells => cells[1].Trim('`'), cells => int.Parse(cells[2].Split(' ')[0], CultureInfo.InvariantCulture));
        Assert.All(results, result => Assert.True(result.Value.Same >= committed[result.Key],
            $"{result.Key}: {result.Value.Same} stories are those of the recording, the page says {committed[result.Key]}\n{result.Value.Differences()}"));
    }

    private static async Task ReplayAsync(IReadOnlyList<string> names, ConcurrentDictionary<string, Comparison> results)
    {
        await using var cluster = await LabCluster.StartAsync(nodes: 3);
        using var client = new KubeClient(Plumb.Platform.Kubernetes.Configuration.Kubeconfig.Load([cluster.KubeconfigPath]).Then(config => config.Target(TimeProvider.System)).Value!);
        var kubectl = new KubectlProgram(KubectlProgram.Newest!, cluster.KubeconfigPath, cluster.StateDirectory);
        var recordings = names.Select(Recording.Read).ToList();
        await kubectl.DoAsync($"create namespace {recordings[0].Namespace}");
        await using var live = await LiveChanges.StartAsync(client, recordings[0].Namespace);
        await QuietAsync(live, TimeSpan.FromSeconds(5));
        live.Take();
        var (recorded, own, pods) = (new Stories(), new Stories(), new PodNames());
        foreach (var recording in recordings)
        {
            var seen = new List<ObjectChange>();
            // What they had on two machines by chance has one name each; the commands name it as this cluster does.
            foreach (var step in recording.Steps.Where(step => step.Command.StartsWith("kubectl ", StringComparison.Ordinal)))
            {
                var command = pods.Translate(step.Command["kubectl ".Length..].Split(" | ")[0]);
                var text = step.ExitCode == 0 ? await kubectl.DoAsync(command, step.Input) : await kubectl.RefusedAsync(command);
                Assert.NotNull(text);
                await QuietAsync(live, step.Patience);
                var taken = live.Take();
                pods.Own(taken);
                seen.AddRange(taken);
                pods.Recorded(recording.Changes);
            }
            results[recording.Name] = new Comparison(recorded.Of(recording.Changes), own.Of(seen));
        }
    }

    private static async Task QuietAsync(LiveChanges live, TimeSpan atMost)
    {
        var began = TimeProvider.System.GetTimestamp();
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancel);
        }
        while (live.Quiet < Quiet && TimeProvider.System.GetElapsedTime(began) < atMost + Quiet);
    }

    private static string Text(SortedDictionary<string, Comparison> results)
    {
        var text = new StringBuilder(Mark + "\n\n# How far the lives of objects are those of Kubernetes\n\n");
        text.Append("Each recording in `tests/golden/lifecycle` is what watches showed of a real Kubernetes 1.33.3 while kubectl did something. A test gives the same commands to an\n");
        text.Append("embedded cluster of three nodes with real processes, and compares every object's story: the order in which it was added, scheduled, ran, became Ready, was told\n");
        text.Append("to stop and went; its events with their messages; and for counts that change too quickly to be seen twice the same way, where they end. Failed probes are\n");
        text.Append("left out, because whether one falls into the moment before a server listens is luck. Not replayed: 15 (a frozen kubelet; it takes two minutes).\n");
        text.Append("What remains is what that machine happened to do: a kubelet that had not yet synced its ConfigMaps (FailedMount, so that ContainerCreating was not seen\n");
        text.Append("by itself), a disruption budget that was looked at before its pod was there (NoPods).\n\n");
        text.Append("| recording | same stories |\n|---|---|\n");
        foreach (var (name, result) in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{name}` | {result.Same} of {result.Recorded.Count} |\n");
        }
        foreach (var (name, result) in results.Where(pair => pair.Value.Same < pair.Value.Recorded.Count))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {name}\n\n{result.Differences()}");
        }
        return text.ToString();
    }

    /// <param name="Recorded">The stories of the real cluster's objects, sorted.</param>
    private sealed record Comparison(IReadOnlyList<string> Recorded, IReadOnlyList<string> Own)
    {
        public int Same => Recorded.Count - Missing.Count;

        private List<string> Missing => Without(Recorded, Own);

        public string Differences() => string.Concat(Missing.Select(story => $"- recorded only: {story}\n").Concat(Without(Own, Recorded).Select(story => $"- own only: {story}\n")));

        private static List<string> Without(IReadOnlyList<string> stories, IReadOnlyList<string> others)
        {
            var left = stories.ToList();
            foreach (var other in others)
            {
                left.Remove(other);
            }
            return left;
        }
    }
}
