using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

internal sealed record Node
{
    public ObjectMeta Metadata { get; set; } = new();
    public NodeSpec Spec { get; set; } = new();
    public NodeStatus Status { get; set; } = new();
}

internal sealed record NodeSpec
{
    public string? PodCIDR { get; set; }
    public string? ProviderID { get; set; }
    public bool? Unschedulable { get; set; }
    public IReadOnlyList<Taint>? Taints { get; set; }
}

internal sealed record Taint
{
    public string Key { get; set; } = "";
    public string? Value { get; set; }
    public string Effect { get; set; } = "";
    public DateTimeOffset? TimeAdded { get; set; }
}

internal sealed record NodeStatus
{
    public IReadOnlyDictionary<string, string>? Capacity { get; set; }
    public IReadOnlyDictionary<string, string>? Allocatable { get; set; }
    public IReadOnlyList<Condition>? Conditions { get; set; }
    public IReadOnlyList<NodeAddress>? Addresses { get; set; }
    public JsonElement? NodeInfo { get; set; }
    public JsonElement? DaemonEndpoints { get; set; }
}

internal sealed record NodeAddress
{
    public string Type { get; set; } = "";
    public string Address { get; set; } = "";
}

internal sealed record Service
{
    public ObjectMeta Metadata { get; set; } = new();
    public ServiceSpec Spec { get; set; } = new();
}

internal sealed record ServiceSpec
{
    public string? Type { get; set; }
    public string? ClusterIP { get; set; }
    public IReadOnlyDictionary<string, string>? Selector { get; set; }
    public IReadOnlyList<ServicePort>? Ports { get; set; }
    public bool? PublishNotReadyAddresses { get; set; }
    public string? ExternalName { get; set; }
}

internal sealed record ServicePort
{
    public string? Name { get; set; }
    public string? Protocol { get; set; }
    public int Port { get; set; }
    public JsonElement? TargetPort { get; set; }
    public int? NodePort { get; set; }
}
