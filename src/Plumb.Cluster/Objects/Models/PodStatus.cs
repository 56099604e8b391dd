namespace Plumb.Cluster.Objects.Models;

internal sealed record PodStatus
{
    public string? Phase { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public string? HostIP { get; set; }
    public IReadOnlyList<HostIp>? HostIPs { get; set; }
    public string? PodIP { get; set; }
    public IReadOnlyList<PodIp>? PodIPs { get; set; }
    public DateTimeOffset? StartTime { get; set; }
    public string? QosClass { get; set; }
    public string? NominatedNodeName { get; set; }
    public long? ObservedGeneration { get; set; }
    public IReadOnlyList<Condition>? Conditions { get; set; }
    public IReadOnlyList<ContainerStatus>? InitContainerStatuses { get; set; }
    public IReadOnlyList<ContainerStatus>? ContainerStatuses { get; set; }

    public bool IsReady => Conditions is not null && Conditions.Any(condition => condition is { Type: "Ready", Status: "True" });
}

internal sealed record HostIp
{
    public string Ip { get; set; } = "";
}

internal sealed record PodIp
{
    public string Ip { get; set; } = "";
}

internal sealed record ContainerStatus
{
    public string Name { get; set; } = "";
    public ContainerState State { get; set; } = new();
    public ContainerState LastState { get; set; } = new();
    public bool Ready { get; set; }
    public int RestartCount { get; set; }
    public string Image { get; set; } = "";
    public string ImageID { get; set; } = "";
    public string? ContainerID { get; set; }
    public bool? Started { get; set; }
}

/// <summary>At most one of the three is set.</summary>
internal sealed record ContainerState
{
    public ContainerWaiting? Waiting { get; set; }
    public ContainerRunning? Running { get; set; }
    public ContainerTerminated? Terminated { get; set; }
}

internal sealed record ContainerWaiting
{
    public string? Reason { get; set; }
    public string? Message { get; set; }
}

internal sealed record ContainerRunning
{
    public DateTimeOffset? StartedAt { get; set; }
}

internal sealed record ContainerTerminated
{
    public int ExitCode { get; set; }
    public int? Signal { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
    public string? ContainerID { get; set; }
}
