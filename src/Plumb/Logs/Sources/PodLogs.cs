using System.Globalization;
using Plumb.Core;
using Plumb.Platform.Kubernetes;

namespace Plumb.Logs.Sources;

/// <summary>Which pods' logs.</summary>
/// <param name="Namespace">Null is all of them.</param>
/// <param name="Selector">A label selector; null is all pods of the namespace.</param>
/// <param name="Previous">Also the log of each container's instance before its last restart. Kubernetes keeps no older one.</param>
/// <param name="Since">Only lines that are younger; null is all.</param>
public sealed record PodLogRequest(string? Namespace, string? Selector, bool Previous, TimeSpan? Since = null);

/// <summary>Collects the logs of a cluster's pods, a source a container.</summary>
public static class PodLogs
{
    /// <summary>Containers whose logs are read in one run.</summary>
    public const int MostContainers = 500;

    /// <returns>Why they cannot be read; null when they can, also when there are none.</returns>
    public static async Task<Problem?> AddAsync(SourceFinder finder, KubeClient client, PodLogRequest request, CancellationToken cancellation)
    {
        var selector = request.Selector is null ? null : new KubeSelector(request.Selector);
        var pods = await client.ListAsync(KubeResource.Pods, request.Namespace, selector, cancellation);
        if (!pods.IsSuccess)
        {
            return Of(pods.Error);
        }
        var containers = pods.Value.Items.SelectMany(pod => pod.Json.Field("spec").Items("containers").Select(container => (Pod: pod, Container: container.Text("name") ?? ""))).ToArray();
        if (containers.Length > MostContainers)
        {
            return new Problem(string.Create(CultureInfo.InvariantCulture, $"{(request.Namespace is null ? "the cluster" : $"namespace {request.Namespace}")} has {containers.Length} containers; at most {MostContainers} are read at once"), "Choose some with -l SELECTOR");
        }
        foreach (var (pod, container) in containers)
        {
            var restarted = pod.Json.Field("status").Items("containerStatuses").Any(status => status.Text("name") == container && status.Number("restartCount") > 0);
            if (request.Previous && restarted && await AddOneAsync(finder, client, pod, container, new KubeLogRequest(container, Previous: true, Timestamps: true), cancellation) is { } old)
            {
                return old;
            }
            if (await AddOneAsync(finder, client, pod, container, new KubeLogRequest(container, Since: request.Since, Timestamps: true), cancellation) is { } problem)
            {
                return problem;
            }
        }
        return null;
    }

    private static async Task<Problem?> AddOneAsync(SourceFinder finder, KubeClient client, KubeObject pod, string container, KubeLogRequest log, CancellationToken cancellation)
    {
        var name = $"{Source(pod, container).Name}{(log.Previous ? " (previous)" : "")}";
        var opened = await client.LogAsync(pod.Namespace, pod.Name, log, cancellation);
        if (!opened.IsSuccess)
        {
            if (opened.Error.Kind is KubeErrorKind.NotFound || opened.Error.StatusCode is 400)
            {
                // The pod went meanwhile, or its container has not started: there is no log, which is no failure to read one.
                finder.Skip($"{name}: {opened.Error.Message.TrimEnd('.')}");
                return null;
            }
            return Of(opened.Error);
        }
        using var lines = opened.Value;
        try
        {
            await using var bytes = await lines.BytesAsync(cancellation);
            await finder.AddStreamAsync(Source(pod, container) with { Name = name }, bytes, cancellation);
            return null;
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            return new Problem($"the log of {name} broke off: {error.Message.TrimEnd('.')}", "Nothing was judged; try again");
        }
    }

    /// <summary>The log of one container, before it is read.</summary>
    internal static LogSource Source(KubeObject pod, string container)
    {
        var several = pod.Json.Field("spec").Items("containers").Count() > 1;
        return new LogSource($"{pod.Namespace}/{pod.Name}{(several ? $"/{container}" : "")}", "", 0, several ? container : SourceName.OfPod(pod.Name), pod.Name,
            Container: new PodContainer(pod.Namespace, pod.Name, container));
    }

    internal static Problem Of(KubeError error) => new(error.Message.TrimEnd('.'), error.Next.TrimEnd('.'));
}
