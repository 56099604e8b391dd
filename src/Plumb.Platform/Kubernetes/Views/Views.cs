namespace Plumb.Platform.Kubernetes.Views;

/// <summary>The fields of a pod that most users need, read from the object when asked.</summary>
public readonly record struct PodView(KubeObject Object)
{
    public string Phase => Object.Json.Field("status").Text("phase") ?? "";

    public string? Node => Object.Json.Field("spec").Text("nodeName");

    public string? Ip => Object.Json.Field("status").Text("podIP");

    /// <summary>The condition Ready is True and nobody has asked for its deletion.</summary>
    public bool IsReady => !Object.IsTerminating
        && Object.Json.Field("status").Items("conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    /// <summary>Restarts of all containers.</summary>
    public int Restarts => Object.Json.Field("status").Items("containerStatuses").Sum(container => container.Number("restartCount") ?? 0);

    /// <summary>Why the first container that waits or has ended does so, for instance CrashLoopBackOff; null when all run.</summary>
    public string? Trouble => Object.Json.Field("status").Items("containerStatuses")
        .Select(container => container.Field("state").Field("waiting").Text("reason") ?? container.Field("state").Field("terminated").Text("reason"))
        .FirstOrDefault(reason => reason is not null);
}

/// <summary>The pods behind a Service, as one of its EndpointSlices lists them.</summary>
public readonly record struct EndpointSliceView(KubeObject Object)
{
    public string? Service => Object.Label("kubernetes.io/service-name");

    /// <summary>Names of the pods (or addresses, where there is no pod) that get traffic.</summary>
    public IReadOnlyList<string> Ready => [.. Object.Json.Items("endpoints")
        // An absent 'ready' means ready (API documentation of EndpointConditions).
        .Where(endpoint => endpoint.Field("conditions").Flag("ready") ?? true)
        .Select(endpoint => endpoint.Field("targetRef").Text("name") ?? endpoint.Items("addresses").Select(address => address.GetString()).FirstOrDefault() ?? "")];
}

/// <summary>A core/v1 Event.</summary>
public readonly record struct EventView(KubeObject Object)
{
    public string Reason => Object.Json.Text("reason") ?? "";

    public string Message => Object.Json.Text("message") ?? "";

    public string Type => Object.Json.Text("type") ?? "";

    public string About => $"{Object.Json.Field("involvedObject").Text("kind")}/{Object.Json.Field("involvedObject").Text("name")}";

    /// <summary>Who reported it, for instance kubelet or replicaset-controller.</summary>
    public string Source => Object.Json.Text("reportingComponent") is { Length: > 0 } component ? component : Object.Json.Field("source").Text("component") ?? "";

    public int Count => Object.Json.Number("count") ?? 1;
}

/// <summary>A Deployment, StatefulSet or ReplicaSet: what is asked for and what is there.</summary>
public readonly record struct WorkloadView(KubeObject Object)
{
    /// <summary>spec.replicas; 1 when it is absent, as the API has it.</summary>
    public int Wanted => Object.Json.Field("spec").Number("replicas") ?? 1;

    public int Ready => Object.Json.Field("status").Number("readyReplicas") ?? 0;

    /// <summary>The controller has seen the newest spec; before that its status tells of an older one.</summary>
    public bool IsObserved => (Object.Json.Field("status").Number("observedGeneration") ?? 0) >= (Object.Json.Field("metadata").Number("generation") ?? 0);
}
