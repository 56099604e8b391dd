using System.Globalization;
using System.Text.Json;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Platform.Kubernetes;

namespace Plumb.Cost.Collecting;

/// <summary>
/// Rollouts of a cluster: each ReplicaSet of a Deployment is one, with its revision, when it was made, and the images that it changed. A rollout that was undone takes an
/// old ReplicaSet up again and leaves no time of its own.
/// </summary>
public static class RolloutChanges
{
    private const string Revision = "deployment.kubernetes.io/revision";
    private const string EarlierRevisions = "deployment.kubernetes.io/revision-history";

    /// <summary>All that the cluster still knows of. Where listing the whole cluster is forbidden, the context's own namespace is read, and the source says so.</summary>
    /// <param name="cluster">What a person calls the cluster.</param>
    public static async Task<Result<(string Source, IReadOnlyList<Change> Changes)>> ReadAsync(KubeClient client, string cluster, CancellationToken cancellation)
    {
        var (list, source) = (await client.ListAsync(KubeResource.ReplicaSets, null, null, cancellation), cluster);
        if (list.Error is { Kind: KubeErrorKind.Forbidden })
        {
            (list, source) = (await client.ListAsync(KubeResource.ReplicaSets, client.Target.Namespace, null, cancellation), $"{cluster}, namespace {client.Target.Namespace} only");
        }
        return list.IsSuccess ? (source, Of(list.Value.Items, source)) : list.Error.ToProblem();
    }

    /// <summary>The rollouts that ReplicaSets tell of, the oldest first.</summary>
    public static IReadOnlyList<Change> Of(IEnumerable<KubeObject> replicaSets, string source) =>
    [
        .. replicaSets.Where(set => set.CreatedAt is not null && DeploymentOf(set) is not null).GroupBy(set => set.ControllerUid)
            .SelectMany(own => Rollouts([.. own.OrderBy(set => set.CreatedAt).ThenBy(Number)], source)).OrderBy(change => change.At),
    ];

    private static IEnumerable<Change> Rollouts(KubeObject[] sets, string source)
    {
        for (var i = 0; i < sets.Length; i++)
        {
            var (name, revision) = ($"Deployment {sets[i].Namespace}/{DeploymentOf(sets[i])}", Number(sets[i]));
            // An old revision may have been cleaned up, so the first that is left is not always the first.
            var what = i > 0 ? Difference(Images(sets[i - 1]), Images(sets[i])) : revision == 1 ? $"made, with {string.Join(", ", Images(sets[i]).Values)}" : string.Join(", ", Images(sets[i]).Values);
            yield return new Change(sets[i].CreatedAt!.Value, i == 0 && revision == 1 ? $"{name} {what}" : string.Create(CultureInfo.InvariantCulture, $"{name} rolled out revision {revision}: {what}"), source);
        }
    }

    private static string Difference(Dictionary<string, string> before, Dictionary<string, string> now)
    {
        var changed = now.Where(image => before.GetValueOrDefault(image.Key) != image.Value)
            .Select(image => before.TryGetValue(image.Key, out var old) ? $"{old} → {image.Value}" : $"new container {image.Key} with {image.Value}")
            .Concat(before.Keys.Except(now.Keys, StringComparer.Ordinal).Select(gone => $"container {gone} taken out")).ToArray();
        return changed.Length == 0 ? "the same images" : string.Join(", ", changed);
    }

    private static Dictionary<string, string> Images(KubeObject set) => set.Json.Field("spec").Field("template").Field("spec").Items("containers")
        .GroupBy(container => container.Text("name") ?? "", StringComparer.Ordinal).ToDictionary(own => own.Key, own => own.First().Text("image") ?? "no image", StringComparer.Ordinal);

    /// <summary>The revision that it was made for: taken up again by an undo, it carries a newer one.</summary>
    private static int Number(KubeObject set) =>
        int.TryParse((set.Annotation(EarlierRevisions) ?? set.Annotation(Revision) ?? "").Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string? DeploymentOf(KubeObject set) => set.Json.Field("metadata").Items("ownerReferences")
        .Where(owner => owner.Field("controller").ValueKind == JsonValueKind.True && owner.Text("kind") == "Deployment").Select(owner => owner.Text("name")).FirstOrDefault();
}
