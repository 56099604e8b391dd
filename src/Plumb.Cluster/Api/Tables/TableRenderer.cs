using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Http;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Tables;

/// <summary>Objects as rows, so that <c>kubectl get</c> shows what the server thinks matters.</summary>
internal static class TableRenderer
{
    private static readonly Lazy<Dictionary<string, JsonArray>> Columns = new(LoadColumns);

    /// <param name="includeObject">None, Metadata or Object: what of each object goes with its row.</param>
    public static JsonObject Render(ResourceKind kind, IReadOnlyList<KubeObject> items, DateTimeOffset now, string includeObject, bool withColumns)
    {
        var rows = new JsonArray();
        foreach (var item in items)
        {
            var json = item.ToMutable();
            var row = new JsonObject { ["cells"] = new JsonArray([.. Cells(kind, json, now)]) };
            if (kind == Resources.Pods && PodRow.Conditions(json) is { } conditions)
            {
                row["conditions"] = conditions;
            }
            row["object"] = includeObject switch
            {
                "None" => null,
                "Object" => JsonNode.Parse(Rendering.Bytes(kind, item).Span),
                _ => Rendering.MetadataOnly(item, "v1"),
            };
            rows.Add((JsonNode)row);
        }
        return new JsonObject
        {
            ["kind"] = "Table", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = new JsonObject(),
            ["columnDefinitions"] = withColumns ? Columns.Value[kind.Plural].DeepClone() : null,
            ["rows"] = rows,
        };
    }

    private static JsonNode?[] Cells(ResourceKind kind, JsonObject json, DateTimeOffset now)
    {
        var metadata = json.Object("metadata");
        var name = metadata.Text("name");
        var age = Cell.Age(metadata.Text("creationTimestamp"), now);
        var spec = json["spec"] as JsonObject ?? [];
        var status = json["status"] as JsonObject ?? [];
        return kind.Plural switch
        {
            "pods" => PodRow.Cells(json, now),
            "deployments" or "replicasets" or "statefulsets" => WorkloadRows.Cells(kind, json, age),
            "services" => NetworkRows.Service(name, spec, status, age),
            "endpoints" => [name, NetworkRows.Endpoints(json), age],
            "endpointslices" => [name, json.Text("addressType"), NetworkRows.SlicePorts(json), NetworkRows.SliceEndpoints(json), age],
            "nodes" => ClusterRows.Node(name, metadata, spec, status, age),
            "namespaces" => [name, status.Text("phase"), age],
            "events" => ClusterRows.Event(json, now),
            "secrets" => [name, json.Text("type"), Cell.Count(json["data"]), age],
            "configmaps" => [name, Cell.Count(json["data"]) + Cell.Count(json["binaryData"]), age],
            "serviceaccounts" => [name, Cell.Count(json["secrets"]), age],
            "leases" => [name, spec.Text("holderIdentity") ?? "", age],
            "controllerrevisions" => [name, WorkloadRows.Owner(metadata), json.Integer("revision"), age],
            "poddisruptionbudgets" => [name, Cell.Plain(spec["minAvailable"]) ?? "N/A", Cell.Plain(spec["maxUnavailable"]) ?? "N/A", status.Integer("disruptionsAllowed") ?? 0, age],
            "persistentvolumeclaims" => ClusterRows.Claim(name, metadata, spec, status, age),
            "persistentvolumes" => ClusterRows.Volume(name, metadata, spec, status, age),
            "storageclasses" => ClusterRows.StorageClass(name, json, age),
            _ => [name, metadata.Text("creationTimestamp")],
        };
    }

    private static Dictionary<string, JsonArray> LoadColumns()
    {
        using var stream = typeof(TableRenderer).Assembly.GetManifestResourceStream("Plumb.Cluster.columns.txt")!;
        using var reader = new StreamReader(stream);
        var columns = new Dictionary<string, JsonArray>();
        foreach (var line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'))
        {
            var parts = line.Split('|', 6);
            if (!columns.TryGetValue(parts[0], out var list))
            {
                columns[parts[0]] = list = [];
            }
            list.Add((JsonNode)new JsonObject
            {
                ["name"] = parts[1], ["type"] = parts[2], ["format"] = parts[3], ["description"] = parts[5].Replace("\\n", "\n", StringComparison.Ordinal),
                ["priority"] = int.Parse(parts[4], CultureInfo.InvariantCulture),
            });
        }
        return columns;
    }
}
