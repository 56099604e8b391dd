using System.Text.Json.Nodes;
using Plumb.Experiments.Format;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Views;
using Plumb.Platform.Processes;

namespace Plumb.Experiments.Activities;

/// <summary>Carries probes out. What cannot be looked at is a failure, never a value.</summary>
internal sealed class Probes(ClusterDoor door, ClusterRef cluster) : IDisposable
{
    /// <summary>Characters of an answer's body or a program's output that are kept.</summary>
    private const int TextLimit = 4000;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = Timeout.InfiniteTimeSpan };

    public async Task<ProbeAnswer> AskAsync(Provider provider, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(provider.Timeout);
        try
        {
            return provider.Type switch
            {
                "http" => await HttpAsync(provider, limit.Token),
                "process" => await ProcessAsync(provider, limit.Token),
                _ => await KubernetesAsync(provider, limit.Token),
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Failed($"no answer within {provider.Timeout.TotalSeconds:0.#} s");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<ProbeAnswer> KubernetesAsync(Provider provider, CancellationToken cancellation)
    {
        var open = door.Open(cluster);
        if (!open.IsOk)
        {
            return Failed(open.Problem!.ToString());
        }
        var ns = Text(provider, "namespace");
        if (provider.Function == "kubernetes.pods-ready")
        {
            var pods = await open.Value.ListAsync(KubeResource.Pods, ns, new KubeSelector(Text(provider, "selector")), cancellation);
            return pods.IsSuccess ? new ProbeAnswer(pods.Value.Items.Count(pod => new PodView(pod).IsReady), null) : Failed(pods.Error.ToString());
        }
        if (Scale.Workload(Text(provider, "kind")) is not { } resource)
        {
            return Failed($"kind is Deployment or StatefulSet, not '{Text(provider, "kind")}'");
        }
        var found = await open.Value.GetAsync(resource, ns, Text(provider, "name"), cancellation);
        if (!found.IsSuccess)
        {
            return Failed(found.Error.ToString());
        }
        var workload = new WorkloadView(found.Value);
        return new ProbeAnswer(workload.IsObserved && workload.Wanted > 0 && workload.Ready >= workload.Wanted, null);
    }

    /// <summary>The value is the status code, which is what the Chaos Toolkit compares a number with.</summary>
    private async Task<ProbeAnswer> HttpAsync(Provider provider, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(provider.Function, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            return Failed($"'{provider.Function}' is no http URL");
        }
        using var request = new HttpRequestMessage(new HttpMethod(Text(provider, "method")), url);
        if (provider.Arguments["body"] is { } body)
        {
            request.Content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        }
        foreach (var (name, value) in provider.Arguments["headers"] as JsonObject ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value?.ToString());
        }
        try
        {
            using var answer = await _http.SendAsync(request, cancellation);
            return new ProbeAnswer((int)answer.StatusCode, null);
        }
        catch (HttpRequestException error)
        {
            // The service not answering is what an http probe is there to find out: a value, which no tolerance of a status accepts.
            return new ProbeAnswer(0, $"no answer: {error.Message}");
        }
    }

    private static async Task<ProbeAnswer> ProcessAsync(Provider provider, CancellationToken cancellation)
    {
        var arguments = provider.Arguments["arguments"] switch
        {
            JsonArray list => list.Select(item => item?.ToString() ?? ""),
            JsonValue one => one.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries),
            _ => [],
        };
        var run = await ProcessRunner.RunAsync(new ProcessRequest(provider.Function, [.. arguments], provider.Timeout), cancellation);
        if (!run.IsOk)
        {
            return Failed(run.Problem!.What);
        }
        var output = run.Value.Output.Trim();
        return run.Value.ExitCode == 0 ? new ProbeAnswer(output[..Math.Min(output.Length, TextLimit)], null)
            : Failed($"{provider.Function} ended with exit code {run.Value.ExitCode}: {run.Value.LastLine}");
    }

    private static ProbeAnswer Failed(string why) => new(null, why);

    private static string Text(Provider provider, string key) => provider.Arguments[key]?.ToString() ?? "";
}
