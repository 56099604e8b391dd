using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>The parts of objects that have URLs of their own.</summary>
internal sealed class SubresourceHandler(ApiServices services)
{
    private readonly WriteHandler _write = new(services);
    private readonly PatchHandler _patch = new(services);
    private readonly ListHandler _list = new(services);
    private readonly ScaleHandler _scale = new(services);
    private readonly EvictionHandler _eviction = new(services);
    private readonly PodLogHandler _log = new(services);
    private readonly ExecHandler _exec = new(services);
    private readonly NodeProxyHandler _nodes = new(services);
    private readonly TokenRequestHandler _tokens = new(services);

    public Task HandleAsync(ApiRequest request, ResourceKind kind) => (kind.Kind, request.Subresource, request.Method) switch
    {
        (_, "status", "GET") when kind.HasStatus => _list.GetAsync(request, kind),
        (_, "status", "PUT") when kind.HasStatus => _write.ReplaceAsync(request, kind),
        (_, "status", "PATCH") when kind.HasStatus => _patch.HandleAsync(request, kind),
        (_, "scale", _) when kind.HasScale => _scale.HandleAsync(request, kind),
        ("Pod", "eviction", "POST") => _eviction.HandleAsync(request),
        ("Pod", "binding", "POST") => BindAsync(request),
        ("Pod", "log", "GET") => _log.HandleAsync(request),
        ("Pod", "exec", "GET" or "POST") => _exec.HandleAsync(request),
        ("Pod", "attach" or "portforward", "GET" or "POST") => UpgradeAsync(request),
        ("Pod" or "Service", "proxy", _) => ProxyAsync(request, kind),
        ("Node", "proxy", "GET") => _nodes.HandleAsync(request),
        ("Namespace", "finalize", "PUT") => FinalizeAsync(request),
        ("ServiceAccount", "token", "POST") => _tokens.HandleAsync(request),
        (_, "status" or "scale", _) when kind.HasStatus || kind.HasScale => Answers.FailAsync(request.Http, ApiFailure.MethodNotAllowed),
        _ => Answers.FailAsync(request.Http, ApiFailure.NoSuchResource),
    };

    /// <summary>What the scheduler does: gives a pod its node, once.</summary>
    public async Task BindAsync(ApiRequest request)
    {
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        JsonObject? binding = null;
        if (failure is null)
        {
            (binding, failure) = RequestBody.Decode(request.Http, body!, new ExpectedKind("", "v1", "Binding"));
        }
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var name = request.Name ?? binding!.Object("metadata").Text("name") ?? "";
        var result = Bind(services.Api, request.Namespace!, name, binding!.Object("target").Text("name") ?? "");
        await (result.IsOk ? SucceedAsync(request, 201) : Answers.FailAsync(request.Http, result.Failure));
    }

    private static ApiResult Bind(ClusterApi api, string ns, string name, string node) =>
        api.Update(Resources.Pods, ns, name, pod =>
        {
            var spec = pod.Object("spec");
            if (spec.Text("nodeName") is { Length: > 0 } taken)
            {
                return new ApiFailure(409, "Conflict", $"Operation cannot be fulfilled on pods/binding \"{name}\": pod {name} is already assigned to node \"{taken}\"",
                    new JsonObject { ["name"] = name, ["kind"] = "pods/binding" });
            }
            spec["nodeName"] = node;
            var conditions = pod.Object("status")["conditions"]?.DeepClone() as JsonArray ?? [];
            foreach (var old in conditions.OfType<JsonObject>().Where(item => item.Text("type") == "PodScheduled").ToList())
            {
                conditions.Remove(old);
            }
            conditions.Add((JsonNode)new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = api.Time.GetUtcNow().ToKubeTime() });
            pod.Object("status")["conditions"] = conditions;
            return null;
        });

    public static Task SucceedAsync(ApiRequest request, int code) =>
        Answers.SendAsync(request.Http, code, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] = code },
            (Negotiated.Of(null, request.Http) ?? Negotiated.Plain) with { As = null });

    private Task UpgradeAsync(ApiRequest request)
    {
        if (services.Api.Get(Resources.Pods, request.Namespace, request.Name!) is null)
        {
            return Answers.FailAsync(request.Http, ApiFailure.NotFound(Resources.Pods, request.Name!));
        }
        var asks = request.Http.Request.Headers.Upgrade.Count > 0 || request.Method == "CONNECT";
        return Answers.FailAsync(request.Http, asks
            ? new ApiFailure(501, "NotImplemented", $"{request.Subresource} is not supported by this cluster yet; exec and logs are")
            : ApiFailure.BadRequest("Upgrade request required"));
    }

    private Task ProxyAsync(ApiRequest request, ResourceKind kind) =>
        services.Api.Get(kind, request.Namespace, request.Name!.Split(':')[0]) is null
            ? Answers.FailAsync(request.Http, ApiFailure.NotFound(kind, request.Name!))
            : Answers.FailAsync(request.Http, new ApiFailure(501, "NotImplemented",
                $"the proxy of {kind.Plural} is not supported by this cluster yet; call the pod or Service by its address, which is a loopback address of this machine"));

    private async Task FinalizeAsync(ApiRequest request)
    {
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        JsonObject? json = null;
        if (failure is null)
        {
            (json, failure) = RequestBody.Decode(request.Http, body!, ExpectedKind.Of(Resources.Namespaces));
        }
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var result = services.Api.Update(Resources.Namespaces, null, request.Name!, item => { item["spec"] = json!["spec"]?.DeepClone() ?? new JsonObject(); });
        await (result.IsOk ? Rendering.SendAsync(request, Resources.Namespaces, 200, result.Object, services.Api.Time.GetUtcNow()) : Answers.FailAsync(request.Http, result.Failure));
    }
}
