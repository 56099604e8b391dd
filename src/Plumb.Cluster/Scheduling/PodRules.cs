using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Scheduling;

/// <summary>What a placement must be in relation to other pods: topology spread, affinity and anti-affinity.</summary>
internal static class PodRules
{
    public static Misfit? Check(PodView pod, NodeView node, Snapshot all) => Spread(pod, node, all) ?? Affine(pod, node, all);

    /// <summary>True when the term, as its owner wrote it, means that pod.</summary>
    public static bool Matches(PodAffinityTerm term, PodView owner, PodView other, Snapshot all) =>
        term.LabelSelector is { } selector && selector.Matches(other.Object.Labels) && InNamespace(term, owner, other, all);

    public static LabelSelector? SelectorOf(TopologySpreadConstraint constraint, PodView pod)
    {
        if (constraint.LabelSelector is not { } selector || constraint.MatchLabelKeys is not { Count: > 0 } keys)
        {
            return constraint.LabelSelector;
        }
        var labels = new Dictionary<string, string>(selector.MatchLabels ?? new Dictionary<string, string>());
        foreach (var key in keys)
        {
            if (pod.Object.Labels.TryGetValue(key, out var value))
            {
                labels[key] = value;
            }
        }
        return selector with { MatchLabels = labels };
    }

    private static bool InNamespace(PodAffinityTerm term, PodView owner, PodView other, Snapshot all)
    {
        if (term.Namespaces is not { Count: > 0 } && term.NamespaceSelector is null)
        {
            return other.Object.Namespace == owner.Object.Namespace;
        }
        return (term.Namespaces?.Contains(other.Object.Namespace) ?? false)
            || (term.NamespaceSelector is { } selector
                && selector.Matches(all.Api.Get(Resources.Namespaces, null, other.Object.Namespace ?? "")?.Labels ?? new Dictionary<string, string>()));
    }

    private static Misfit? Spread(PodView pod, NodeView node, Snapshot all)
    {
        foreach (var constraint in pod.Spread.Where(constraint => constraint.WhenUnsatisfiable == "DoNotSchedule"))
        {
            if (node.Domain(constraint.TopologyKey) is not { } domain)
            {
                return new Misfit(["node(s) didn't match pod topology spread constraints (missing required label)"], true, Hope.NodeChange);
            }
            var selector = SelectorOf(constraint, pod);
            var counts = new Dictionary<string, int>();
            foreach (var candidate in all.Nodes.Where(candidate => candidate.Domain(constraint.TopologyKey) is not null && MayHold(pod, candidate)))
            {
                var key = candidate.Domain(constraint.TopologyKey)!;
                counts[key] = counts.GetValueOrDefault(key) + candidate.Pods.Count(other => Counts(selector, pod, other));
            }
            var least = counts.Count < (constraint.MinDomains ?? 0) ? 0 : counts.Values.DefaultIfEmpty().Min();
            var self = selector?.Matches(pod.Object.Labels) == true ? 1 : 0;
            if (counts.GetValueOrDefault(domain) + self - least > constraint.MaxSkew)
            {
                return new Misfit(["node(s) didn't match pod topology spread constraints"], false, Hope.NodeChange | Hope.PodGone | Hope.PodPlaced);
            }
        }
        return null;
    }

    /// <summary>Only nodes that the pod's own selector allows take part in the spread (nodeAffinityPolicy Honor).</summary>
    private static bool MayHold(PodView pod, NodeView node) =>
        (pod.Pod.Spec.NodeSelector?.All(pair => node.Object.Labels.GetValueOrDefault(pair.Key) == pair.Value) ?? true)
        && (pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required || required.NodeSelectorTerms.Any(term => NodeRules.Matches(term, node)));

    private static bool Counts(LabelSelector? selector, PodView pod, PodView other) =>
        selector is not null && other.Object.Namespace == pod.Object.Namespace && !other.Object.IsTerminating && selector.Matches(other.Object.Labels);

    private static Misfit? Affine(PodView pod, NodeView node, Snapshot all)
    {
        foreach (var term in pod.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
        {
            if (!HasCompany(term, pod, node, all))
            {
                return new Misfit(["node(s) didn't match pod affinity rules"], true, Hope.NodeChange | Hope.PodPlaced);
            }
        }
        foreach (var term in pod.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
        {
            if (InDomain(term, node, all).Any(other => Matches(term, pod, other, all)))
            {
                return new Misfit(["node(s) didn't match pod anti-affinity rules"], false, Hope.NodeChange | Hope.PodGone);
            }
        }
        foreach (var (place, other) in all.Placed)
        {
            foreach (var term in other.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
            {
                if (place.Domain(term.TopologyKey) is { } domain && node.Domain(term.TopologyKey) == domain && Matches(term, other, pod, all))
                {
                    return new Misfit(["node(s) didn't satisfy existing pods anti-affinity rules"], false, Hope.NodeChange | Hope.PodGone);
                }
            }
        }
        return null;
    }

    /// <summary>A pod that matches its own term may be the first of its kind when there is none anywhere.</summary>
    private static bool HasCompany(PodAffinityTerm term, PodView pod, NodeView node, Snapshot all)
    {
        if (node.Domain(term.TopologyKey) is null)
        {
            return false;
        }
        return InDomain(term, node, all).Any(other => Matches(term, pod, other, all))
            || (Matches(term, pod, pod, all) && !all.Placed.Any(entry => Matches(term, pod, entry.Pod, all)));
    }

    private static IEnumerable<PodView> InDomain(PodAffinityTerm term, NodeView node, Snapshot all) =>
        node.Domain(term.TopologyKey) is { } domain
            ? all.Nodes.Where(other => other.Domain(term.TopologyKey) == domain).SelectMany(other => other.Pods)
            : [];
}
