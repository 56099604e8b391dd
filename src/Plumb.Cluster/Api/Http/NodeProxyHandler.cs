using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Pages of a kubelet through the API server: health, its pods and its metrics.</summary>
internal sealed class NodeProxyHandler(ApiServices services)
{
    private const string PrometheusText = "text/plain; version=0.0.4; charset=utf-8";

    public Task HandleAsync(ApiRequest request)
    {
        var name = request.Name!.Split(':')[0];
        if (services.Api.Get(Resources.Nodes, null, name) is null)
        {
            return Answers.FailAsync(request.Http, ApiFailure.NotFound(Resources.Nodes, name));
        }
        if (services.Agents.Find(name) is not { } agent)
        {
            return Answers.FailAsync(request.Http, new ApiFailure(503, "ServiceUnavailable", $"error trying to reach service: node {name} has no kubelet in this cluster"));
        }
        switch (request.Rest)
        {
            case "healthz":
                return Answers.TextAsync(request.Http, 200, "ok");
            case "pods":
                var pods = services.Api.List(Resources.Pods).Where(pod => pod.Json.GetProperty("spec").TryGetProperty("nodeName", out var node) && node.GetString() == name).ToList();
                return Answers.SendAsync(request.Http, 200, Rendering.List(Resources.Pods, pods, []), Negotiated.Plain);
            case "metrics/cadvisor" or "metrics/resource" or "metrics/probes":
                var page = agent.MetricsPage(request.Rest["metrics/".Length..]);
                return page is null ? Answers.TextAsync(request.Http, 404, "404 page not found\n") : Answers.TextAsync(request.Http, 200, page, PrometheusText);
            default:
                return Answers.TextAsync(request.Http, 404, "404 page not found\n");
        }
    }
}
