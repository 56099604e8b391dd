using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Validation;

internal static class ServiceValidation
{
    public static void Spec(JsonObject spec, FieldErrors errors)
    {
        var type = spec.Text("type") ?? "ClusterIP";
        var ports = spec["ports"] as JsonArray ?? [];
        if (ports.Count == 0 && type != "ExternalName" && spec.Text("clusterIP") != "None")
        {
            errors.Required("spec.ports");
        }
        PodValidation.Choice(spec, "sessionAffinity", "spec", errors, ["ClientIP", "None"]);
        PodValidation.Choice(spec, "type", "spec", errors, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
        if (type == "ExternalName" && spec.Text("externalName") is null or "" && type == "ExternalName")
        {
            errors.Required("spec.externalName");
        }
        MetadataValidation.Labels(spec["selector"] as JsonObject, "spec.selector", errors);
        var seen = new HashSet<string>();
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i] as JsonObject ?? [];
            var at = $"spec.ports[{i}]";
            var name = port.Text("name") ?? "";
            if (name.Length == 0 && ports.Count > 1)
            {
                errors.Required($"{at}.name");
            }
            else if (name.Length > 0 && Names.Dns1123Label(name) is { } wrong)
            {
                errors.Invalid($"{at}.name", FieldErrors.Quoted(name), wrong);
            }
            else if (name.Length > 0 && !seen.Add(name))
            {
                errors.Duplicate($"{at}.name", FieldErrors.Quoted(name));
            }
            if (port.Integer("port") is not (>= 1 and <= 65535))
            {
                errors.Invalid($"{at}.port", $"{port.Integer("port") ?? 0}", "must be between 1 and 65535, inclusive");
            }
            PodValidation.Choice(port, "protocol", at, errors, ["SCTP", "TCP", "UDP"]);
            if (port["targetPort"] is JsonValue && port.Text("targetPort") is null && port.Integer("targetPort") is not (>= 1 and <= 65535))
            {
                errors.Invalid($"{at}.targetPort", $"{port.Integer("targetPort")}", "must be between 1 and 65535, inclusive");
            }
        }
    }

    public static void Update(JsonObject before, JsonObject after, FieldErrors errors)
    {
        var old = before.Text("clusterIP");
        var now = after.Text("clusterIP");
        if (old is { Length: > 0 } && now != old && after.Text("type") != "ExternalName" && before.Text("type") != "ExternalName")
        {
            errors.Invalid("spec.clusterIPs[0]", $"[]string{{{FieldErrors.Quoted(now ?? "")}}}", "may not change once set");
        }
    }
}

internal static class VolumeValidation
{
    public static void Claim(JsonObject spec, FieldErrors errors)
    {
        if (spec["accessModes"] is not JsonArray { Count: > 0 } modes)
        {
            errors.Required("spec.accessModes", "at least 1 access mode is required");
        }
        else
        {
            foreach (var mode in modes.Select(item => item?.GetValue<string>() ?? "").Where(mode => mode is not ("ReadWriteOnce" or "ReadOnlyMany" or "ReadWriteMany" or "ReadWriteOncePod")))
            {
                errors.Unsupported("spec.accessModes", FieldErrors.Quoted(mode), "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod");
            }
        }
        if (spec["resources"]?["requests"]?["storage"] is null)
        {
            errors.Required("spec.resources[storage]");
        }
    }

    public static void ClaimUpdate(JsonObject before, JsonObject after, FieldErrors errors)
    {
        var (old, now) = (before.DeepClone().AsObject(), after.DeepClone().AsObject());
        foreach (var spec in new[] { old, now })
        {
            spec.Remove("resources");
            spec.Remove("volumeAttributesClassName");
        }
        if (old.Text("volumeName") is null or "")
        {
            // Binding sets the volume once.
            now.Remove("volumeName");
        }
        if (!JsonNode.DeepEquals(old, now))
        {
            errors.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
    }
}
