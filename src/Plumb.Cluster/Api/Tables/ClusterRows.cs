using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Tables;

internal static class ClusterRows
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static JsonNode?[] Node(string? name, JsonObject metadata, JsonObject spec, JsonObject status, string age)
    {
        var ready = Cell.Items(status, "conditions").FirstOrDefault(item => item.Text("type") == "Ready")?.Text("status");
        var state = ready is null ? "Unknown" : ready == "True" ? "Ready" : "NotReady";
        if (spec["unschedulable"]?.GetValueKind() == JsonValueKind.True)
        {
            state += ",SchedulingDisabled";
        }
        var roles = (metadata["labels"] as JsonObject ?? []).Where(label => label.Key.StartsWith(RolePrefix, StringComparison.Ordinal) && label.Key.Length > RolePrefix.Length)
            .Select(label => label.Key[RolePrefix.Length..]).Order(StringComparer.Ordinal);
        string Address(string type) => Cell.Items(status, "addresses").FirstOrDefault(item => item.Text("type") == type)?.Text("address") ?? Cell.None;
        var info = status["nodeInfo"] as JsonObject ?? [];
        string Info(string field) => info.Text(field) is { Length: > 0 } text ? text : "<unknown>";
        return
        [
            name, state, string.Join(',', roles) is { Length: > 0 } listed ? listed : Cell.None, age, info.Text("kubeletVersion"), Address("InternalIP"), Address("ExternalIP"),
            Info("osImage"), Info("kernelVersion"), Info("containerRuntimeVersion"),
        ];
    }

    public static JsonNode?[] Event(JsonObject json, DateTimeOffset now)
    {
        var involved = json["involvedObject"] as JsonObject ?? [];
        var source = json["source"] as JsonObject ?? [];
        var series = json["series"] as JsonObject;
        var eventTime = json.Text("eventTime");
        var first = json.Text("firstTimestamp") is { } given ? Cell.Age(given, now) : Cell.Age(eventTime, now);
        var last = series?.Text("lastObservedTime") is { } observed ? Cell.Age(observed, now) : json.Text("lastTimestamp") is { } seen ? Cell.Age(seen, now) : first;
        var component = json.Text("reportingComponent") is { Length: > 0 } reporting ? reporting : source.Text("component");
        var instance = json.Text("reportingInstance") is { Length: > 0 } host ? host : source.Text("host");
        var who = instance is { Length: > 0 } ? $"{component}, {instance}" : component;
        return
        [
            last, json.Text("type"), json.Text("reason"), $"{involved.Text("kind")?.ToLowerInvariant()}/{involved.Text("name")}", involved.Text("fieldPath") ?? "", who,
            json.Text("message")?.Trim(), first, series?.Integer("count") ?? Math.Max(json.Integer("count") ?? 0, 1), json.Object("metadata").Text("name"),
        ];
    }

    public static JsonNode?[] Claim(string? name, JsonObject metadata, JsonObject spec, JsonObject status, string age)
    {
        var bound = spec.Text("volumeName") is { Length: > 0 };
        return
        [
            name, metadata.Text("deletionTimestamp") is null ? status.Text("phase") : "Terminating", spec.Text("volumeName") ?? "",
            bound ? (status["capacity"] as JsonObject)?.Text("storage") ?? "" : "", bound ? Cell.AccessModes(status["accessModes"]) : "",
            spec.Text("storageClassName") ?? "", spec.Text("volumeAttributesClassName") ?? "<unset>", age, spec.Text("volumeMode") ?? "<unset>",
        ];
    }

    public static JsonNode?[] Volume(string? name, JsonObject metadata, JsonObject spec, JsonObject status, string age)
    {
        var claim = spec["claimRef"] as JsonObject;
        return
        [
            name, (spec["capacity"] as JsonObject)?.Text("storage") ?? "", Cell.AccessModes(spec["accessModes"]), spec.Text("persistentVolumeReclaimPolicy"),
            metadata.Text("deletionTimestamp") is null ? status.Text("phase") : "Terminating", claim is null ? "" : $"{claim.Text("namespace")}/{claim.Text("name")}",
            spec.Text("storageClassName") ?? "", spec.Text("volumeAttributesClassName") ?? "<unset>", status.Text("reason") ?? "", age, spec.Text("volumeMode") ?? "<unset>",
        ];
    }

    public static JsonNode?[] StorageClass(string? name, JsonObject json, string age)
    {
        var isDefault = (json.Object("metadata")["annotations"] as JsonObject)?.Text("storageclass.kubernetes.io/is-default-class") == "true";
        return
        [
            isDefault ? name + " (default)" : name, json.Text("provisioner"), json.Text("reclaimPolicy"), json.Text("volumeBindingMode"),
            json["allowVolumeExpansion"]?.GetValueKind() == JsonValueKind.True, age,
        ];
    }
}
