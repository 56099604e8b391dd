using Plumb.Core;

namespace Plumb.Experiments.Activities;

/// <summary>
/// Where an experiment may act. Asked when a plan is made and again by each step before it acts, so that there is no way around it.
/// </summary>
/// <param name="allowed">Namespaces that the user allowed; on the lab every namespace but the protected ones is.</param>
/// <param name="own">The namespace that this program runs in; null outside of a cluster.</param>
public sealed class NamespaceGuard(IReadOnlyCollection<string> allowed, string? own)
{
    /// <summary>Null: it may. Else why not.</summary>
    public Problem? Refuse(ClusterRef cluster, string ns)
    {
        if (ns == "kube-system" || ns.StartsWith("kube-", StringComparison.Ordinal))
        {
            return new Problem($"The namespace {ns} belongs to Kubernetes itself: no experiment touches it");
        }
        if (ns == own)
        {
            return new Problem($"Plumb itself runs in the namespace {ns}: an experiment there would hit its own executor");
        }
        return cluster.IsLab || allowed.Contains(ns) ? null
            : new Problem($"The namespace {ns} of {cluster.Context} is not allowed for experiments", $"If it is meant, add --allow-namespace {ns}");
    }
}
