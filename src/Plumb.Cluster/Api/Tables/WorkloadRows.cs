using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Tables;

internal static class WorkloadRows
{
    public static JsonNode?[] Cells(ResourceKind kind, JsonObject json, string age)
    {
        var (spec, status) = (json["spec"] as JsonObject ?? [], json["status"] as JsonObject ?? []);
        var name = json.Object("metadata").Text("name");
        var containers = Cell.Items((spec["template"] as JsonObject)?["spec"] as JsonObject ?? [], "containers").ToList();
        var (names, images) = (string.Join(',', containers.Select(item => item.Text("name"))), string.Join(',', containers.Select(item => item.Text("image"))));
        var (desired, ready) = (spec.Integer("replicas") ?? 0, status.Integer("readyReplicas") ?? 0);
        var selector = Cell.Selector(spec["selector"] as JsonObject);
        return kind.Plural switch
        {
            "deployments" => [name, $"{ready}/{desired}", status.Integer("updatedReplicas") ?? 0, status.Integer("availableReplicas") ?? 0, age, names, images, selector],
            "replicasets" => [name, desired, status.Integer("replicas") ?? 0, ready, age, names, images, selector],
            _ => [name, $"{ready}/{desired}", age, names, images],
        };
    }

    /// <summary><c>statefulset.apps/db</c>.</summary>
    public static string Owner(JsonObject metadata)
    {
        var owner = Cell.Items(metadata, "ownerReferences").FirstOrDefault(item => item["controller"]?.GetValue<bool>() == true);
        if (owner is null)
        {
            return Cell.None;
        }
        var version = owner.Text("apiVersion") ?? "";
        var group = version.Contains('/', StringComparison.Ordinal) ? "." + version.Split('/')[0] : "";
        return $"{owner.Text("kind")?.ToLowerInvariant()}{group}/{owner.Text("name")}";
    }
}
