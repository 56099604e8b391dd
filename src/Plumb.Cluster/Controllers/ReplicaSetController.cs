using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>Keeps as many active pods as spec.replicas asks for, and says in the status how many there are, ready and available.</summary>
internal sealed class ReplicaSetController(ClusterApi api) : IController
{
    /// <summary>Pods created or deleted in one reconcile; the next one goes on.</summary>
    private const int Burst = 500;

    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromSeconds(1);
    private readonly EventRecorder _events = new(api, "replicaset-controller");

    public string Name => "replicaset";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.ReplicaSets, Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.ReplicaSets)
        {
            enqueue(change.Object.Key);
            return;
        }
        EnqueueOwner(change.Object, enqueue);
        if (change.Previous is { } before)
        {
            EnqueueOwner(before, enqueue);
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.ReplicaSets).Select(item => item.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.ReplicaSets, key.Namespace, key.Name) is not { } set)
        {
            return null;
        }
        var model = set.As(KubeJson.Compact.ReplicaSet);
        var pods = Ownership.Claim(api, Resources.Pods, set, model.Spec.Selector).Where(PodFacts.IsActive).ToList();
        var now = api.Time.GetUtcNow();
        var failure = set.IsTerminating ? null : Manage(set, model, pods, now);
        WriteStatus(set, model, pods, failure, now);
        return failure is null ? PodFacts.UntilAvailable(pods, model.Spec.MinReadySeconds, now) : RetryAfterFailure;
    }

    private void EnqueueOwner(KubeObject pod, Action<ObjectKey> enqueue)
    {
        if (pod.Controller() is { } owner)
        {
            if (owner.Kind == Resources.ReplicaSets.Kind)
            {
                enqueue(new ObjectKey(pod.Namespace, owner.Name));
            }
            return;
        }
        // A pod without a controller may be adopted by any set whose selector it matches.
        foreach (var set in api.List(Resources.ReplicaSets, pod.Namespace).Where(set => set.As(KubeJson.Compact.ReplicaSet).Spec.Selector.Matches(pod.Labels)))
        {
            enqueue(set.Key);
        }
    }

    /// <summary>Creates or deletes pods. Returns the first failure.</summary>
    private Failure? Manage(KubeObject set, ReplicaSet model, List<KubeObject> pods, DateTimeOffset now)
    {
        var missing = model.Spec.Replicas - pods.Count;
        for (var i = 0; i < Math.Min(missing, Burst); i++)
        {
            var body = PodTemplate.ToPod(model.Spec.Template, set);
            body.Object("metadata")["generateName"] = set.Name + "-";
            var created = api.Create(Resources.Pods, set.Namespace, body);
            if (!created.IsOk)
            {
                _events.Record(set, "Warning", "FailedCreate", $"Error creating: {created.Failure.Message}");
                return new Failure("FailedCreate", created.Failure.Message);
            }
            _events.Record(set, "Normal", "SuccessfulCreate", $"Created pod: {created.Object.Name}");
        }
        if (missing >= 0)
        {
            return null;
        }
        foreach (var pod in PodDeletionOrder.FirstToGo(pods, Math.Min(-missing, Burst), Siblings(set), now))
        {
            var deleted = api.Delete(Resources.Pods, pod.Namespace, pod.Name, new DeleteRequest(Uid: pod.Uid));
            if (!deleted.IsOk && deleted.Failure.Code != 404)
            {
                _events.Record(set, "Warning", "FailedDelete", $"Error deleting: {deleted.Failure.Message}");
                return new Failure("FailedDelete", deleted.Failure.Message);
            }
            _events.Record(set, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Name}");
        }
        return null;
    }

    /// <summary>The pods of every ReplicaSet of the same owner: they share the nodes that a scale-down should even out.</summary>
    private IEnumerable<KubeObject> Siblings(KubeObject set)
    {
        var owner = set.Controller()?.Uid;
        var uids = owner is null
            ? [set.Uid]
            : api.List(Resources.ReplicaSets, set.Namespace).Where(other => other.Controller()?.Uid == owner).Select(other => other.Uid).ToHashSet();
        return api.List(Resources.Pods, set.Namespace).Where(pod => pod.Controller() is { } controller && uids.Contains(controller.Uid));
    }

    private void WriteStatus(KubeObject set, ReplicaSet model, List<KubeObject> pods, Failure? failure, DateTimeOffset now)
    {
        var conditions = new StatusConditions(model.Status.Conditions, now);
        if (failure is not null)
        {
            conditions.Set("ReplicaFailure", "True", failure.Reason, failure.Message);
        }
        else
        {
            conditions.Remove("ReplicaFailure");
        }
        var labels = PodTemplate.ToObject(model.Spec.Template)["metadata"]?["labels"] is JsonObject given ? given.ToTexts() : new Dictionary<string, string>();
        var status = new JsonObject { ["replicas"] = pods.Count };
        Count(status, "fullyLabeledReplicas", pods.Count(pod => labels.All(pair => pod.Labels.TryGetValue(pair.Key, out var value) && value == pair.Value)));
        Count(status, "readyReplicas", pods.Count(pod => pod.AsPod().Status.IsReady));
        Count(status, "availableReplicas", pods.Count(pod => pod.AsPod().IsAvailable(model.Spec.MinReadySeconds, now)));
        status["observedGeneration"] = model.Metadata.Generation ?? 0;
        if (conditions.ToJson(withUpdateTime: false) is { } list)
        {
            status["conditions"] = list;
        }
        api.Update(Resources.ReplicaSets, set.Namespace, set.Name, json => { json["status"] = status; });
    }

    private static void Count(JsonObject status, string name, int value)
    {
        if (value != 0)
        {
            status[name] = value;
        }
    }

    private sealed record Failure(string Reason, string Message);
}
