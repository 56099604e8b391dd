using Plumb.Core;
using Plumb.Platform.Kubernetes;

namespace Plumb.Lab.Installation;

/// <summary>Waits until every pod of the payments system is Ready, by watching the cluster.</summary>
/// <param name="tell">Called when the number of ready pods changes: ready, wanted, names of what is not ready yet.</param>
internal sealed class ReadyWatch(KubeClient client, IReadOnlyList<Workload> workloads, Action<int, int, string> tell)
{
    private readonly Dictionary<string, KubeObject> _pods = [];
    private int _told = -1;

    /// <returns>Null when all are Ready; otherwise what is not, and why.</returns>
    public async Task<Problem?> WaitAsync(TimeSpan patience, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try
        {
            await foreach (var change in client.WatchAsync(KubeResource.Pods, PaymentsInstaller.Namespace, null, null, limit.Token))
            {
                if (change is KubeWatchEvent.Failed failed)
                {
                    return new Problem($"the cluster's pods cannot be watched: {failed.Cause.Message.TrimEnd('.')}", failed.Cause.Next);
                }

                if (change is KubeWatchEvent.Changed changed && Note(changed))
                {
                    return null;
                }
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The patience is over; what stands in the way is told below.
        }

        return await ExplainAsync(patience, cancel);
    }

    internal static bool IsReady(KubeObject pod) =>
        !pod.IsTerminating && pod.Json.Field("status").Items("conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");

    /// <returns>True when nothing is missing any more.</returns>
    private bool Note(KubeWatchEvent.Changed changed)
    {
        if (changed.Type == KubeChangeType.Deleted)
        {
            _pods.Remove(changed.Object.Uid);
        }
        else
        {
            _pods[changed.Object.Uid] = changed.Object;
        }

        var missing = workloads.Where(w => Ready(w) < w.Replicas).ToList();
        var ready = workloads.Sum(w => Math.Min(Ready(w), w.Replicas));
        if (ready != _told)
        {
            _told = ready;
            tell(ready, workloads.Sum(w => w.Replicas), string.Join(", ", missing.Select(w => w.Name)));
        }

        return missing.Count == 0;
    }

    private int Ready(Workload workload) => _pods.Values.Count(pod => workload.Owns(pod) && IsReady(pod));

    private async Task<Problem> ExplainAsync(TimeSpan patience, CancellationToken cancel)
    {
        var sentences = new List<string>();
        KubeObject? worst = null;
        foreach (var workload in workloads.Where(w => Ready(w) < w.Replicas))
        {
            var pods = _pods.Values.Where(pod => workload.Owns(pod) && !IsReady(pod) && !pod.IsTerminating).ToList();
            worst ??= pods.FirstOrDefault();
            sentences.AddRange(pods.Count == 0 ? [$"{workload.Kind} {workload.Name} has no pod; its controller has not made one"] : pods.Select(PodTrouble.Describe));
        }

        var log = worst is null ? [] : await PodTrouble.LastLinesAsync(client, worst, cancel);
        var lines = log.Count == 0 ? "" : $". Last lines of {worst!.Name}: {string.Join(" | ", log)}";
        var next = worst is null
            ? $"Look with kubectl -n {PaymentsInstaller.Namespace} get events"
            : $"Look with kubectl -n {PaymentsInstaller.Namespace} describe pod {worst.Name}, and kubectl -n {PaymentsInstaller.Namespace} logs {worst.Name}";
        return new Problem($"not everything is Ready after {patience.TotalSeconds:0} s: {string.Join("; ", sentences)}{lines}", next);
    }
}
