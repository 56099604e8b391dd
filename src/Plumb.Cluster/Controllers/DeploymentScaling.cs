using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Controllers;

/// <summary>Scaling while paused or in the middle of a rollout: each active ReplicaSet gets its share, so the rollout's progress is kept.</summary>
internal static class DeploymentScaling
{
    public static void Apply(DeploymentScope scope)
    {
        var active = scope.Sets.Where(set => DeploymentScope.Of(set).Spec.Replicas > 0).ToList();
        if (active.Count <= 1)
        {
            if ((active.Count == 1 ? active[0] : scope.New ?? (scope.Old is [.., var last] ? last : null)) is { } only)
            {
                scope.Scale(only, scope.Replicas);
            }
            return;
        }
        if (scope.New is { } fresh && IsSaturated(scope, fresh))
        {
            foreach (var set in scope.Old.Where(set => DeploymentScope.Of(set).Spec.Replicas > 0))
            {
                scope.Scale(set, 0);
            }
            return;
        }
        if (scope.Model.Spec.Strategy.Type == "RollingUpdate")
        {
            Share(scope, active);
        }
    }

    private static bool IsSaturated(DeploymentScope scope, KubeObject set)
    {
        var model = DeploymentScope.Of(set);
        return model.Spec.Replicas == scope.Replicas && DeploymentScope.DesiredOf(set) == scope.Replicas && model.Status.AvailableReplicas == scope.Replicas;
    }

    private static void Share(DeploymentScope scope, List<KubeObject> active)
    {
        var present = active.Sum(set => DeploymentScope.Of(set).Spec.Replicas);
        var allowed = scope.Replicas > 0 ? scope.Replicas + scope.Bounds.MaxSurge : 0;
        var toAdd = allowed - present;
        // Growth goes to the newer of two equals, shrinking takes from the older one first.
        var bySize = active.Select((set, age) => (Set: set, Age: age, Size: DeploymentScope.Of(set).Spec.Replicas)).OrderByDescending(entry => entry.Size);
        var ordered = (toAdd > 0 ? bySize.ThenByDescending(entry => entry.Age) : bySize.ThenBy(entry => entry.Age)).ToList();
        var added = 0;
        var sizes = new int[ordered.Count];
        for (var i = 0; i < ordered.Count; i++)
        {
            var share = toAdd == 0 ? 0 : Portion(scope, ordered[i].Set, ordered[i].Size, allowed, toAdd, added);
            sizes[i] = ordered[i].Size + share;
            added += share;
        }
        sizes[0] = Math.Max(sizes[0] + toAdd - added, 0);
        for (var i = 0; i < ordered.Count; i++)
        {
            scope.Scale(ordered[i].Set, sizes[i]);
        }
    }

    /// <summary>The part of the change that keeps the ReplicaSet's weight, never more than what is left of it.</summary>
    private static int Portion(DeploymentScope scope, KubeObject set, int size, int allowed, int toAdd, int added)
    {
        var total = DeploymentScope.MaxOf(set) ?? scope.Model.Status.Replicas;
        var share = total == 0 || scope.Replicas == 0 ? -size : (int)Math.Round((double)size * allowed / total, MidpointRounding.AwayFromZero) - size;
        var left = toAdd - added;
        return toAdd > 0 ? Math.Min(share, left) : Math.Max(share, left);
    }
}
