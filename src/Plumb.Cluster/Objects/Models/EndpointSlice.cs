namespace Plumb.Cluster.Objects.Models;

internal sealed record EndpointSlice
{
    public ObjectMeta Metadata { get; set; } = new();
    public IReadOnlyList<Endpoint>? Endpoints { get; set; }
    public IReadOnlyList<EndpointPort>? Ports { get; set; }
}

internal sealed record Endpoint
{
    public IReadOnlyList<string> Addresses { get; set; } = [];
    public EndpointConditions Conditions { get; set; } = new();
    public string? Hostname { get; set; }
    public string? NodeName { get; set; }
    public ObjectReference? TargetRef { get; set; }
}

/// <summary>Null means unknown, which readers take as ready, serving and not terminating.</summary>
internal sealed record EndpointConditions
{
    public bool? Ready { get; set; }
    public bool? Serving { get; set; }
    public bool? Terminating { get; set; }
}

internal sealed record EndpointPort
{
    public string? Name { get; set; }
    public string? Protocol { get; set; }
    public int? Port { get; set; }
}
