using Plumb.Cluster.Containers;

namespace Plumb.Cluster.Api;

/// <summary>What the API server asks of a node's kubelet, which runs in the same process.</summary>
internal interface INodeAgent
{
    string NodeName { get; }

    /// <summary>Writes a container's log to <paramref name="output"/>, and goes on while the request follows.</summary>
    /// <returns>Null when done; otherwise why there is no log (unknown container, no previous instance, still waiting to start).</returns>
    Task<ApiFailure?> StreamLogsAsync(string ns, string pod, string container, LogRequest request, Stream output, CancellationToken cancel);

    /// <summary>A container to run a command in; null when there is none of that name or it does not run.</summary>
    RunningContainer? Running(string ns, string pod, string container);

    /// <summary>Present use of each running container, for metrics.k8s.io and <c>kubectl top</c>.</summary>
    IReadOnlyList<ContainerUsage> Usage();

    /// <summary>Prometheus text: <c>cadvisor</c>, <c>resource</c> or <c>probes</c>; null for an unknown page.</summary>
    string? MetricsPage(string page);
}

/// <param name="TailLines">Only the last lines; null: all.</param>
/// <param name="LimitBytes">Ends after that many bytes; null: no limit.</param>
internal sealed record LogRequest(
    bool Follow = false, bool Previous = false, bool Timestamps = false, long? TailLines = null, DateTimeOffset? Since = null, long? LimitBytes = null);

/// <param name="NanoCores">CPU use over the last window, in billionths of a core.</param>
/// <param name="WorkingSetBytes">Memory that the kernel cannot simply drop.</param>
internal sealed record ContainerUsage(string Namespace, string Pod, string Container, long NanoCores, long WorkingSetBytes, DateTimeOffset At, TimeSpan Window);
