using System.Text.Json.Nodes;
using Plumb.Cluster;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;

namespace Plumb.Tests.Experiments;

/// <summary>
/// The embedded cluster's API server and controllers with one node whose kubelet is played: pods become Ready, and go when they are told
/// to, without a process behind them. So the engine meets real API semantics, and a unit test needs no root.
/// </summary>
internal sealed class PlayedKubelet : IAsyncDisposable
{
    private readonly LabCluster _cluster;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _playing;
    private readonly SemaphoreSlim _again = new(0);
    private int _address = 10;

    private PlayedKubelet(LabCluster cluster)
    {
        _cluster = cluster;
        Client = new KubeClient(Kubeconfig.Load([cluster.KubeconfigPath]).Value!.Target(TimeProvider.System).Value!);
        _playing = Task.Run(PlayAsync);
    }

    public KubeClient Client { get; }

    public string KubeconfigPath => _cluster.KubeconfigPath;

    /// <summary>New pods become Ready only while this is true.</summary>
    public bool Starts { get; set; } = true;

    /// <summary>From now on pods start again, also those that waited for it.</summary>
    public void Start(bool now)
    {
        if (now && !Starts)
        {
            Starts = true;
            _again.Release();
        }
    }

    public static async Task<PlayedKubelet> StartAsync()
    {
        var cluster = await LabCluster.StartAsync(new LabClusterOptions { Nodes = 0 });
        var kubelet = new PlayedKubelet(cluster);
        await kubelet.CreateAsync(KubeResource.Nodes, null, """{"metadata":{"name":"node1"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"100"},"capacity":{"cpu":"4","memory":"8Gi","pods":"100"},"conditions":[{"type":"Ready","status":"True"}]}}""");
        await kubelet.CreateAsync(KubeResource.Namespaces, null, """{"metadata":{"name":"payments"}}""");
        await kubelet.CreateAsync(KubeResource.Services, "payments", """{"metadata":{"name":"ledger"},"spec":{"selector":{"app":"ledger"},"ports":[{"port":8080}]}}""");
        await kubelet.CreateAsync(KubeResource.Deployments, "payments", """
            {"metadata":{"name":"ledger"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"ledger"}},
            "template":{"metadata":{"labels":{"app":"ledger"}},"spec":{"containers":[{"name":"ledger","image":"x"}]}}}}
            """);
        await kubelet.UntilReadyAsync(2);
        return kubelet;
    }

    public async Task CreateAsync(KubeResource resource, string? ns, string json)
    {
        var body = JsonNode.Parse(json)!.AsObject();
        body["apiVersion"] = resource.ApiVersion;
        body["kind"] = resource.Kind;
        var created = await Client.CreateAsync(resource, ns, body, _stop.Token);
        if (!created.IsSuccess)
        {
            throw new InvalidOperationException(created.Error.ToString());
        }
    }

    public async Task UntilReadyAsync(int replicas)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await Client.GetAsync(KubeResource.Deployments, "payments", "ledger", limit.Token)).Value?.Json.Field("status").Number("readyReplicas").GetValueOrDefault() != replicas)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _playing;
        Client.Dispose();
        await _cluster.DisposeAsync();
        _stop.Dispose();
        _again.Dispose();
    }

    private async Task PlayAsync()
    {
        try
        {
            await foreach (var item in Client.WatchAsync(KubeResource.Pods, null, null, null, _stop.Token))
            {
                if (item is not KubeWatchEvent.Changed { Type: not KubeChangeType.Deleted, Object: var pod })
                {
                    continue;
                }
                if (pod.IsTerminating)
                {
                    await Client.DeleteAsync(KubeResource.Pods, pod.Namespace, pod.Name, new KubeDelete(TimeSpan.Zero, Uid: pod.Uid), _stop.Token);
                }
                else if (pod.Json.Field("spec").Text("nodeName") is not null && pod.Json.Field("status").Text("podIP") is null)
                {
                    if (!Starts)
                    {
                        await _again.WaitAsync(_stop.Token);
                    }
                    var status = JsonNode.Parse($$$"""{"status":{"phase":"Running","podIP":"127.77.0.{{{_address++}}}","conditions":[{"type":"Ready","status":"True"},{"type":"PodScheduled","status":"True"}]}}""")!.AsObject();
                    await Client.PatchAsync(KubeResource.Pods, pod.Namespace, pod.Name, KubePatch.Merge(status), _stop.Token, "status");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
