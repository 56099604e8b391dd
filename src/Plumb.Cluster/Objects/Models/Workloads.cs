using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

/// <summary>Any object, for what only needs its metadata.</summary>
internal sealed record PlainObject
{
    public ObjectMeta Metadata { get; set; } = new();
}

internal sealed record Deployment
{
    public ObjectMeta Metadata { get; set; } = new();
    public DeploymentSpec Spec { get; set; } = new();
    public DeploymentStatus Status { get; set; } = new();
}

internal sealed record DeploymentSpec
{
    public int Replicas { get; set; } = 1;
    public LabelSelector Selector { get; set; } = new();
    public JsonElement Template { get; set; }
    public DeploymentStrategy Strategy { get; set; } = new();
    public int MinReadySeconds { get; set; }
    public int? RevisionHistoryLimit { get; set; }
    public bool Paused { get; set; }
    public int? ProgressDeadlineSeconds { get; set; }
}

internal sealed record DeploymentStrategy
{
    /// <summary>RollingUpdate or Recreate.</summary>
    public string Type { get; set; } = "RollingUpdate";
    public RollingUpdate? RollingUpdate { get; set; }
}

/// <summary>Of a Deployment (maxSurge, maxUnavailable) or a StatefulSet (partition).</summary>
internal sealed record RollingUpdate
{
    public JsonElement? MaxSurge { get; set; }
    public JsonElement? MaxUnavailable { get; set; }
    public int Partition { get; set; }
}

internal sealed record DeploymentStatus
{
    public long ObservedGeneration { get; set; }
    public int Replicas { get; set; }
    public int UpdatedReplicas { get; set; }
    public int ReadyReplicas { get; set; }
    public int AvailableReplicas { get; set; }
    public int UnavailableReplicas { get; set; }
    public int? CollisionCount { get; set; }
    public IReadOnlyList<Condition>? Conditions { get; set; }
}

internal sealed record ReplicaSet
{
    public ObjectMeta Metadata { get; set; } = new();
    public ReplicaSetSpec Spec { get; set; } = new();
    public ReplicaSetStatus Status { get; set; } = new();
}

internal sealed record ReplicaSetSpec
{
    public int Replicas { get; set; } = 1;
    public int MinReadySeconds { get; set; }
    public LabelSelector Selector { get; set; } = new();
    public JsonElement Template { get; set; }
}

internal sealed record ReplicaSetStatus
{
    public int Replicas { get; set; }
    public int FullyLabeledReplicas { get; set; }
    public int ReadyReplicas { get; set; }
    public int AvailableReplicas { get; set; }
    public long ObservedGeneration { get; set; }
    public IReadOnlyList<Condition>? Conditions { get; set; }
}

internal sealed record StatefulSet
{
    public ObjectMeta Metadata { get; set; } = new();
    public StatefulSetSpec Spec { get; set; } = new();
    public StatefulSetStatus Status { get; set; } = new();
}

internal sealed record StatefulSetSpec
{
    public int Replicas { get; set; } = 1;
    public LabelSelector Selector { get; set; } = new();
    public JsonElement Template { get; set; }
    public IReadOnlyList<JsonElement>? VolumeClaimTemplates { get; set; }
    public string? ServiceName { get; set; }
    /// <summary>OrderedReady or Parallel.</summary>
    public string PodManagementPolicy { get; set; } = "OrderedReady";
    public StatefulSetUpdateStrategy UpdateStrategy { get; set; } = new();
    public int? RevisionHistoryLimit { get; set; }
    public int MinReadySeconds { get; set; }
    public ClaimRetentionPolicy? PersistentVolumeClaimRetentionPolicy { get; set; }
    public StatefulSetOrdinals? Ordinals { get; set; }
}

internal sealed record StatefulSetUpdateStrategy
{
    /// <summary>RollingUpdate or OnDelete.</summary>
    public string Type { get; set; } = "RollingUpdate";
    public RollingUpdate? RollingUpdate { get; set; }
}

/// <summary>Retain or Delete, each.</summary>
internal sealed record ClaimRetentionPolicy
{
    public string WhenDeleted { get; set; } = "Retain";
    public string WhenScaled { get; set; } = "Retain";
}

internal sealed record StatefulSetOrdinals
{
    public int Start { get; set; }
}

internal sealed record StatefulSetStatus
{
    public long ObservedGeneration { get; set; }
    public int Replicas { get; set; }
    public int ReadyReplicas { get; set; }
    public int CurrentReplicas { get; set; }
    public int UpdatedReplicas { get; set; }
    public int AvailableReplicas { get; set; }
    public string? CurrentRevision { get; set; }
    public string? UpdateRevision { get; set; }
    public int? CollisionCount { get; set; }
}

internal sealed record ControllerRevision
{
    public ObjectMeta Metadata { get; set; } = new();
    public JsonElement? Data { get; set; }
    public long Revision { get; set; }
}

internal sealed record PodDisruptionBudget
{
    public ObjectMeta Metadata { get; set; } = new();
    public PodDisruptionBudgetSpec Spec { get; set; } = new();
    public PodDisruptionBudgetStatus Status { get; set; } = new();
}

internal sealed record PodDisruptionBudgetSpec
{
    public JsonElement? MinAvailable { get; set; }
    public JsonElement? MaxUnavailable { get; set; }
    public LabelSelector? Selector { get; set; }
}

internal sealed record PodDisruptionBudgetStatus
{
    public int DisruptionsAllowed { get; set; }
    public int CurrentHealthy { get; set; }
    public int DesiredHealthy { get; set; }
    public int ExpectedPods { get; set; }
    public IReadOnlyDictionary<string, DateTimeOffset>? DisruptedPods { get; set; }
    public IReadOnlyList<Condition>? Conditions { get; set; }
}

/// <summary>A node's sign of life: renewed by its kubelet.</summary>
internal sealed record Lease
{
    public ObjectMeta Metadata { get; set; } = new();
    public LeaseSpec Spec { get; set; } = new();
}

internal sealed record LeaseSpec
{
    public DateTimeOffset? RenewTime { get; set; }
    public int? LeaseDurationSeconds { get; set; }
}
