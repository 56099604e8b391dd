using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Tables;

internal static class NetworkRows
{
    private const int Shown = 3;

    public static JsonNode?[] Service(string? name, JsonObject spec, JsonObject status, string age)
    {
        var type = spec.Text("type");
        var address = spec.Text("clusterIP") is { Length: > 0 } ip ? ip : Cell.None;
        var outside = string.Join(',', (spec["externalIPs"] as JsonArray ?? []).Select(item => item?.GetValue<string>()));
        var external = type switch
        {
            "ExternalName" => spec.Text("externalName"),
            "LoadBalancer" => Balancers(status) is { Length: > 0 } found ? found : outside.Length > 0 ? outside : "<pending>",
            _ => outside.Length > 0 ? outside : Cell.None,
        };
        var ports = Cell.Items(spec, "ports").Select(port =>
            port.Integer("nodePort") is > 0 and var node ? $"{port.Integer("port")}:{node}/{port.Text("protocol")}" : $"{port.Integer("port")}/{port.Text("protocol")}");
        return [name, type, address, external, string.Join(',', ports) is { Length: > 0 } text ? text : Cell.None, age, Cell.Labels(spec["selector"] as JsonObject)];
    }

    private static string Balancers(JsonObject status) =>
        string.Join(',', Cell.Items(status["loadBalancer"] as JsonObject ?? [], "ingress").Select(item => item.Text("ip") ?? item.Text("hostname")));

    public static string Endpoints(JsonObject json)
    {
        var all = new List<string>();
        foreach (var subset in Cell.Items(json, "subsets"))
        {
            var ports = Cell.Items(subset, "ports").ToList();
            var addresses = Cell.Items(subset, "addresses").Select(item => item.Text("ip") ?? "").ToList();
            all.AddRange(ports.Count == 0 ? addresses : ports.SelectMany(port => addresses.Select(address => $"{address}:{port.Integer("port")}")));
        }
        return Some(all, Cell.None);
    }

    public static string SlicePorts(JsonObject slice) =>
        Some([.. Cell.Items(slice, "ports").Select(port => port.Integer("port") is { } number ? $"{number}" : "*")], "<unset>", separator: ",");

    public static string SliceEndpoints(JsonObject slice) =>
        Some([.. Cell.Items(slice, "endpoints").SelectMany(item => (item["addresses"] as JsonArray ?? []).Where(address => address?.GetValueKind() == JsonValueKind.String).Select(address => address!.GetValue<string>()))], "<unset>");

    private static string Some(List<string> all, string none, string separator = ",") =>
        all.Count == 0 ? none : string.Join(separator, all.Take(Shown)) + (all.Count > Shown ? $" + {all.Count - Shown} more..." : "");
}
