using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Selectors;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>metrics.k8s.io: the present use of nodes and pods, measured by the kubelets when asked (<c>kubectl top</c>).</summary>
internal sealed class MetricsApi(ApiServices services)
{
    private const string ApiVersion = "metrics.k8s.io/v1beta1";

    public Task HandleAsync(ApiRequest request)
    {
        if (request.Method != "GET" || request.Subresource is not null)
        {
            return Answers.FailAsync(request.Http, request.Subresource is null ? ApiFailure.MethodNotAllowed : ApiFailure.NoSuchResource);
        }
        var (labels, error) = LabelSelectorText.Parse(request.Query("labelSelector") ?? "");
        if (error is not null)
        {
            return Answers.FailAsync(request.Http, ApiFailure.BadRequest(error));
        }
        return request.Resource switch
        {
            "nodes" when request.Namespace is null => SendAsync(request, "Node", Nodes(labels!)),
            "pods" => SendAsync(request, "Pod", Pods(request.Namespace, labels!)),
            _ => Answers.FailAsync(request.Http, ApiFailure.NoSuchResource),
        };
    }

    private static Task SendAsync(ApiRequest request, string of, List<JsonObject> items)
    {
        if (request.Name is null)
        {
            foreach (var item in items)
            {
                item.Remove("kind");
                item.Remove("apiVersion");
            }
            var list = new JsonObject { ["kind"] = of + "MetricsList", ["apiVersion"] = ApiVersion, ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]) };
            return Answers.SendAsync(request.Http, 200, list, Negotiated.Plain);
        }
        var one = items.Find(item => item.Object("metadata").Text("name") == request.Name);
        var kind = new ResourceKind("metrics.k8s.io", "v1beta1", request.Resource, of + "Metrics", of == "Pod");
        return one is null ? Answers.FailAsync(request.Http, ApiFailure.NotFound(kind, request.Name)) : Answers.SendAsync(request.Http, 200, one, Negotiated.Plain);
    }

    private List<JsonObject> Nodes(LabelSelectorText labels)
    {
        var items = new List<JsonObject>();
        foreach (var node in services.Api.List(Resources.Nodes).Where(node => labels.Matches(node.Labels)))
        {
            if (services.Agents.Find(node.Name)?.Usage() is not { } usage)
            {
                continue;
            }
            var at = usage.Count > 0 ? usage.Max(item => item.At) : services.Api.Time.GetUtcNow();
            var window = usage.Count > 0 ? usage.Max(item => item.Window) : TimeSpan.FromSeconds(10);
            var item = Item("NodeMetrics", node, at, window);
            item["usage"] = Amounts(usage.Sum(part => part.NanoCores), usage.Sum(part => part.WorkingSetBytes));
            items.Add(item);
        }
        return items;
    }

    private List<JsonObject> Pods(string? ns, LabelSelectorText labels)
    {
        var usage = services.Agents.All.SelectMany(agent => agent.Usage()).GroupBy(item => (item.Namespace, item.Pod)).ToDictionary(group => group.Key, group => group.ToList());
        var items = new List<JsonObject>();
        foreach (var pod in services.Api.List(Resources.Pods, ns).Where(pod => labels.Matches(pod.Labels)))
        {
            if (!usage.TryGetValue((pod.Namespace!, pod.Name), out var containers))
            {
                continue;
            }
            var item = Item("PodMetrics", pod, containers.Max(part => part.At), containers.Max(part => part.Window));
            item["containers"] = new JsonArray([.. containers.OrderBy(part => part.Container, StringComparer.Ordinal)
                .Select(part => (JsonNode)new JsonObject { ["name"] = part.Container, ["usage"] = Amounts(part.NanoCores, part.WorkingSetBytes) })]);
            items.Add(item);
        }
        return items;
    }

    private static JsonObject Item(string kind, KubeObject about, DateTimeOffset at, TimeSpan window)
    {
        var metadata = new JsonObject { ["name"] = about.Name };
        if (about.Namespace is not null)
        {
            metadata["namespace"] = about.Namespace;
        }
        metadata["creationTimestamp"] = at.ToKubeTime();
        if (about.Labels.Count > 0)
        {
            metadata["labels"] = new JsonObject([.. about.Labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]);
        }
        return new JsonObject
        {
            ["kind"] = kind, ["apiVersion"] = ApiVersion, ["metadata"] = metadata, ["timestamp"] = at.ToKubeTime(),
            ["window"] = window.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s",
        };
    }

    private static JsonObject Amounts(long nanoCores, long bytes) => new() { ["cpu"] = $"{nanoCores}n", ["memory"] = $"{bytes / 1024}Ki" };
}
