using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Scheduling;

/// <summary>
/// Which of the nodes that fit is best: the field's default plugins and weights (least allocated 1, balanced 1, node affinity 2, inter-pod affinity 2,
/// topology spread 2, taints 3), each from 0 to 100. Replicas of one Service or controller are spread over the nodes by default.
/// </summary>
internal static class Scores
{
    private static readonly string[] Shared = ["cpu", "memory"];

    public static NodeView Best(PodView pod, IReadOnlyList<NodeView> nodes, Snapshot all)
    {
        if (nodes.Count == 1)
        {
            return nodes[0];
        }
        var total = new double[nodes.Count];
        Add(total, 1, [.. nodes.Select(node => LeastAllocated(pod, node))]);
        Add(total, 1, [.. nodes.Select(node => Balanced(pod, node))]);
        Add(total, 2, Normalized([.. nodes.Select(node => PreferredNodes(pod, node))], reverse: false));
        Add(total, 3, Normalized([.. nodes.Select(node => SoftTaints(pod, node))], reverse: true));
        Add(total, 2, Normalized([.. nodes.Select(node => PreferredPods(pod, node, all))], reverse: false));
        var siblings = Siblings(pod, all);
        Add(total, 2, Normalized([.. nodes.Select(node => Crowding(pod, node, all, siblings))], reverse: true));
        var best = 0;
        for (var i = 1; i < nodes.Count; i++)
        {
            if (total[i] > total[best] + 1e-9 || (Math.Abs(total[i] - total[best]) <= 1e-9 && nodes[i].Pods.Count < nodes[best].Pods.Count))
            {
                best = i;
            }
        }
        return nodes[best];
    }

    private static void Add(double[] total, int weight, double[] scores)
    {
        for (var i = 0; i < total.Length; i++)
        {
            total[i] += weight * scores[i];
        }
    }

    private static double[] Normalized(double[] raw, bool reverse)
    {
        var (least, most) = (raw.Min(), raw.Max());
        if (most - least < 1e-9)
        {
            return new double[raw.Length];
        }
        return [.. raw.Select(value => 100 * (reverse ? most - value : value - least) / (most - least))];
    }

    private static double LeastAllocated(PodView pod, NodeView node) =>
        Shared.Average(resource => Share(pod, node, resource) is var share && share > 1 ? 0 : 100 * (1 - Share(pod, node, resource)));

    private static double Balanced(PodView pod, NodeView node)
    {
        var shares = Shared.Select(resource => Math.Min(1, Share(pod, node, resource))).ToArray();
        return 100 * (1 - (Math.Abs(shares[0] - shares[1]) / 2));
    }

    private static double Share(PodView pod, NodeView node, string resource) =>
        node.Allocatable.GetValueOrDefault(resource) is > 0 and var most
            ? (double)(node.UsedForScore(resource) + Requests.ForScore(pod.Requests, resource)) / most
            : 1;

    private static double PreferredNodes(PodView pod, NodeView node) =>
        (pod.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Where(entry => NodeRules.Matches(entry.Preference, node)).Sum(entry => entry.Weight);

    private static double SoftTaints(PodView pod, NodeView node) =>
        (node.Node.Spec.Taints ?? []).Count(taint => taint.Effect == "PreferNoSchedule" && !NodeRules.Tolerates(pod.Pod.Spec.Tolerations, taint));

    private static double PreferredPods(PodView pod, NodeView node, Snapshot all)
    {
        var score = 0.0;
        foreach (var (place, other) in all.Placed)
        {
            score += Weigh(pod.Affinity?.PodAffinity, pod, other) - Weigh(pod.Affinity?.PodAntiAffinity, pod, other)
                + Weigh(other.Affinity?.PodAffinity, other, pod) - Weigh(other.Affinity?.PodAntiAffinity, other, pod);

            int Weigh(PodAffinity? affinity, PodView owner, PodView subject) =>
                (affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? [])
                    .Where(entry => place.Domain(entry.PodAffinityTerm.TopologyKey) is { } domain && node.Domain(entry.PodAffinityTerm.TopologyKey) == domain
                        && PodRules.Matches(entry.PodAffinityTerm, owner, subject, all))
                    .Sum(entry => entry.Weight);
        }
        return score;
    }

    /// <summary>How many pods of its kind are near already: by the pod's own soft constraints, else by Service and controller.</summary>
    private static double Crowding(PodView pod, NodeView node, Snapshot all, HashSet<string> siblings)
    {
        var soft = pod.Spread.Where(constraint => constraint.WhenUnsatisfiable != "DoNotSchedule").ToList();
        if (soft.Count == 0)
        {
            return pod.Spread.Count > 0 ? 0 : node.Pods.Count(other => siblings.Contains(other.Object.Uid));
        }
        return soft.Sum(constraint =>
        {
            var selector = PodRules.SelectorOf(constraint, pod);
            return node.Domain(constraint.TopologyKey) is not { } domain
                ? 1_000
                : all.Nodes.Where(other => other.Domain(constraint.TopologyKey) == domain)
                    .Sum(other => other.Pods.Count(item => item.Object.Namespace == pod.Object.Namespace && !item.Object.IsTerminating && selector?.Matches(item.Object.Labels) == true));
        });
    }

    private static HashSet<string> Siblings(PodView pod, Snapshot all)
    {
        var ns = pod.Object.Namespace;
        var owner = pod.Object.Controller()?.Uid;
        var selectors = all.Api.List(Resources.Services, ns).Select(service => service.As(KubeJson.Compact.Service).Spec.Selector)
            .Where(selector => selector is { Count: > 0 } && Selects(selector, pod)).ToList();
        return
        [
            .. all.Placed.Select(entry => entry.Pod)
                .Where(other => other.Object.Namespace == ns && !other.Object.IsTerminating
                    && ((owner is not null && other.Object.Controller()?.Uid == owner) || selectors.Any(selector => Selects(selector!, other))))
                .Select(other => other.Object.Uid),
        ];
    }

    private static bool Selects(IReadOnlyDictionary<string, string> selector, PodView pod) =>
        selector.All(pair => pod.Object.Labels.GetValueOrDefault(pair.Key) == pair.Value);
}
