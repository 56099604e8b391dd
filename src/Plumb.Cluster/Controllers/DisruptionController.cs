using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>Counts, for each disruption budget, how many of its pods may be evicted now: what the eviction API decides by.</summary>
internal sealed class DisruptionController(ClusterApi api) : IController
{
    /// <summary>An eviction that was granted but whose pod was not deleted is forgotten after this time, as in the field's own controller.</summary>
    private static readonly TimeSpan GrantExpires = TimeSpan.FromMinutes(2);

    private readonly EventRecorder _events = new(api, "controllermanager");

    public string Name => "disruption";

    public IReadOnlyList<ResourceKind> Watches { get; } =
        [Resources.PodDisruptionBudgets, Resources.Pods, Resources.ReplicaSets, Resources.Deployments, Resources.StatefulSets];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.PodDisruptionBudgets)
        {
            enqueue(change.Object.Key);
            return;
        }
        foreach (var budget in api.List(Resources.PodDisruptionBudgets, change.Object.Namespace))
        {
            var selector = budget.As(KubeJson.Compact.PodDisruptionBudget).Spec.Selector;
            if (change.Object.Kind != Resources.Pods || selector?.Matches(change.Object.Labels) == true || (change.Previous is { } before && selector?.Matches(before.Labels) == true))
            {
                enqueue(budget.Key);
            }
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.PodDisruptionBudgets).Select(budget => budget.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.PodDisruptionBudgets, key.Namespace, key.Name) is not { } budget)
        {
            return null;
        }
        var model = budget.As(KubeJson.Compact.PodDisruptionBudget);
        var pods = model.Spec.Selector is { } selector
            ? api.List(Resources.Pods, key.Namespace).Where(pod => selector.Matches(pod.Labels) && !pod.AsPod().IsTerminal()).ToList()
            : [];
        if (pods.Count == 0)
        {
            _events.Record(budget, "Normal", "NoPods", "No matching pods found");
        }
        var now = api.Time.GetUtcNow();
        var granted = (model.Status.DisruptedPods ?? new Dictionary<string, DateTimeOffset>())
            .Where(entry => entry.Value + GrantExpires > now && pods.Any(pod => pod.Name == entry.Key && !pod.IsTerminating)).ToDictionary(entry => entry.Key, entry => entry.Value);
        var (expected, desired) = Expected(model, pods);
        var healthy = pods.Count(pod => !pod.IsTerminating && !granted.ContainsKey(pod.Name) && pod.AsPod().Status.IsReady);
        var allowed = expected <= 0 ? 0 : Math.Max(healthy - desired, 0);
        Write(budget, model, granted, (expected, desired, healthy, allowed), now);
        return granted.Count > 0 ? granted.Values.Min() + GrantExpires - now : null;
    }

    /// <summary>minAvailable as a number counts the pods that are there; a percentage and maxUnavailable count what their controllers ask for.</summary>
    private (int Expected, int Desired) Expected(PodDisruptionBudget budget, List<KubeObject> pods)
    {
        if (budget.Spec.MaxUnavailable is { } unavailable)
        {
            var scale = Scale(pods);
            return (scale, Math.Max(scale - (RolloutBounds.Resolve(unavailable, scale, roundUp: true) ?? 0), 0));
        }
        if (budget.Spec.MinAvailable is { ValueKind: System.Text.Json.JsonValueKind.String } percent)
        {
            var scale = Scale(pods);
            return (scale, RolloutBounds.Resolve(percent, scale, roundUp: true) ?? scale);
        }
        return (pods.Count, RolloutBounds.Resolve(budget.Spec.MinAvailable, pods.Count, roundUp: true) ?? 1);
    }

    private int Scale(List<KubeObject> pods)
    {
        var counted = new HashSet<string>();
        var total = 0;
        foreach (var pod in pods)
        {
            var set = pod.ControllerKey(Resources.ReplicaSets) is { } key ? api.Get(Resources.ReplicaSets, key.Namespace, key.Name) : null;
            var deployment = set?.ControllerKey(Resources.Deployments) is { } owner ? api.Get(Resources.Deployments, owner.Namespace, owner.Name) : null;
            var stateful = pod.ControllerKey(Resources.StatefulSets) is { } other ? api.Get(Resources.StatefulSets, other.Namespace, other.Name) : null;
            var (uid, replicas) = deployment is not null ? (deployment.Uid, deployment.As(KubeJson.Compact.Deployment).Spec.Replicas)
                : set is not null ? (set.Uid, set.As(KubeJson.Compact.ReplicaSet).Spec.Replicas)
                : stateful is not null ? (stateful.Uid, stateful.As(KubeJson.Compact.StatefulSet).Spec.Replicas)
                : (pod.Uid, 1);
            if (counted.Add(uid))
            {
                total += replicas;
            }
        }
        return total;
    }

    private void Write(
        KubeObject budget, PodDisruptionBudget model, Dictionary<string, DateTimeOffset> granted, (int Expected, int Desired, int Healthy, int Allowed) counts, DateTimeOffset now)
    {
        var known = model.Status.Conditions?.FirstOrDefault(condition => condition.Type == "DisruptionAllowed");
        var isAllowed = counts.Allowed > 0 ? "True" : "False";
        var status = new JsonObject { ["observedGeneration"] = model.Metadata.Generation ?? 0 };
        if (granted.Count > 0)
        {
            status["disruptedPods"] = new JsonObject(granted.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value.ToKubeTime())));
        }
        status["disruptionsAllowed"] = counts.Allowed;
        status["currentHealthy"] = counts.Healthy;
        status["desiredHealthy"] = counts.Desired;
        status["expectedPods"] = counts.Expected;
        status["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "DisruptionAllowed",
            ["status"] = isAllowed,
            ["observedGeneration"] = model.Metadata.Generation ?? 0,
            ["lastTransitionTime"] = (known?.Status == isAllowed ? known.LastTransitionTime ?? now : now).ToKubeTime(),
            ["reason"] = counts.Allowed > 0 ? "SufficientPods" : "InsufficientPods",
            ["message"] = "",
        });
        api.Update(budget.Kind, budget.Namespace, budget.Name, json => { json["status"] = status; });
    }
}
