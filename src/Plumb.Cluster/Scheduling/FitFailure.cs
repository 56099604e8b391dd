namespace Plumb.Cluster.Scheduling;

/// <summary>Says why no node fits, in the field's words: counts of reasons, then what preemption could have done.</summary>
internal static class FitFailure
{
    public const string NoNodes = "no nodes available to schedule pods";

    public static string Message(int nodes, string? beforeNodes, IReadOnlyList<(NodeView Node, Misfit Misfit)> misfits, PodView pod)
    {
        var reasons = beforeNodes ?? Counted(misfits.SelectMany(entry => entry.Misfit.Reasons));
        var preemption = beforeNodes is not null
            ? $"{nodes} Preemption is not helpful for scheduling"
            : Counted(misfits.Select(entry => entry.Misfit.IsFinal ? "Preemption is not helpful for scheduling" : Victims(entry.Node, pod)));
        return $"0/{nodes} nodes are available: {reasons}. preemption: 0/{nodes} nodes are available: {preemption}.";
    }

    /// <summary>This scheduler evicts nothing; where Kubernetes might have, it says that it does not.</summary>
    private static string Victims(NodeView node, PodView pod) =>
        node.Pods.Any(other => (other.Pod.Spec.Priority ?? 0) < (pod.Pod.Spec.Priority ?? 0))
            ? "Preemption is not supported by this cluster"
            : "No preemption victims found for incoming pod";

    private static string Counted(IEnumerable<string> reasons) =>
        string.Join(", ", reasons.GroupBy(reason => reason).Select(group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal));
}
