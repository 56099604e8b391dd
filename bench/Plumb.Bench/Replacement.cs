using System.Diagnostics;
using System.Text.Json.Nodes;
using Plumb.Platform.Kubernetes;

namespace Plumb.Bench;

/// <summary>How long a Deployment of two is one pod short after one of its pods was deleted.</summary>
internal static class Replacement
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>From sending the DELETE until two pods are Ready again that are not the deleted one, in milliseconds: what the recording of the real cluster measured.</summary>
    public static async Task<List<double>> MeasureAsync(KubeClient client, string ns, string app, int runs)
    {
        var times = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            await SettledAsync(client, ns, app);
            var pods = await client.ListAsync(KubeResource.Pods, ns, new KubeSelector($"app={app}"), CancellationToken.None);
            var victim = pods.Value!.Items.First(Conditions.IsReady);
            times.Add(Math.Round(await OnceAsync(client, ns, app, victim), 1));
        }

        return times;
    }

    /// <summary>A Deployment of two busybox pods like the one of the recording: no probe, ends on SIGTERM.</summary>
    public static async Task CreateBusyboxAsync(KubeClient client)
    {
        var deployment = JsonNode.Parse("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},
             "template":{"metadata":{"labels":{"app":"web"}},"spec":{"terminationGracePeriodSeconds":5,"containers":[{"name":"web","image":"busybox:1.36",
              "command":["sh","-c","trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"],"resources":{"requests":{"cpu":"10m","memory":"8Mi"}}}]}}}}
            """)!.AsObject();
        var created = await client.CreateAsync(KubeResource.Deployments, "default", deployment, CancellationToken.None);
        if (!created.IsSuccess)
        {
            throw new InvalidOperationException(created.Error.ToString());
        }
    }

    private static async Task<double> OnceAsync(KubeClient client, string ns, string app, KubeObject victim)
    {
        using var limit = new CancellationTokenSource(Patience);
        var ready = new HashSet<string>(StringComparer.Ordinal);
        Task? deletion = null;
        var clock = new Stopwatch();
        await foreach (var change in client.WatchAsync(KubeResource.Pods, ns, new KubeSelector($"app={app}"), null, limit.Token))
        {
            if (change is KubeWatchEvent.Synced && deletion is null)
            {
                clock.Start();
                deletion = client.DeleteAsync(KubeResource.Pods, ns, victim.Name, null, limit.Token);
            }

            if (change is not KubeWatchEvent.Changed { Object: var pod } || pod.Uid == victim.Uid)
            {
                continue;
            }

            _ = Conditions.IsReady(pod) ? ready.Add(pod.Uid) : ready.Remove(pod.Uid);
            if (deletion is not null && ready.Count == 2)
            {
                await deletion;
                return clock.Elapsed.TotalMilliseconds;
            }
        }

        throw new TimeoutException($"No replacement of {victim.Name}.");
    }

    /// <summary>Waits until exactly two pods exist and both are Ready: a pod that still ends would disturb the next run.</summary>
    private static async Task SettledAsync(KubeClient client, string ns, string app)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Patience)
        {
            var pods = await client.ListAsync(KubeResource.Pods, ns, new KubeSelector($"app={app}"), CancellationToken.None);
            if (pods.IsSuccess && pods.Value.Items is { Count: 2 } two && two.All(Conditions.IsReady))
            {
                await Task.Delay(300);
                return;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"The pods of {app} did not settle.");
    }
}
