using System.Globalization;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Which pods go first when there are too many: unassigned before assigned, Pending before Running, not ready before ready, the cheaper
/// <c>controller.kubernetes.io/pod-deletion-cost</c> first, then the one with more siblings on its node, the one ready for a shorter time,
/// the one with more restarts, the younger one. Times are compared by order of magnitude, as Kubernetes does since 1.22.
/// </summary>
internal static class PodDeletionOrder
{
    private const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    public static IReadOnlyList<KubeObject> FirstToGo(IReadOnlyList<KubeObject> pods, int count, IEnumerable<KubeObject> siblings, DateTimeOffset now)
    {
        if (count >= pods.Count)
        {
            return pods;
        }
        var onNode = siblings.Where(PodFacts.IsActive).GroupBy(item => item.AsPod().Spec.NodeName ?? "").ToDictionary(group => group.Key, group => group.Count());
        return [.. pods.Order(Comparer<KubeObject>.Create((one, other) => Compare(one.AsPod(), other.AsPod(), onNode, now))).Take(count)];
    }

    private static int Compare(Pod one, Pod other, Dictionary<string, int> onNode, DateTimeOffset now)
    {
        int[] steps =
        [
            (one.Spec.NodeName is { Length: > 0 }).CompareTo(other.Spec.NodeName is { Length: > 0 }),
            Phase(one).CompareTo(Phase(other)),
            one.Status.IsReady.CompareTo(other.Status.IsReady),
            Cost(one).CompareTo(Cost(other)),
            onNode.GetValueOrDefault(other.Spec.NodeName ?? "").CompareTo(onNode.GetValueOrDefault(one.Spec.NodeName ?? "")),
            Age(one.ReadySince(), now).CompareTo(Age(other.ReadySince(), now)),
            Restarts(other).CompareTo(Restarts(one)),
            Age(one.Metadata.CreationTimestamp, now).CompareTo(Age(other.Metadata.CreationTimestamp, now)),
            string.CompareOrdinal(one.Metadata.Uid, other.Metadata.Uid),
        ];
        return steps.FirstOrDefault(step => step != 0);
    }

    private static int Phase(Pod pod) => pod.Status.Phase switch { "Running" => 2, "Unknown" => 1, _ => 0 };

    private static long Cost(Pod pod) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost) ? cost : 0;

    private static int Restarts(Pod pod) => pod.Status.ContainerStatuses?.Select(status => status.RestartCount).DefaultIfEmpty().Max() ?? 0;

    /// <summary>The order of magnitude of the age in nanoseconds: log2, rounded down.</summary>
    private static int Age(DateTimeOffset? since, DateTimeOffset now) =>
        since is { } start && now > start ? (int)Math.Floor(Math.Log2((now - start).TotalNanoseconds)) : 0;
}
