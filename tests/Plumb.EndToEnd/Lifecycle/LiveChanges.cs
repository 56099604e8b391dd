using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Platform.Kubernetes;

namespace Plumb.EndToEnd.Lifecycle;

/// <summary>Watches a cluster as the recordings' author did, and brings what it sees into their form.</summary>
internal sealed class LiveChanges : IAsyncDisposable
{
    private static readonly KubeResource[] Watched =
    [
        KubeResource.Pods, KubeResource.Events, KubeResource.Deployments, KubeResource.ReplicaSets, KubeResource.StatefulSets, KubeResource.Endpoints,
        KubeResource.EndpointSlices, KubeResource.PersistentVolumeClaims, KubeResource.DisruptionBudgets, KubeResource.Nodes,
        new("", "v1", "persistentvolumes", "PersistentVolume", Namespaced: false), new("apps", "v1", "controllerrevisions", "ControllerRevision"),
    ];

    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<ObjectChange> _changes = new();
    private readonly List<Task> _watches = [];

    /// <summary>When something last changed, leases aside; <see cref="TimeProvider.GetTimestamp"/>.</summary>
    private long _last = TimeProvider.System.GetTimestamp();

    public static async Task<LiveChanges> StartAsync(KubeClient client, string ns)
    {
        var live = new LiveChanges();
        foreach (var resource in Watched)
        {
            var synced = new TaskCompletionSource();
            live._watches.Add(live.WatchAsync(client, resource, resource.Namespaced ? ns : null, synced));
            await synced.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }
        return live;
    }

    public TimeSpan Quiet => TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _last));

    /// <summary>Everything since the last call, in the order of the cluster's versions.</summary>
    public IReadOnlyList<ObjectChange> Take()
    {
        var taken = new List<ObjectChange>();
        while (_changes.TryDequeue(out var change))
        {
            taken.Add(change);
        }
        return [.. taken.OrderBy(change => change.Version)];
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_watches);
        _end.Dispose();
    }

    private async Task WatchAsync(KubeClient client, KubeResource resource, string? ns, TaskCompletionSource synced)
    {
        try
        {
            await foreach (var told in client.WatchAsync(resource, ns, KubeSelector.All, null, _end.Token))
            {
                if (told is KubeWatchEvent.Synced)
                {
                    synced.TrySetResult();
                }
                else if (told is KubeWatchEvent.Changed change && (synced.Task.IsCompleted || resource.Namespaced))
                {
                    var json = JsonObject.Create(change.Object.Json)!;
                    _changes.Enqueue(new ObjectChange(resource.Kind, change.Object.Name, long.Parse((string)json["metadata"]!["resourceVersion"]!, null), change.Type.ToString().ToUpperInvariant(), Compact(resource.Kind, json)));
                    Interlocked.Exchange(ref _last, TimeProvider.System.GetTimestamp());
                }
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>The fields that the recordings keep and the stories use.</summary>
    private static JsonObject Compact(string kind, JsonObject json)
    {
        var (spec, status, metadata) = (json["spec"], json["status"], json["metadata"]!);
        return kind switch
        {
            "Pod" => new JsonObject
            {
                ["node"] = spec?["nodeName"]?.DeepClone(),
                ["phase"] = status?["phase"]?.DeepClone(),
                ["deletionTimestamp"] = metadata["deletionTimestamp"]?.DeepClone(),
                ["conditions"] = Conditions(status),
                ["containers"] = new JsonArray([.. (status?["containerStatuses"] as JsonArray ?? []).Select(container => new JsonObject { ["name"] = container!["name"]!.DeepClone(), ["state"] = container["state"]?.DeepClone() })]),
            },
            "Event" => new JsonObject { ["reason"] = json["reason"]?.DeepClone(), ["message"] = json["message"]?.DeepClone(), ["on"] = $"{json["involvedObject"]?["kind"]}/{json["involvedObject"]?["name"]}" },
            "Node" => new JsonObject { ["unschedulable"] = spec?["unschedulable"]?.DeepClone(), ["conditions"] = Conditions(status) },
            "Endpoints" => new JsonObject
            {
                ["subsets"] = new JsonArray([.. (json["subsets"] as JsonArray ?? []).Select(subset => new JsonObject
                {
                    ["ready"] = new JsonArray([.. (subset!["addresses"] as JsonArray ?? []).Select(address => address!["ip"]!.DeepClone())]),
                    ["notReady"] = new JsonArray([.. (subset["notReadyAddresses"] as JsonArray ?? []).Select(address => address!["ip"]!.DeepClone())]),
                })]),
            },
            "EndpointSlice" => new JsonObject { ["endpoints"] = new JsonArray([.. (json["endpoints"] as JsonArray ?? []).Select(endpoint => new JsonObject { ["c"] = endpoint!["conditions"]?.DeepClone() })]) },
            _ => new JsonObject { ["spec.replicas"] = spec?["replicas"]?.DeepClone(), ["status"] = status?.DeepClone(), ["conditions"] = Conditions(status) },
        };
    }

    private static JsonObject Conditions(JsonNode? status) => new((status?["conditions"] as JsonArray ?? []).Select(condition =>
        KeyValuePair.Create((string)condition!["type"]!, (JsonNode?)JsonValue.Create($"{condition["status"]} {condition["reason"]}: {condition["message"]}"))));
}
