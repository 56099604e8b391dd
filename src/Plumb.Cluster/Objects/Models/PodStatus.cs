namespace Plumb.Cluster.Objects.Models;

internal sealed record PodStatus
{
    public string? Phase { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public string? HostIP { get; init; }
    public IReadOnlyList<HostIp>? HostIPs { get; init; }
    public string? PodIP { get; init; }
    public IReadOnlyList<PodIp>? PodIPs { get; init; }
    public DateTimeOffset? StartTime { get; init; }
    public string? QosClass { get; init; }
    public string? NominatedNodeName { get; init; }
    public long? ObservedGeneration { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }
    public IReadOnlyList<ContainerStatus>? InitContainerStatuses { get; init; }
    public IReadOnlyList<ContainerStatus>? ContainerStatuses { get; init; }

    public bool IsReady => Conditions is not null && Conditions.Any(condition => condition is { Type: "Ready", Status: "True" });
}

internal sealed record HostIp
{
    public string Ip { get; init; } = "";
}

internal sealed record PodIp
{
    public string Ip { get; init; } = "";
}

internal sealed record ContainerStatus
{
    public string Name { get; init; } = "";
    public ContainerState State { get; init; } = new();
    public ContainerState LastState { get; init; } = new();
    public bool Ready { get; init; }
    public int RestartCount { get; init; }
    public string Image { get; init; } = "";
    public string ImageID { get; init; } = "";
    public string? ContainerID { get; init; }
    public bool? Started { get; init; }
}

/// <summary>At most one of the three is set.</summary>
internal sealed record ContainerState
{
    public ContainerWaiting? Waiting { get; init; }
    public ContainerRunning? Running { get; init; }
    public ContainerTerminated? Terminated { get; init; }
}

internal sealed record ContainerWaiting
{
    public string? Reason { get; init; }
    public string? Message { get; init; }
}

internal sealed record ContainerRunning
{
    public DateTimeOffset? StartedAt { get; init; }
}

internal sealed record ContainerTerminated
{
    public int ExitCode { get; init; }
    public int? Signal { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public string? ContainerID { get; init; }
}
