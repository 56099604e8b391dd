namespace Plumb.Platform.Kubernetes;

/// <summary>A kind of object by its address in the API.</summary>
/// <param name="Group">The API group; empty for core.</param>
/// <param name="Plural">The name in URLs, for instance <c>pods</c>.</param>
public sealed record KubeResource(string Group, string Version, string Plural, string Kind, bool Namespaced = true)
{
    public static readonly KubeResource Pods = new("", "v1", "pods", "Pod");
    public static readonly KubeResource Services = new("", "v1", "services", "Service");
    public static readonly KubeResource Endpoints = new("", "v1", "endpoints", "Endpoints");
    public static readonly KubeResource Events = new("", "v1", "events", "Event");
    public static readonly KubeResource ConfigMaps = new("", "v1", "configmaps", "ConfigMap");
    public static readonly KubeResource Secrets = new("", "v1", "secrets", "Secret");
    public static readonly KubeResource Nodes = new("", "v1", "nodes", "Node", Namespaced: false);
    public static readonly KubeResource Namespaces = new("", "v1", "namespaces", "Namespace", Namespaced: false);
    public static readonly KubeResource PersistentVolumeClaims = new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim");
    public static readonly KubeResource Deployments = new("apps", "v1", "deployments", "Deployment");
    public static readonly KubeResource ReplicaSets = new("apps", "v1", "replicasets", "ReplicaSet");
    public static readonly KubeResource StatefulSets = new("apps", "v1", "statefulsets", "StatefulSet");
    public static readonly KubeResource DisruptionBudgets = new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget");
    public static readonly KubeResource EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");
    public static readonly KubeResource Leases = new("coordination.k8s.io", "v1", "leases", "Lease");

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The URL's path; names are escaped. A null namespace means all namespaces (lists and watches only).</summary>
    public string Path(string? ns, string? name = null, string? subresource = null)
    {
        var path = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        if (Namespaced && ns is not null)
        {
            path += $"/namespaces/{Uri.EscapeDataString(ns)}";
        }
        path += "/" + Plural;
        if (name is not null)
        {
            path += "/" + Uri.EscapeDataString(name);
        }
        return subresource is null ? path : $"{path}/{subresource}";
    }

    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
