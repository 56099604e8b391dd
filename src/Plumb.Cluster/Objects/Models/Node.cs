using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

internal sealed record Node
{
    public ObjectMeta Metadata { get; init; } = new();
    public NodeSpec Spec { get; init; } = new();
    public NodeStatus Status { get; init; } = new();
}

internal sealed record NodeSpec
{
    public string? PodCIDR { get; init; }
    public string? ProviderID { get; init; }
    public bool? Unschedulable { get; init; }
    public IReadOnlyList<Taint>? Taints { get; init; }
}

internal sealed record Taint
{
    public string Key { get; init; } = "";
    public string? Value { get; init; }
    public string Effect { get; init; } = "";
    public DateTimeOffset? TimeAdded { get; init; }
}

internal sealed record NodeStatus
{
    public IReadOnlyDictionary<string, string>? Capacity { get; init; }
    public IReadOnlyDictionary<string, string>? Allocatable { get; init; }
    public IReadOnlyList<Condition>? Conditions { get; init; }
    public IReadOnlyList<NodeAddress>? Addresses { get; init; }
    public JsonElement? NodeInfo { get; init; }
    public JsonElement? DaemonEndpoints { get; init; }
}

internal sealed record NodeAddress
{
    public string Type { get; init; } = "";
    public string Address { get; init; } = "";
}

internal sealed record Service
{
    public ObjectMeta Metadata { get; init; } = new();
    public ServiceSpec Spec { get; init; } = new();
}

internal sealed record ServiceSpec
{
    public string? Type { get; init; }
    public string? ClusterIP { get; init; }
    public IReadOnlyDictionary<string, string>? Selector { get; init; }
    public IReadOnlyList<ServicePort>? Ports { get; init; }
    public bool? PublishNotReadyAddresses { get; init; }
    public string? ExternalName { get; init; }
}

internal sealed record ServicePort
{
    public string? Name { get; init; }
    public string? Protocol { get; init; }
    public int Port { get; init; }
    public JsonElement? TargetPort { get; init; }
    public int? NodePort { get; init; }
}
