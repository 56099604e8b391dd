using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Platform.Kubernetes.Configuration;

namespace Plumb.Platform.Kubernetes;

/// <summary>
/// A thin client of the Kubernetes API: objects are JSON with the few fields at hand that all have, failures are values.
/// Safe for use from many threads; make one a cluster and keep it.
/// </summary>
/// <example>
/// <code>
/// var target = Kubeconfig.Load(Kubeconfig.DefaultFiles(Environment.GetEnvironmentVariable)).Then(config => config.Target(TimeProvider.System));
/// using var client = new KubeClient(target.Value!);
/// var pods = await client.ListAsync(KubeResource.Pods, "payments", new KubeSelector("app=ledger"), cancellation);
/// </code>
/// </example>
public sealed class KubeClient : IDisposable
{
    private readonly KubeTransport _transport;
    private readonly KubeClientOptions _options;

    public KubeClient(KubeTarget target, KubeClientOptions? options = null)
    {
        Target = target;
        _options = options ?? new KubeClientOptions();
        _transport = new KubeTransport(target, _options);
    }

    public KubeTarget Target { get; }

    public void Dispose() => _transport.Dispose();

    /// <returns>The server's git version, for instance <c>v1.33.3</c>.</returns>
    public async Task<KubeResult<string>> ServerVersionAsync(CancellationToken cancellation)
    {
        var answer = await SendAsync(HttpMethod.Get, "/version", null, null, cancellation);
        return answer.Then<string>(json => json.Text("gitVersion") is { } version ? version : KubeErrors.BadResponse("/version has no gitVersion."));
    }

    /// <summary>All objects of one moment, read in pages. When the list outlives the server's history (410), it is read anew, once, in one piece.</summary>
    /// <param name="ns">Null: all namespaces.</param>
    public async Task<KubeResult<KubeList>> ListAsync(KubeResource resource, string? ns, KubeSelector? selector, CancellationToken cancellation)
    {
        var list = await PagesAsync(resource, ns, selector ?? KubeSelector.All, _options.PageSize, cancellation);
        return list.Error is { Kind: KubeErrorKind.Gone } ? await PagesAsync(resource, ns, selector ?? KubeSelector.All, null, cancellation) : list;
    }

    public Task<KubeResult<KubeObject>> GetAsync(KubeResource resource, string? ns, string name, CancellationToken cancellation) =>
        ObjectAsync(HttpMethod.Get, resource.Path(ns, name), null, null, cancellation);

    public Task<KubeResult<KubeObject>> CreateAsync(KubeResource resource, string? ns, JsonObject body, CancellationToken cancellation) =>
        ObjectAsync(HttpMethod.Post, resource.Path(ns), body, null, cancellation);

    /// <summary>Writes the whole object. With a resourceVersion in it, somebody else's write in between is a Conflict.</summary>
    public Task<KubeResult<KubeObject>> ReplaceAsync(KubeResource resource, string? ns, string name, JsonObject body, CancellationToken cancellation) =>
        ObjectAsync(HttpMethod.Put, resource.Path(ns, name), body, null, cancellation);

    /// <param name="subresource">For instance <c>status</c>; null is the object itself.</param>
    public Task<KubeResult<KubeObject>> PatchAsync(KubeResource resource, string? ns, string name, KubePatch patch, CancellationToken cancellation, string? subresource = null) =>
        ObjectAsync(HttpMethod.Patch, resource.Path(ns, name, subresource) + patch.Query, patch.Body, patch.MediaType, cancellation);

    /// <returns>The object's last state, or its state with the deletion mark when it goes later (pods, finalizers).</returns>
    public Task<KubeResult<KubeObject>> DeleteAsync(KubeResource resource, string? ns, string name, KubeDelete? options, CancellationToken cancellation) =>
        ObjectAsync(HttpMethod.Delete, resource.Path(ns, name), (options ?? new KubeDelete()).ToJson(), null, cancellation);

    /// <summary>Deletes a pod only if the disruption budgets allow it; TooManyRequests when they do not.</summary>
    public async Task<KubeResult<KubeObject>> EvictAsync(string ns, string pod, KubeDelete? options, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "policy/v1",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["name"] = pod, ["namespace"] = ns },
            ["deleteOptions"] = (options ?? new KubeDelete()).ToJson(),
        };
        return await ObjectAsync(HttpMethod.Post, KubeResource.Pods.Path(ns, pod, "eviction"), body, null, cancellation);
    }

    /// <returns>The replicas that are asked for now (spec.replicas of the scale subresource).</returns>
    public async Task<KubeResult<int>> GetScaleAsync(KubeResource resource, string ns, string name, CancellationToken cancellation)
    {
        var scale = await SendAsync(HttpMethod.Get, resource.Path(ns, name, "scale"), null, null, cancellation);
        // An absent field is Kubernetes' way of writing zero.
        return scale.Then<int>(json => json.Field("spec").Number("replicas") ?? 0);
    }

    public async Task<KubeResult<int>> SetScaleAsync(KubeResource resource, string ns, string name, int replicas, CancellationToken cancellation)
    {
        var patch = KubePatch.Merge(new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } });
        var scaled = await PatchAsync(resource, ns, name, patch, cancellation, "scale");
        return scaled.Then<int>(json => json.Json.Field("spec").Number("replicas") ?? 0);
    }

    /// <summary>A pod's log as lines. With Follow the lines come as they are written, until the container ends.</summary>
    public async Task<KubeResult<KubeLog>> LogAsync(string ns, string pod, KubeLogRequest request, CancellationToken cancellation)
    {
        var opened = await _transport.OpenAsync(KubeResource.Pods.Path(ns, pod, "log") + request.Query, cancellation);
        return opened.Then<KubeLog>(answer => new KubeLog(answer, _transport));
    }

    /// <summary>
    /// The present objects, then every change, across disconnects and lost history. See <see cref="KubeWatch"/> for what is promised.
    /// </summary>
    /// <param name="ns">Null: all namespaces.</param>
    public IAsyncEnumerable<KubeWatchEvent> WatchAsync(KubeResource resource, string? ns, KubeSelector? selector, KubeWatchOptions? options, CancellationToken cancellation) =>
        new KubeWatch(this, _transport, resource, ns, selector ?? KubeSelector.All, options ?? new KubeWatchOptions()).RunAsync(cancellation);

    /// <summary>Any GET that answers JSON, for what has no method of its own.</summary>
    public Task<KubeResult<JsonElement>> GetRawAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, null, cancellation);

    private async Task<KubeResult<KubeList>> PagesAsync(KubeResource resource, string? ns, KubeSelector selector, int? pageSize, CancellationToken cancellation)
    {
        var items = new List<KubeObject>();
        string? version = null;
        string? next = null;
        do
        {
            var limit = pageSize is { } size ? string.Create(CultureInfo.InvariantCulture, $"&limit={size}") : "";
            var from = next is null ? "" : $"&continue={Uri.EscapeDataString(next)}";
            var query = (limit + from + selector.Query).TrimStart('&');
            var page = await SendAsync(HttpMethod.Get, resource.Path(ns) + (query.Length == 0 ? "" : "?" + query), null, null, cancellation);
            if (!page.IsSuccess)
            {
                return page.Error;
            }
            var metadata = page.Value.Field("metadata");
            if (page.Value.Field("items").ValueKind is not (JsonValueKind.Array or JsonValueKind.Null) || metadata.Text("resourceVersion") is not { Length: > 0 } read)
            {
                return KubeErrors.BadResponse($"The answer to a list of {resource} is no list: it lacks items or a resourceVersion.");
            }
            version ??= read;
            items.AddRange(page.Value.Items("items").Select(item => new KubeObject(item)));
            var following = metadata.Text("continue") is { Length: > 0 } token ? token : null;
            if (following is not null && following == next)
            {
                return KubeErrors.BadResponse($"The list of {resource} never ends: the server answers the same page again.");
            }
            next = following;
        }
        while (next is not null);
        return new KubeList(items, version);
    }

    private async Task<KubeResult<KubeObject>> ObjectAsync(HttpMethod method, string path, JsonNode? body, string? mediaType, CancellationToken cancellation)
    {
        var answer = await SendAsync(method, path, body, mediaType, cancellation);
        return answer.Then<KubeObject>(json => json.ValueKind == JsonValueKind.Object ? new KubeObject(json) : KubeErrors.BadResponse($"The answer to {path} is no object."));
    }

    private async Task<KubeResult<JsonElement>> SendAsync(HttpMethod method, string path, JsonNode? body, string? mediaType, CancellationToken cancellation)
    {
        var answer = await _transport.SendAsync(method, path, body, mediaType, cancellation);
        if (!answer.IsSuccess)
        {
            return answer.Error;
        }
        try
        {
            return JsonElement.Parse(answer.Value);
        }
        catch (JsonException)
        {
            return KubeErrors.BadResponse($"The answer to {path} is not JSON.");
        }
    }
}
