using System.Globalization;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Scheduling;

/// <summary>When something changes of which a pod that could not be placed must be tried again.</summary>
[Flags]
internal enum Hope
{
    None = 0,
    NodeChange = 1,
    PodGone = 2,
    PodPlaced = 4,
    VolumeChange = 8,
}

/// <summary>Why a pod cannot run on a node.</summary>
/// <param name="Reasons">As the field words them; each is counted in the message.</param>
/// <param name="IsFinal">True when evicting other pods from the node could not help.</param>
internal sealed record Misfit(IReadOnlyList<string> Reasons, bool IsFinal, Hope Hope);

/// <summary>What a node must be, whatever runs elsewhere: the filters in the field's order, of which the first that fails speaks.</summary>
internal static class NodeRules
{
    private const string UnschedulableTaint = "node.kubernetes.io/unschedulable";

    public static Misfit? Check(PodView pod, NodeView node) =>
        Unschedulable(pod, node) ?? UntoleratedTaint(pod, node) ?? Selected(pod, node) ?? Fit(pod, node);

    public static bool Tolerates(IReadOnlyList<Toleration>? tolerations, Taint taint) =>
        tolerations is not null && tolerations.Any(toleration =>
            (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
            && (toleration.Operator == "Exists"
                ? string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint.Key
                : toleration.Key == taint.Key && (toleration.Value ?? "") == (taint.Value ?? "")));

    public static bool Matches(NodeSelectorTerm term, NodeView node) =>
        (term.MatchExpressions is { Count: > 0 } || term.MatchFields is { Count: > 0 })
        && (term.MatchExpressions ?? []).All(requirement => Matches(requirement, node.Object.Labels))
        && (term.MatchFields ?? []).All(requirement => requirement.Key == "metadata.name"
            && Matches(requirement, new Dictionary<string, string> { ["metadata.name"] = node.Name }));

    private static bool Matches(LabelRequirement requirement, IReadOnlyDictionary<string, string> labels)
    {
        if (requirement.Operator is not ("Gt" or "Lt"))
        {
            return requirement.Matches(labels);
        }
        return labels.TryGetValue(requirement.Key, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var value)
            && requirement.Values is [var only] && long.TryParse(only, CultureInfo.InvariantCulture, out var bound)
            && (requirement.Operator == "Gt" ? value > bound : value < bound);
    }

    private static Misfit? Unschedulable(PodView pod, NodeView node) =>
        node.Node.Spec.Unschedulable == true && !Tolerates(pod.Pod.Spec.Tolerations, new Taint { Key = UnschedulableTaint, Effect = "NoSchedule" })
            ? new Misfit(["node(s) were unschedulable"], true, Hope.NodeChange)
            : null;

    private static Misfit? UntoleratedTaint(PodView pod, NodeView node)
    {
        var taint = node.Node.Spec.Taints?.FirstOrDefault(taint => taint.Effect is "NoSchedule" or "NoExecute" && !Tolerates(pod.Pod.Spec.Tolerations, taint));
        return taint is null ? null : new Misfit([$"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}"], true, Hope.NodeChange);
    }

    private static Misfit? Selected(PodView pod, NodeView node)
    {
        var labels = node.Object.Labels;
        var selected = pod.Pod.Spec.NodeSelector?.All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value) ?? true;
        var required = pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return selected && (required is null || required.NodeSelectorTerms.Any(term => Matches(term, node)))
            ? null
            : new Misfit(["node(s) didn't match Pod's node affinity/selector"], true, Hope.NodeChange);
    }

    private static Misfit? Fit(PodView pod, NodeView node)
    {
        var reasons = new List<string>();
        if (node.Allocatable.TryGetValue("pods", out var most) && node.Pods.Count + 1 > most)
        {
            reasons.Add("Too many pods");
        }
        foreach (var (name, amount) in pod.Requests.OrderBy(pair => Rank(pair.Key)).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (amount > 0 && amount > node.Allocatable.GetValueOrDefault(name) - node.Used.GetValueOrDefault(name))
            {
                reasons.Add($"Insufficient {name}");
            }
        }
        return reasons.Count == 0 ? null : new Misfit(reasons, false, Hope.NodeChange | Hope.PodGone);
    }

    private static int Rank(string resource) => resource switch { "cpu" => 0, "memory" => 1, "ephemeral-storage" => 2, _ => 3 };
}
