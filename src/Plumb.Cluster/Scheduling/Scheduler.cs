using System.Text.Json;
using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Scheduling;

/// <summary>
/// Gives pending pods a node: the highest priority first, then the oldest. A pod that fits nowhere is told why, and is tried again as soon
/// as something changes that could help it, never on a timer. Preemption is not supported: its failure message says so where it would matter.
/// </summary>
internal sealed class Scheduler(ClusterApi api) : IController
{
    public const string SchedulerName = "default-scheduler";
    private static readonly ObjectKey Queue = new(null, "queue");

    private readonly SchedulerEvents _events = new(api);
    private readonly Dictionary<string, Hope> _parked = [];
    private readonly Dictionary<string, string> _assumed = [];

    public string Name => "scheduler";

    public IReadOnlyList<ResourceKind> Watches { get; } =
        [Resources.Pods, Resources.Nodes, Resources.PersistentVolumeClaims, Resources.PersistentVolumes, Resources.StorageClasses];

    public IEnumerable<ObjectKey> AllKeys() => [Queue];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        var hope = change.Object.Kind == Resources.Pods ? PodHope(change)
            : change.Object.Kind == Resources.Nodes ? NodeHope(change)
            : Hope.VolumeChange;
        var freed = hope == Hope.None ? [] : _parked.Where(entry => (entry.Value & hope) != Hope.None).Select(entry => entry.Key).ToList();
        foreach (var uid in freed)
        {
            _parked.Remove(uid);
        }
        if (freed.Count > 0 || (hope == Hope.VolumeChange && _assumed.Count > 0) || (change.Object.Kind == Resources.Pods && IsPending(change.Object)))
        {
            enqueue(Queue);
        }
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        var pending = api.List(Resources.Pods).Where(pod => IsPending(pod) && !_parked.ContainsKey(pod.Uid)).ToList();
        if (pending.Count == 0)
        {
            return null;
        }
        var snapshot = new Snapshot(api, pod => _assumed.GetValueOrDefault(pod.Uid));
        foreach (var pod in pending.OrderByDescending(pod => pod.AsPod().Spec.Priority ?? 0).ThenBy(pod => pod.AsPod().Metadata.CreationTimestamp).ThenBy(pod => pod.ResourceVersion))
        {
            Place(new PodView(pod), snapshot);
        }
        return null;
    }

    private static bool IsPending(KubeObject item)
    {
        var pod = item.AsPod();
        return string.IsNullOrEmpty(pod.Spec.NodeName) && !item.IsTerminating && !pod.IsTerminal()
            && (pod.Spec.SchedulerName ?? SchedulerName) == SchedulerName
            && (pod.Spec.SchedulingGates is not { ValueKind: JsonValueKind.Array } gates || gates.GetArrayLength() == 0);
    }

    private void Place(PodView pod, Snapshot all)
    {
        var claims = new Claims(api, pod);
        if (_assumed.TryGetValue(pod.Object.Uid, out var chosen))
        {
            if (claims.Missing is null && claims.ToBind.Count > 0 && all[chosen] is not null)
            {
                return;
            }
            _assumed.Remove(pod.Object.Uid);
            if (claims.Missing is null && all[chosen] is not null)
            {
                Bind(pod, chosen);
                return;
            }
        }
        var misfits = new List<(NodeView, Misfit)>();
        var fitting = new List<NodeView>();
        foreach (var node in claims.Missing is null ? all.Nodes : [])
        {
            var misfit = NodeRules.Check(pod, node) ?? claims.Check(node) ?? PodRules.Check(pod, node, all);
            if (misfit is null)
            {
                fitting.Add(node);
            }
            else
            {
                misfits.Add((node, misfit));
            }
        }
        if (fitting.Count == 0)
        {
            Park(pod, all, claims, misfits);
            return;
        }
        var best = Scores.Best(pod, fitting, all);
        if (claims.ToBind.Count > 0)
        {
            _assumed[pod.Object.Uid] = best.Name;
            best.Add(pod);
            claims.Select(api, best.Name);
            return;
        }
        if (Bind(pod, best.Name))
        {
            best.Add(pod);
        }
    }

    private bool Bind(PodView pod, string node)
    {
        if (api.Get(Resources.Pods, pod.Object.Namespace, pod.Object.Name) is not { } present || present.Uid != pod.Object.Uid || present.IsTerminating)
        {
            return false;
        }
        // Told before the write that the kubelet acts on: it is quick enough to tell of the pulled image first.
        _events.Record(pod.Object, "Normal", "Scheduled", "Binding", $"Successfully assigned {pod.Object.Namespace}/{pod.Object.Name} to {node}");
        return api.Update(Resources.Pods, pod.Object.Namespace, pod.Object.Name, json =>
        {
            if (json.Object("metadata").Text("uid") != pod.Object.Uid || json.Object("spec").Text("nodeName") is { Length: > 0 })
            {
                return ApiFailure.Conflict(Resources.Pods, pod.Object.Name, "the pod was bound or replaced meanwhile");
            }
            json.Object("spec")["nodeName"] = node;
            PodConditions.Set(json, "PodScheduled", "True", null, null, api.Time.GetUtcNow());
            return null;
        }).IsOk;
    }

    private void Park(PodView pod, Snapshot all, Claims claims, List<(NodeView Node, Misfit Misfit)> misfits)
    {
        var message = all.Nodes.Count == 0 ? FitFailure.NoNodes : FitFailure.Message(all.Nodes.Count, claims.Missing, misfits, pod);
        _parked[pod.Object.Uid] = claims.Missing is not null
            ? Hope.VolumeChange
            : misfits.Aggregate(Hope.NodeChange, (hope, entry) => hope | entry.Misfit.Hope);
        _events.Record(pod.Object, "Warning", "FailedScheduling", "Scheduling", message);
        api.Update(Resources.Pods, pod.Object.Namespace, pod.Object.Name, json => PodConditions.Set(json, "PodScheduled", "False", "Unschedulable", message, api.Time.GetUtcNow()));
    }

    private Hope PodHope(StoreEvent change)
    {
        var pod = change.Object.AsPod();
        if (change.Type == StoreEventType.Deleted)
        {
            _parked.Remove(change.Object.Uid);
            _assumed.Remove(change.Object.Uid);
        }
        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            if (change.Previous is { } before && before.AsPod().Metadata.Generation != pod.Metadata.Generation)
            {
                _parked.Remove(change.Object.Uid);
            }
            return Hope.None;
        }
        if (change.Type == StoreEventType.Deleted || (pod.IsTerminal() && change.Previous?.AsPod().IsTerminal() == false))
        {
            return Hope.PodGone;
        }
        return change.Previous is null || string.IsNullOrEmpty(change.Previous.AsPod().Spec.NodeName) ? Hope.PodPlaced : Hope.None;
    }

    /// <summary>Heartbeats and conditions change nothing for placement; taints, labels, cordons and sizes do.</summary>
    private static Hope NodeHope(StoreEvent change)
    {
        if (change.Previous is not { } before)
        {
            return Hope.NodeChange;
        }
        return Text(change.Object, "spec") != Text(before, "spec")
            || Text(change.Object, "metadata", "labels") != Text(before, "metadata", "labels")
            || Text(change.Object, "status", "allocatable") != Text(before, "status", "allocatable")
            ? Hope.NodeChange
            : Hope.None;
    }

    private static string Text(KubeObject item, params ReadOnlySpan<string> path)
    {
        var node = item.Json;
        foreach (var name in path)
        {
            if (node.ValueKind != JsonValueKind.Object || !node.TryGetProperty(name, out node))
            {
                return "";
            }
        }
        return node.GetRawText();
    }
}
