using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api;

/// <summary>
/// Running pods that are annotated for Prometheus (<c>prometheus.io/scrape: "true"</c>, <c>…/port</c>, <c>…/path</c>), in the form of its HTTP service
/// discovery: the machine's Prometheus is built without Kubernetes discovery.
/// </summary>
internal static class PrometheusTargets
{
    public static LabPage Page(ClusterApi api) => new("application/json", Targets(api).ToJsonString(KubeJson.Compact.Options));

    private static JsonArray Targets(ClusterApi api)
    {
        var targets = new JsonArray();
        foreach (var item in api.List(Resources.Pods).Where(item => !item.IsTerminating))
        {
            var pod = item.As(KubeJson.Compact.Pod);
            var annotations = pod.Metadata.Annotations ?? new Dictionary<string, string>();
            if (annotations.GetValueOrDefault("prometheus.io/scrape") != "true" || pod.Status is not { Phase: "Running", PodIP: { Length: > 0 } address })
            {
                continue;
            }
            var port = annotations.GetValueOrDefault("prometheus.io/port") ?? $"{pod.Spec.Containers.SelectMany(container => container.Ports ?? []).Select(found => found.Port).FirstOrDefault(80)}";
            var labels = new JsonObject
            {
                ["namespace"] = item.Namespace, ["pod"] = item.Name, ["node"] = pod.Spec.NodeName,
                ["__metrics_path__"] = annotations.GetValueOrDefault("prometheus.io/path") ?? "/metrics",
            };
            foreach (var (key, value) in item.Labels)
            {
                labels["__meta_kubernetes_pod_label_" + LabelName(key)] = value;
            }
            if (item.Labels.TryGetValue("app", out var app) || item.Labels.TryGetValue("app.kubernetes.io/name", out app))
            {
                labels["app"] = app;
            }
            targets.Add((JsonNode)new JsonObject { ["targets"] = new JsonArray($"{address}:{port}"), ["labels"] = labels });
        }
        return targets;
    }

    private static string LabelName(string key) => string.Concat(key.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
