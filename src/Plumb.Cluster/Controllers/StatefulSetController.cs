using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Keeps pods with fixed names and volumes: created in order, each after the one before it is ready (or all at once with Parallel), removed and
/// updated in reverse order. A pod that is still there, even if unreachable, is never made a second time.
/// </summary>
internal sealed class StatefulSetController(ClusterApi api) : IController
{
    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromSeconds(1);
    private readonly EventRecorder _events = new(api, "statefulset-controller");
    private readonly StatefulSetRevisions _revisions = new(api);
    private readonly StatefulSetPods _pods = new(api);

    public string Name => "statefulset";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.StatefulSets, Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.StatefulSets)
        {
            enqueue(change.Object.Key);
        }
        else if (change.Object.Controller() is { } owner)
        {
            if (owner.Kind == Resources.StatefulSets.Kind)
            {
                enqueue(new ObjectKey(change.Object.Namespace, owner.Name));
            }
        }
        else
        {
            foreach (var set in api.List(Resources.StatefulSets, change.Object.Namespace).Where(set => set.As(KubeJson.Compact.StatefulSet).Spec.Selector.Matches(change.Object.Labels)))
            {
                enqueue(set.Key);
            }
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.StatefulSets).Select(set => set.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.StatefulSets, key.Namespace, key.Name) is not { } set)
        {
            return null;
        }
        var model = set.As(KubeJson.Compact.StatefulSet);
        var pods = Ownership.Claim(api, Resources.Pods, set, model.Spec.Selector).Where(pod => StatefulSetPods.Ordinal(set, pod) is not null).ToList();
        if (set.IsTerminating)
        {
            return null;
        }
        var (current, update, collisions) = _revisions.Sync(set, model);
        var run = new Run(set, model, pods, current, update, collisions, api.Time.GetUtcNow());
        _pods.KeepClaims(set, model, pods);
        var again = Advance(run) ? null : (TimeSpan?)RetryAfterFailure;
        WriteStatus(run);
        _revisions.CleanUp(set, model, pods, current, update);
        return again ?? PodFacts.UntilAvailable(pods, model.Spec.MinReadySeconds, run.Now);
    }

    /// <summary>The next step, or all of them with Parallel. Returns false when one failed.</summary>
    private bool Advance(Run run)
    {
        var isOrdered = run.Model.Spec.PodManagementPolicy != "Parallel";
        var first = run.Model.Spec.Ordinals?.Start ?? 0;
        var inRange = run.Pods.ToDictionary(pod => StatefulSetPods.Ordinal(run.Set, pod)!.Value);
        for (var ordinal = first; ordinal < first + run.Model.Spec.Replicas; ordinal++)
        {
            if (!inRange.TryGetValue(ordinal, out var pod))
            {
                if (!Create(run, ordinal))
                {
                    return false;
                }
                if (isOrdered)
                {
                    return true;
                }
                continue;
            }
            if (pod.AsPod().IsTerminal() && !pod.IsTerminating)
            {
                _events.Record(run.Set, "Warning", "RecreatingTerminatedPod", $"StatefulSet {run.Set.Namespace}/{run.Set.Name} is recreating terminated Pod {pod.Name}");
                Delete(run, pod);
                if (isOrdered)
                {
                    return true;
                }
            }
            else if (isOrdered && (pod.IsTerminating || !IsHealthy(run, pod)))
            {
                return true;
            }
        }
        return Condemn(run, isOrdered, first) && Update(run, isOrdered, first, inRange);
    }

    private bool Condemn(Run run, bool isOrdered, int first)
    {
        var condemned = run.Pods.Where(pod => StatefulSetPods.Ordinal(run.Set, pod) is { } ordinal && (ordinal < first || ordinal >= first + run.Model.Spec.Replicas))
            .OrderByDescending(pod => StatefulSetPods.Ordinal(run.Set, pod)).ToList();
        foreach (var pod in condemned)
        {
            if (!pod.IsTerminating)
            {
                _pods.ReleaseClaims(run.Model, pod);
                Delete(run, pod);
            }
            if (isOrdered)
            {
                run.Waits = true;
                return true;
            }
        }
        return true;
    }

    private bool Update(Run run, bool isOrdered, int first, Dictionary<int, KubeObject> pods)
    {
        if (run.Model.Spec.UpdateStrategy.Type == "OnDelete" || (run.Waits && isOrdered))
        {
            return true;
        }
        var partition = run.Model.Spec.UpdateStrategy.RollingUpdate?.Partition ?? 0;
        for (var ordinal = first + run.Model.Spec.Replicas - 1; ordinal >= first + partition; ordinal--)
        {
            if (!pods.TryGetValue(ordinal, out var pod))
            {
                return true;
            }
            if (StatefulSetPods.Revision(pod) != run.Update.Name && !pod.IsTerminating)
            {
                Delete(run, pod);
                run.Replaced++;
                return true;
            }
            if (pod.IsTerminating || !IsHealthy(run, pod))
            {
                return true;
            }
        }
        return true;
    }

    private static bool IsHealthy(Run run, KubeObject pod) =>
        pod.AsPod().Status.Phase == "Running" && pod.AsPod().IsAvailable(run.Model.Spec.MinReadySeconds, run.Now);

    private bool Create(Run run, int ordinal)
    {
        var partition = run.Model.Spec.UpdateStrategy.Type == "OnDelete" ? 0 : run.Model.Spec.UpdateStrategy.RollingUpdate?.Partition ?? 0;
        var revision = ordinal < (run.Model.Spec.Ordinals?.Start ?? 0) + partition ? run.Current : run.Update;
        var name = $"{run.Set.Name}-{ordinal}";
        foreach (var (claim, body) in StatefulSetPods.Claims(run.Set, run.Model, ordinal))
        {
            if (api.Get(Resources.PersistentVolumeClaims, run.Set.Namespace, claim) is not null)
            {
                continue;
            }
            var made = api.Create(Resources.PersistentVolumeClaims, run.Set.Namespace, body);
            if (!made.IsOk)
            {
                _events.Record(run.Set, "Warning", "FailedCreate", $"create Claim {claim} for Pod {name} in StatefulSet {run.Set.Name} failed error: {made.Failure.Message}");
                return false;
            }
            _events.Record(run.Set, "Normal", "SuccessfulCreate", $"create Claim {claim} Pod {name} in StatefulSet {run.Set.Name} success");
        }
        var created = api.Create(Resources.Pods, run.Set.Namespace, StatefulSetPods.Make(run.Set, run.Model, ordinal, revision));
        if (!created.IsOk)
        {
            _events.Record(run.Set, "Warning", "FailedCreate", $"create Pod {name} in StatefulSet {run.Set.Name} failed error: {created.Failure.Message}");
            return false;
        }
        _events.Record(run.Set, "Normal", "SuccessfulCreate", $"create Pod {name} in StatefulSet {run.Set.Name} successful");
        return true;
    }

    private void Delete(Run run, KubeObject pod)
    {
        if (api.Delete(Resources.Pods, pod.Namespace, pod.Name, new DeleteRequest(Uid: pod.Uid)).IsOk)
        {
            _events.Record(run.Set, "Normal", "SuccessfulDelete", $"delete Pod {pod.Name} in StatefulSet {run.Set.Name} successful");
        }
    }

    private void WriteStatus(Run run)
    {
        var live = run.Pods.Where(pod => !pod.IsTerminating).ToList();
        var replicas = run.Pods.Count;
        var ready = run.Pods.Count(pod => pod.AsPod().Status is { Phase: "Running", IsReady: true });
        var available = run.Pods.Count(pod => IsHealthy(run, pod));
        var updated = live.Count(pod => StatefulSetPods.Revision(pod) == run.Update.Name);
        var current = live.Count(pod => StatefulSetPods.Revision(pod) == run.Current.Name) - run.Replaced;
        var currentName = run.Current.Name;
        if (run.Model.Spec.UpdateStrategy.Type != "OnDelete" && updated == replicas && ready == replicas && run.Update.Name != currentName && replicas == run.Model.Spec.Replicas)
        {
            (current, currentName) = (updated, run.Update.Name);
        }
        var status = new JsonObject { ["observedGeneration"] = run.Model.Metadata.Generation ?? 0, ["replicas"] = replicas };
        foreach (var (name, value) in new[] { ("readyReplicas", ready), ("currentReplicas", current), ("updatedReplicas", updated) })
        {
            if (value > 0)
            {
                status[name] = value;
            }
        }
        status["currentRevision"] = currentName;
        status["updateRevision"] = run.Update.Name;
        status["collisionCount"] = run.Collisions;
        status["availableReplicas"] = available;
        api.Update(Resources.StatefulSets, run.Set.Namespace, run.Set.Name, json => { json["status"] = status; });
    }

    private sealed record Run(KubeObject Set, StatefulSet Model, List<KubeObject> Pods, KubeObject Current, KubeObject Update, int Collisions, DateTimeOffset Now)
    {
        public int Replaced { get; set; }

        public bool Waits { get; set; }
    }
}
