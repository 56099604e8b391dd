using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Scheduling;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Watches over the nodes: one whose lease is not renewed becomes Unknown and its pods not ready; taints follow conditions and cordons; pods
/// that do not tolerate a NoExecute taint are evicted when their time is up; pods of nodes that are gone go too.
/// </summary>
internal sealed class NodeLifecycleController(ClusterApi api, TimeSpan grace) : IController
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    /// <summary>Between the NoSchedule and the NoExecute taint: a node that comes right back loses no pod.</summary>
    private static readonly TimeSpan NoExecuteDelay = TimeSpan.FromSeconds(5);

    private static readonly (string Condition, string Taint)[] Pressures =
    [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"), ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"), ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
    ];

    private readonly EventRecorder _events = new(api, "node-controller");
    private readonly TaintEviction _eviction = new(api);
    private readonly Dictionary<string, DateTimeOffset> _firstSeen = [];
    private readonly Dictionary<string, DateTimeOffset> _unwellSince = [];

    public string Name => "node-lifecycle";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.Nodes, Resources.Leases, Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.Nodes)
        {
            enqueue(change.Object.Key);
        }
        else if (change.Object.Kind == Resources.Leases)
        {
            // A renewal matters only to a node that was given up; the timer of the others reads the lease when it fires.
            if (api.Get(Resources.Nodes, null, change.Object.Name) is { } node && ReadyStatus(node) == "Unknown")
            {
                enqueue(node.Key);
            }
        }
        else if (change.Object.AsPod().Spec.NodeName is { Length: > 0 } name
            && (change.Previous is null || string.IsNullOrEmpty(change.Previous.AsPod().Spec.NodeName))
            && api.Get(Resources.Nodes, null, name)?.As(KubeJson.Compact.Node).Spec.Taints is { Count: > 0 } or null)
        {
            enqueue(new ObjectKey(null, name));
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.Nodes).Select(node => node.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        var now = api.Time.GetUtcNow();
        if (api.Get(Resources.Nodes, null, key.Name) is not { } node)
        {
            _unwellSince.Remove(key.Name);
            // A node that was never seen may still register: only the pods of one that went are orphans.
            if (_firstSeen.Remove(key.Name))
            {
                DeleteOrphans(key.Name);
            }
            return null;
        }
        var silence = Silence(node, now);
        if (silence > grace && ReadyStatus(node) is not (null or "Unknown"))
        {
            node = GiveUp(node, now);
        }
        var taintAgain = SyncTaints(node, now);
        var evictAgain = _eviction.Apply(key.Name, now);
        var silenceAgain = silence > grace ? (TimeSpan?)null : grace - silence + TimeSpan.FromMilliseconds(1);
        return Soonest(taintAgain, evictAgain, silenceAgain);
    }

    /// <summary>The time since the last sign of life: the lease's renewal or, before there is one, when the node was first seen.</summary>
    private TimeSpan Silence(KubeObject node, DateTimeOffset now)
    {
        _firstSeen.TryAdd(node.Name, now);
        var renewed = api.Get(Resources.Leases, "kube-node-lease", node.Name)?.As(KubeJson.Compact.Lease).Spec.RenewTime;
        var last = renewed is { } time && time > _firstSeen[node.Name] ? time : _firstSeen[node.Name];
        return now - last;
    }

    private static string? ReadyStatus(KubeObject node) =>
        node.As(KubeJson.Compact.Node).Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status;

    private KubeObject GiveUp(KubeObject node, DateTimeOffset now)
    {
        var updated = api.Update(node.Kind, null, node.Name, json =>
        {
            foreach (var type in (string[])["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"])
            {
                PodConditions.Set(json, type, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", now);
            }
            foreach (var item in (json.Object("status")["conditions"] as JsonArray)!.OfType<JsonObject>())
            {
                item.Remove("lastProbeTime");
            }
        });
        _events.Record(node, "Normal", "NodeNotReady", $"Node {node.Name} status is now: NodeNotReady");
        foreach (var pod in api.List(Resources.Pods).Where(pod => pod.AsPod().Spec.NodeName == node.Name && pod.AsPod().Status.IsReady))
        {
            // Only what the pod offers is doubted: its containers may well run on.
            api.Update(pod.Kind, pod.Namespace, pod.Name, json => PodConditions.Set(json, "Ready", "False", null, null, now));
            _events.Record(pod, "Warning", "NodeNotReady", "Node is not ready");
        }
        return updated.Object ?? node;
    }

    /// <summary>Makes the taints agree with the conditions and the cordon; others' taints stay. Returns when the NoExecute taint is due.</summary>
    private TimeSpan? SyncTaints(KubeObject node, DateTimeOffset now)
    {
        var ready = ReadyStatus(node);
        var key = ready switch { "False" => NotReady, "Unknown" => Unreachable, _ => null };
        if (key is null)
        {
            _unwellSince.Remove(node.Name);
        }
        else
        {
            _unwellSince.TryAdd(node.Name, now);
        }
        var model = node.As(KubeJson.Compact.Node);
        var executes = key is not null && now - _unwellSince[node.Name] >= NoExecuteDelay;
        List<(string Key, string Effect)> wanted = [];
        if (key is not null)
        {
            wanted.Add((key, "NoSchedule"));
        }
        if (model.Spec.Unschedulable == true)
        {
            wanted.Add((Unschedulable, "NoSchedule"));
        }
        wanted.AddRange(Pressures.Where(entry => model.Status.Conditions?.Any(condition => condition.Type == entry.Condition && condition.Status == "True") == true).Select(entry => (entry.Taint, "NoSchedule")));
        if (executes)
        {
            wanted.Add((key!, "NoExecute"));
        }
        api.Update(node.Kind, null, node.Name, json => WriteTaints(json, wanted, now));
        return key is not null && !executes ? _unwellSince[node.Name] + NoExecuteDelay - now : null;
    }

    private static void WriteTaints(JsonObject json, List<(string Key, string Effect)> wanted, DateTimeOffset now)
    {
        var spec = json.Object("spec");
        var present = (spec["taints"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        bool IsMine(JsonObject taint) => taint.Text("key") is NotReady or Unreachable or Unschedulable || Pressures.Any(entry => entry.Taint == taint.Text("key"));
        var kept = present.Where(taint => !IsMine(taint) || wanted.Contains((taint.Text("key") ?? "", taint.Text("effect") ?? ""))).Select(taint => taint.DeepClone().AsObject()).ToList();
        foreach (var (key, effect) in wanted.Where(entry => !kept.Any(taint => taint.Text("key") == entry.Key && taint.Text("effect") == entry.Effect)))
        {
            kept.Add(new JsonObject { ["key"] = key, ["effect"] = effect, ["timeAdded"] = now.ToKubeTime() });
        }
        if (kept.Count == 0)
        {
            spec.Remove("taints");
        }
        else
        {
            spec["taints"] = new JsonArray([.. kept]);
        }
    }

    private void DeleteOrphans(string node)
    {
        foreach (var pod in api.List(Resources.Pods).Where(pod => pod.AsPod().Spec.NodeName == node))
        {
            api.Delete(pod.Kind, pod.Namespace, pod.Name, new DeleteRequest(GraceSeconds: 0, Uid: pod.Uid));
        }
    }

    private static TimeSpan? Soonest(params ReadOnlySpan<TimeSpan?> times)
    {
        TimeSpan? soonest = null;
        foreach (var time in times)
        {
            soonest = soonest is null || time < soonest ? time ?? soonest : soonest;
        }
        return soonest;
    }
}
