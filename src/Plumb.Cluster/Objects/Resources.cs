namespace Plumb.Cluster.Objects;

/// <summary>Every kind that the embedded cluster stores. Discovery, routing and help derive from this list.</summary>
internal static class Resources
{
    public static readonly ResourceKind ConfigMaps = Core("configmaps", "ConfigMap", "cm");
    public static readonly ResourceKind Endpoints = Core("endpoints", "Endpoints", "ep") with { Singular = "endpoints" };
    public static readonly ResourceKind Events = Core("events", "Event", "ev");
    public static readonly ResourceKind Namespaces = Core("namespaces", "Namespace", "ns") with { Namespaced = false, HasStatus = true };
    public static readonly ResourceKind Nodes = Core("nodes", "Node", "no") with { Namespaced = false, HasStatus = true };
    public static readonly ResourceKind PersistentVolumeClaims = Core("persistentvolumeclaims", "PersistentVolumeClaim", "pvc") with { HasStatus = true };
    public static readonly ResourceKind PersistentVolumes = Core("persistentvolumes", "PersistentVolume", "pv") with { Namespaced = false, HasStatus = true };
    public static readonly ResourceKind Pods = Core("pods", "Pod", "po") with { HasStatus = true, HasGeneration = true, Categories = ["all"] };
    public static readonly ResourceKind Secrets = Core("secrets", "Secret");
    public static readonly ResourceKind ServiceAccounts = Core("serviceaccounts", "ServiceAccount", "sa");
    public static readonly ResourceKind Services = Core("services", "Service", "svc") with { HasStatus = true, Categories = ["all"] };

    public static readonly ResourceKind ControllerRevisions = new("apps", "v1", "controllerrevisions", "ControllerRevision", true);
    public static readonly ResourceKind Deployments = Workload("deployments", "Deployment", "deploy");
    public static readonly ResourceKind ReplicaSets = Workload("replicasets", "ReplicaSet", "rs");
    public static readonly ResourceKind StatefulSets = Workload("statefulsets", "StatefulSet", "sts");

    public static readonly ResourceKind PodDisruptionBudgets =
        new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true) { ShortNames = ["pdb"], HasStatus = true, HasGeneration = true };
    public static readonly ResourceKind EndpointSlices = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true) { HasGeneration = true };
    public static readonly ResourceKind Leases = new("coordination.k8s.io", "v1", "leases", "Lease", true);
    public static readonly ResourceKind StorageClasses = new("storage.k8s.io", "v1", "storageclasses", "StorageClass", false) { ShortNames = ["sc"] };

    public static readonly IReadOnlyList<ResourceKind> All =
    [
        ConfigMaps, Endpoints, Events, Namespaces, Nodes, PersistentVolumeClaims, PersistentVolumes, Pods, Secrets, ServiceAccounts, Services,
        ControllerRevisions, Deployments, ReplicaSets, StatefulSets, PodDisruptionBudgets, EndpointSlices, Leases, StorageClasses,
    ];

    private static ResourceKind Core(string plural, string kind, params string[] shortNames) => new("", "v1", plural, kind, true) { ShortNames = shortNames };

    private static ResourceKind Workload(string plural, string kind, string shortName) =>
        new("apps", "v1", plural, kind, true) { ShortNames = [shortName], Categories = ["all"], HasStatus = true, HasScale = true, HasGeneration = true };
}
