using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>One Deployment and its ReplicaSets as they are now, with the writes that a rollout is made of.</summary>
internal sealed class DeploymentScope
{
    public const string Revision = "deployment.kubernetes.io/revision";
    private const string RevisionHistory = "deployment.kubernetes.io/revision-history";
    private const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    private const string MaxReplicas = "deployment.kubernetes.io/max-replicas";
    private static readonly string[] NotCopied =
        ["kubectl.kubernetes.io/last-applied-configuration", Revision, RevisionHistory, DesiredReplicas, MaxReplicas, "deprecated.deployment.rollback.to"];

    private readonly ClusterApi _api;
    private readonly EventRecorder _events;

    public DeploymentScope(ClusterApi api, EventRecorder events, KubeObject deployment)
    {
        _api = api;
        _events = events;
        Object = deployment;
        Model = deployment.As(KubeJson.Compact.Deployment);
        Bounds = RolloutBounds.Of(Model.Spec);
        Refresh();
    }

    public KubeObject Object { get; private set; }

    public Deployment Model { get; private set; }

    public RolloutBounds Bounds { get; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<KubeObject> Sets { get; private set; } = [];

    /// <summary>The one whose template is the Deployment's; null before it is made.</summary>
    public KubeObject? New { get; private set; }

    public IReadOnlyList<KubeObject> Old { get; private set; } = [];

    public int Replicas => Model.Spec.Replicas;

    public static ReplicaSet Of(KubeObject set) => set.As(KubeJson.Compact.ReplicaSet);

    public int TotalDesired => Sets.Sum(set => Of(set).Spec.Replicas);

    public int TotalAvailable => Sets.Sum(set => Of(set).Status.AvailableReplicas);

    public void Refresh()
    {
        Sets = [.. Ownership.Claim(_api, Resources.ReplicaSets, Object, Model.Spec.Selector)
            .OrderBy(set => set.Meta().CreationTimestamp).ThenBy(set => set.Name, StringComparer.Ordinal)];
        New = Sets.FirstOrDefault(set => PodTemplate.SameIgnoringHash(Of(set).Spec.Template, Model.Spec.Template));
        Old = [.. Sets.Where(set => set.Uid != New?.Uid)];
    }

    /// <summary>Gives the new ReplicaSet and the Deployment the next revision number; makes the ReplicaSet when there is none and <paramref name="create"/> says so.</summary>
    public void SyncRevision(bool create)
    {
        var next = Old.Select(RevisionOf).DefaultIfEmpty().Max() + 1;
        if (New is not null)
        {
            UpdateNew(next);
            RecordRevision(RevisionOf(New!), found: true);
            return;
        }
        if (create)
        {
            Create(next);
        }
    }

    public static long RevisionOf(KubeObject set) =>
        set.Meta().Annotations is { } annotations && annotations.TryGetValue(Revision, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>The number that the ReplicaSet's annotation says was desired when it was last scaled; null when it says none.</summary>
    public static int? DesiredOf(KubeObject set) => Annotated(set, DesiredReplicas);

    /// <summary>The desired number and maxSurge of then, from the annotation.</summary>
    public static int? MaxOf(KubeObject set) => Annotated(set, MaxReplicas);

    private static int? Annotated(KubeObject set, string name) =>
        set.Meta().Annotations is { } annotations && annotations.TryGetValue(name, out var text) && int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Sets spec.replicas and the annotations that proportional scaling reads. Returns true when the number changed.</summary>
    public bool Scale(KubeObject set, int replicas)
    {
        var before = Of(set).Spec.Replicas;
        _api.Update(Resources.ReplicaSets, set.Namespace, set.Name, json =>
        {
            json.Object("spec")["replicas"] = replicas;
            AnnotateSize(json);
        });
        if (before != replicas)
        {
            var direction = replicas > before ? "up" : "down";
            _events.Record(Object, "Normal", "ScalingReplicaSet", $"Scaled {direction} replica set {set.Name} from {before} to {replicas}");
        }
        Refresh();
        return before != replicas;
    }

    /// <summary>Finished ReplicaSets beyond spec.revisionHistoryLimit, oldest revision first, are deleted.</summary>
    public void CleanUp()
    {
        if (Model.Spec.RevisionHistoryLimit is not { } limit)
        {
            return;
        }
        var alive = Old.Where(set => !set.IsTerminating).OrderBy(RevisionOf).ToList();
        foreach (var set in alive.Take(Math.Max(alive.Count - limit, 0)))
        {
            var model = Of(set);
            if (model.Status.Replicas == 0 && model.Spec.Replicas == 0 && model.Metadata.Generation <= model.Status.ObservedGeneration)
            {
                _api.Delete(Resources.ReplicaSets, set.Namespace, set.Name, new DeleteRequest(Uid: set.Uid));
            }
        }
        Refresh();
    }

    /// <summary>Writes the status (and annotations), and goes on with the Deployment as it is after that.</summary>
    public void Write(Action<JsonObject> change)
    {
        if (_api.Update(Resources.Deployments, Object.Namespace, Object.Name, change) is { IsOk: true, Object: var after })
        {
            Object = after;
            Model = after.As(KubeJson.Compact.Deployment);
        }
    }

    private void UpdateNew(long revision)
    {
        var result = _api.Update(Resources.ReplicaSets, New!.Namespace, New.Name, json =>
        {
            CopyAnnotations(json);
            AnnotateRevision(json, revision);
            if (Model.Spec.MinReadySeconds != Of(New).Spec.MinReadySeconds)
            {
                json.Object("spec")["minReadySeconds"] = Model.Spec.MinReadySeconds;
            }
        });
        if (result.IsOk)
        {
            Refresh();
        }
    }

    private void Create(long revision)
    {
        var template = PodTemplate.ToObject(Model.Spec.Template);
        var hash = PodTemplate.Hash(template, Model.Status.CollisionCount);
        template.Object("metadata").Object("labels")[PodTemplate.HashLabel] = hash;
        var selector = JsonNode.Parse(Object.Utf8)!["spec"]!["selector"]!.DeepClone().AsObject();
        selector.Object("matchLabels")[PodTemplate.HashLabel] = hash;
        var count = NewCount(0);
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{Object.Name}-{hash}",
                ["labels"] = template["metadata"]!["labels"]!.DeepClone(),
                ["ownerReferences"] = new JsonArray(Ownership.ReferenceTo(Object)),
            },
            ["spec"] = new JsonObject { ["replicas"] = count, ["selector"] = selector, ["template"] = template },
        };
        if (Model.Spec.MinReadySeconds > 0)
        {
            body.Object("spec")["minReadySeconds"] = Model.Spec.MinReadySeconds;
        }
        CopyAnnotations(body);
        AnnotateRevision(body, revision);
        AnnotateSize(body);
        var created = _api.Create(Resources.ReplicaSets, Object.Namespace, body);
        if (!created.IsOk)
        {
            CreateFailed(created.Failure);
            return;
        }
        Refresh();
        if (count > 0)
        {
            _events.Record(Object, "Normal", "ScalingReplicaSet", $"Scaled up replica set {created.Object.Name} from 0 to {count}");
        }
        RecordRevision(revision, found: false);
    }

    /// <summary>A name in use by another template moves the hash on (collisionCount); anything else is told in the Progressing condition.</summary>
    private void CreateFailed(ApiFailure failure)
    {
        if (failure.Reason == "AlreadyExists")
        {
            Write(json => json.Object("status")["collisionCount"] = (Model.Status.CollisionCount ?? 0) + 1);
            return;
        }
        _events.Record(Object, "Warning", "ReplicaSetCreateError", $"Failed to create new replica set: {failure.Message}");
        WriteProgressing("False", "ReplicaSetCreateError", failure.Message);
    }

    private void RecordRevision(long revision, bool found)
    {
        var text = revision.ToString(CultureInfo.InvariantCulture);
        Write(json => json.Object("metadata").Object("annotations")[Revision] = text);
        var known = Model.Status.Conditions?.Any(condition => condition.Type == "Progressing") == true;
        if (Model.Spec.ProgressDeadlineSeconds is null || (found && known))
        {
            return;
        }
        if (found)
        {
            WriteProgressing("True", "FoundNewReplicaSet", $"Found new replica set \"{New!.Name}\"");
        }
        else
        {
            WriteProgressing("True", "NewReplicaSetCreated", $"Created new replica set \"{New!.Name}\"");
        }
    }

    public void WriteProgressing(string status, string reason, string message)
    {
        var conditions = new StatusConditions(Model.Status.Conditions, _api.Time.GetUtcNow());
        conditions.Set("Progressing", status, reason, message);
        Write(json => json.Object("status")["conditions"] = conditions.ToJson(withUpdateTime: true));
    }

    /// <summary>How many replicas the new ReplicaSet may have now: as many as fit under replicas + maxSurge.</summary>
    public int NewCount(int present)
    {
        if (Model.Spec.Strategy.Type != "RollingUpdate")
        {
            return Replicas;
        }
        var room = Replicas + Bounds.MaxSurge - TotalDesired;
        return room <= 0 ? present : present + Math.Min(room, Replicas - present);
    }

    private void CopyAnnotations(JsonObject set)
    {
        foreach (var (key, value) in Model.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (!NotCopied.Contains(key))
            {
                set.Object("metadata").Object("annotations")[key] = value;
            }
        }
    }

    private static void AnnotateRevision(JsonObject set, long revision)
    {
        var annotations = set.Object("metadata").Object("annotations");
        var known = annotations.Text(Revision);
        if (known is not null && long.TryParse(known, CultureInfo.InvariantCulture, out var old))
        {
            if (old >= revision)
            {
                return;
            }
            annotations[RevisionHistory] = annotations.Text(RevisionHistory) is { } history ? $"{history},{known}" : known;
        }
        annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
    }

    private void AnnotateSize(JsonObject set)
    {
        var annotations = set.Object("metadata").Object("annotations");
        annotations[DesiredReplicas] = Replicas.ToString(CultureInfo.InvariantCulture);
        annotations[MaxReplicas] = (Replicas + Bounds.MaxSurge).ToString(CultureInfo.InvariantCulture);
    }
}
