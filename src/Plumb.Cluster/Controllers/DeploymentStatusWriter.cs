using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>Counts a Deployment's replicas into its status and judges its progress against progressDeadlineSeconds.</summary>
internal sealed class DeploymentStatusWriter(DeploymentScope scope, DateTimeOffset now)
{
    public const string TimedOut = "ProgressDeadlineExceeded";
    private const string Available = "NewReplicaSetAvailable";

    public bool IsComplete(DeploymentStatus status) =>
        status.UpdatedReplicas == scope.Replicas && status.Replicas == scope.Replicas && status.AvailableReplicas == scope.Replicas
        && status.ObservedGeneration >= (scope.Model.Metadata.Generation ?? 0);

    /// <summary>The counts and the Available condition only.</summary>
    public TimeSpan? Write()
    {
        var (status, conditions) = Count();
        Save(status, conditions);
        return null;
    }

    /// <summary>The counts, and the Progressing condition. Returns when the deadline must be looked at.</summary>
    public TimeSpan? WriteProgress()
    {
        var (status, conditions) = Count();
        if (scope.Model.Spec.ProgressDeadlineSeconds is not { } deadline)
        {
            conditions.Remove("Progressing");
            Save(status, conditions);
            return null;
        }
        var present = conditions["Progressing"];
        if (status.Replicas != status.UpdatedReplicas || present?.Reason != Available)
        {
            Judge(status, conditions, present, deadline);
        }
        if (scope.Sets.SelectMany(set => DeploymentScope.Of(set).Status.Conditions ?? []).FirstOrDefault(condition => condition.Type == "ReplicaFailure") is { } failure)
        {
            conditions.Set("ReplicaFailure", failure.Status, failure.Reason ?? "", failure.Message ?? "");
        }
        else
        {
            conditions.Remove("ReplicaFailure");
        }
        Save(status, conditions);
        return UntilDeadline(status, deadline);
    }

    private void Judge(DeploymentStatus status, StatusConditions conditions, Condition? present, int deadline)
    {
        var subject = scope.New is { } set ? $"ReplicaSet \"{set.Name}\"" : $"Deployment \"{scope.Object.Name}\"";
        if (IsComplete(status))
        {
            conditions.Set("Progressing", "True", Available, $"{subject} has successfully progressed.");
        }
        else if (HasProgressed(status))
        {
            conditions.Renew("Progressing", "True", "ReplicaSetUpdated", $"{subject} is progressing.");
        }
        else if (present is not null && present.Reason != Available && (present.Reason == TimedOut || IsPast(present, deadline)))
        {
            conditions.Set("Progressing", "False", TimedOut, $"{subject} has timed out progressing.");
        }
    }

    private bool IsPast(Condition progressing, int deadline) => progressing.LastUpdateTime?.AddSeconds(deadline) < now;

    private bool HasProgressed(DeploymentStatus after)
    {
        var before = scope.Model.Status;
        return after.UpdatedReplicas > before.UpdatedReplicas
            || after.Replicas - after.UpdatedReplicas < before.Replicas - before.UpdatedReplicas
            || after.ReadyReplicas > before.ReadyReplicas
            || after.AvailableReplicas > before.AvailableReplicas;
    }

    private TimeSpan? UntilDeadline(DeploymentStatus status, int deadline)
    {
        var progressing = scope.Model.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Progressing");
        if (progressing?.LastUpdateTime is not { } since || progressing.Reason is TimedOut or Available || IsComplete(status))
        {
            return null;
        }
        var left = since.AddSeconds(deadline) - now;
        return (left < TimeSpan.Zero ? TimeSpan.Zero : left) + TimeSpan.FromSeconds(1);
    }

    private (DeploymentStatus Status, StatusConditions Conditions) Count()
    {
        var fresh = scope.New is { } set ? DeploymentScope.Of(set).Status : new ReplicaSetStatus();
        var all = scope.Sets.Select(item => DeploymentScope.Of(item).Status).ToList();
        var available = scope.TotalAvailable;
        var status = new DeploymentStatus
        {
            ObservedGeneration = scope.Model.Metadata.Generation ?? 0,
            Replicas = all.Sum(item => item.Replicas),
            UpdatedReplicas = fresh.Replicas,
            ReadyReplicas = all.Sum(item => item.ReadyReplicas),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(scope.TotalDesired - available, 0),
            CollisionCount = scope.Model.Status.CollisionCount,
        };
        var conditions = new StatusConditions(scope.Model.Status.Conditions, now);
        if (available >= scope.Replicas - scope.Bounds.MaxUnavailable)
        {
            conditions.Set("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
        }
        else
        {
            conditions.Set("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        }
        return (status, conditions);
    }

    private void Save(DeploymentStatus status, StatusConditions conditions)
    {
        var json = new JsonObject { ["observedGeneration"] = status.ObservedGeneration };
        foreach (var (name, value) in new[]
        {
            ("replicas", status.Replicas), ("updatedReplicas", status.UpdatedReplicas), ("readyReplicas", status.ReadyReplicas),
            ("availableReplicas", status.AvailableReplicas), ("unavailableReplicas", status.UnavailableReplicas),
        })
        {
            if (value != 0)
            {
                json[name] = value;
            }
        }
        if (conditions.ToJson(withUpdateTime: true) is { } list)
        {
            json["conditions"] = list;
        }
        if (status.CollisionCount is { } collisions)
        {
            json["collisionCount"] = collisions;
        }
        scope.Write(whole => whole["status"] = json);
    }
}
