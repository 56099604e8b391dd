using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>The history of a StatefulSet's template, as ControllerRevisions: what <c>kubectl rollout history</c> and <c>undo</c> read.</summary>
internal sealed class StatefulSetRevisions(ClusterApi api)
{
    private const int CollisionTries = 16;

    /// <summary>The revision that pods had before, the one that they get now (made when it is new), and the collision count.</summary>
    public (KubeObject Current, KubeObject Update, int Collisions) Sync(KubeObject set, StatefulSet model)
    {
        var known = Of(set);
        var template = PodTemplate.ToObject(model.Spec.Template);
        template["$patch"] = "replace";
        var data = new JsonObject { ["spec"] = new JsonObject { ["template"] = template } };
        var collisions = model.Status.CollisionCount ?? 0;
        var next = known.Select(Number).DefaultIfEmpty().Max() + 1;
        var update = known.LastOrDefault(revision => JsonNode.DeepEquals(JsonNode.Parse(revision.Utf8)!["data"], data));
        if (update is null)
        {
            (update, collisions) = Create(set, model, data, next, collisions);
        }
        else if (Number(update) != next - 1 && api.Update(Resources.ControllerRevisions, update.Namespace, update.Name, json => json["revision"] = next) is { IsOk: true, Object: var moved })
        {
            // Back to an old template: it becomes the newest revision.
            update = moved;
        }
        return (known.FirstOrDefault(revision => revision.Name == model.Status.CurrentRevision) ?? update, update, collisions);
    }

    /// <summary>Revisions that no pod has any more, beyond revisionHistoryLimit, go; the oldest first.</summary>
    public void CleanUp(KubeObject set, StatefulSet model, IEnumerable<KubeObject> pods, KubeObject current, KubeObject update)
    {
        var live = pods.Select(StatefulSetPods.Revision).Append(current.Name).Append(update.Name).ToHashSet();
        var unused = Of(set).Where(revision => !live.Contains(revision.Name)).ToList();
        foreach (var revision in unused.Take(Math.Max(unused.Count - (model.Spec.RevisionHistoryLimit ?? 10), 0)))
        {
            api.Delete(Resources.ControllerRevisions, revision.Namespace, revision.Name);
        }
    }

    private List<KubeObject> Of(KubeObject set) =>
        [.. api.List(Resources.ControllerRevisions, set.Namespace).Where(revision => revision.Controller()?.Uid == set.Uid).OrderBy(Number)];

    private static long Number(KubeObject revision) => revision.As(KubeJson.Compact.ControllerRevision).Revision;

    private (KubeObject Revision, int Collisions) Create(KubeObject set, StatefulSet model, JsonObject data, long number, int collisions)
    {
        for (var tried = 0; tried < CollisionTries; tried++)
        {
            var hash = PodTemplate.Hash(data, collisions);
            var labels = PodTemplate.ToObject(model.Spec.Template)["metadata"]?["labels"]?.DeepClone().AsObject() ?? [];
            labels["controller.kubernetes.io/hash"] = hash;
            var created = api.Create(Resources.ControllerRevisions, set.Namespace, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"{set.Name}-{hash}", ["labels"] = labels, ["ownerReferences"] = new JsonArray(Ownership.ReferenceTo(set)) },
                ["data"] = data.DeepClone(),
                ["revision"] = number,
            });
            if (created.IsOk)
            {
                return (created.Object, collisions);
            }
            collisions++;
        }
        throw new InvalidOperationException($"no free name for a revision of statefulset {set.Namespace}/{set.Name} after {CollisionTries} tries");
    }
}
