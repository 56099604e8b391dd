using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Validation;

internal static class PodValidation
{
    private static readonly string[] Handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

    public static void Spec(JsonObject spec, string path, FieldErrors errors, params IReadOnlyList<string> restartPolicies)
    {
        var volumes = Volumes(spec, path, errors);
        var containers = spec["containers"] as JsonArray ?? [];
        var names = new HashSet<string>();
        if (containers.Count == 0)
        {
            errors.Required($"{path}.containers");
        }
        Containers(containers, $"{path}.containers", names, volumes, errors);
        Containers(spec["initContainers"] as JsonArray ?? [], $"{path}.initContainers", names, volumes, errors);
        var allowed = restartPolicies.Count == 0 ? ["Always", "OnFailure", "Never"] : restartPolicies;
        Choice(spec, "restartPolicy", path, errors, allowed);
        Choice(spec, "dnsPolicy", path, errors, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
        MetadataValidation.Labels(spec["nodeSelector"] as JsonObject, $"{path}.nodeSelector", errors);
        if (spec.Integer("activeDeadlineSeconds") is { } deadline and (< 1 or > int.MaxValue))
        {
            errors.Invalid($"{path}.activeDeadlineSeconds", $"{deadline}", "must be between 1 and 2147483647, inclusive");
        }
        if (spec.Integer("terminationGracePeriodSeconds") is { } grace and < 0)
        {
            errors.Invalid($"{path}.terminationGracePeriodSeconds", $"{grace}", "must be greater than or equal to 0");
        }
    }

    private static HashSet<string> Volumes(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        var volumes = (spec["volumes"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        for (var i = 0; i < volumes.Count; i++)
        {
            var at = $"{path}.volumes[{i}]";
            var name = volumes[i].Text("name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (Names.Dns1123Label(name) is { } wrong)
            {
                errors.Invalid($"{at}.name", FieldErrors.Quoted(name), wrong);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", FieldErrors.Quoted(name));
            }
            var sources = volumes[i].Where(pair => pair.Key != "name" && pair.Value is not null).Select(pair => pair.Key).ToList();
            foreach (var extra in sources.Skip(1))
            {
                errors.Forbidden($"{at}.{extra}", "may not specify more than 1 volume type");
            }
            if (volumes[i]["secret"] is JsonObject secret && secret.Text("secretName") is null or "" && sources.Contains("secret"))
            {
                errors.Required($"{at}.secret.secretName");
            }
            if (volumes[i]["persistentVolumeClaim"] is JsonObject claim && claim.Text("claimName") is null or "" && sources.Contains("persistentVolumeClaim"))
            {
                errors.Required($"{at}.persistentVolumeClaim.claimName");
            }
        }
        return names;
    }

    private static void Containers(JsonArray containers, string path, HashSet<string> names, HashSet<string> volumes, FieldErrors errors)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            var container = containers[i] as JsonObject ?? [];
            var at = $"{path}[{i}]";
            var name = container.Text("name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (Names.Dns1123Label(name) is { } wrong)
            {
                errors.Invalid($"{at}.name", FieldErrors.Quoted(name), wrong);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", FieldErrors.Quoted(name));
            }
            var image = container.Text("image") ?? "";
            if (image.Length == 0)
            {
                errors.Required($"{at}.image");
            }
            else if (image.Trim() != image)
            {
                errors.Invalid($"{at}.image", FieldErrors.Quoted(image), "must not have leading or trailing whitespace");
            }
            Choice(container, "imagePullPolicy", at, errors, ["Always", "IfNotPresent", "Never"]);
            Choice(container, "terminationMessagePolicy", at, errors, ["FallbackToLogsOnError", "File"]);
            Parts(container, at, volumes, errors);
            Resources(container["resources"] as JsonObject, $"{at}.resources", errors);
        }
    }

    private static void Parts(JsonObject container, string at, HashSet<string> volumes, FieldErrors errors)
    {
        Each(container, "ports", at, (port, path) =>
        {
            Port(port, "containerPort", path, errors);
            Choice(port, "protocol", path, errors, ["SCTP", "TCP", "UDP"]);
        });
        Each(container, "env", at, (variable, path) =>
        {
            if (variable.Text("name") is null or "")
            {
                errors.Required($"{path}.name");
            }
            if (variable.Text("value") is { Length: > 0 } && variable["valueFrom"] is not null)
            {
                errors.Invalid($"{path}.valueFrom", "\"\"", "may not be specified when `value` is not empty");
            }
        });
        Each(container, "volumeMounts", at, (mount, path) =>
        {
            var name = mount.Text("name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{path}.name");
            }
            else if (!volumes.Contains(name))
            {
                errors.NotFound($"{path}.name", FieldErrors.Quoted(name));
            }
            if (mount.Text("mountPath") is null or "")
            {
                errors.Required($"{path}.mountPath");
            }
        });
        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container[name] is JsonObject probe)
            {
                Probe(probe, $"{at}.{name}", isReadiness: name == "readinessProbe", errors);
            }
        }
    }

    private static void Probe(JsonObject probe, string path, bool isReadiness, FieldErrors errors)
    {
        var handlers = Handlers.Where(name => probe[name] is not null).ToList();
        if (handlers.Count == 0)
        {
            errors.Required(path, "must specify a handler type");
        }
        foreach (var extra in handlers.Skip(1))
        {
            errors.Forbidden($"{path}.{extra}", "may not specify more than 1 handler type");
        }
        foreach (var name in (ReadOnlySpan<string>)["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"])
        {
            if (probe.Integer(name) is { } value and < 0)
            {
                errors.Invalid($"{path}.{name}", $"{value}", "must be greater than or equal to 0");
            }
        }
        if (!isReadiness && probe.Integer("successThreshold") is { } successes and not 1)
        {
            errors.Invalid($"{path}.successThreshold", $"{successes}", "must be 1");
        }
    }

    private static void Resources(JsonObject? resources, string path, FieldErrors errors)
    {
        var limits = resources?["limits"] as JsonObject ?? [];
        foreach (var (name, value) in resources?["requests"] as JsonObject ?? [])
        {
            var request = value?.GetValue<string>() ?? "";
            if (limits.Text(name) is { } limit && Quantity.Parse(request) > Quantity.Parse(limit))
            {
                errors.Invalid($"{path}.requests", FieldErrors.Quoted(request), $"must be less than or equal to {name} limit of {limit}");
            }
        }
    }

    private static void Port(JsonObject json, string name, string path, FieldErrors errors)
    {
        var port = json.Integer(name) ?? 0;
        if (port == 0)
        {
            errors.Required($"{path}.{name}");
        }
        else if (port is < 1 or > 65535)
        {
            errors.Invalid($"{path}.{name}", $"{port}", "must be between 1 and 65535, inclusive");
        }
    }

    private static void Each(JsonObject owner, string name, string at, Action<JsonObject, string> check)
    {
        var items = owner[name] as JsonArray ?? [];
        for (var i = 0; i < items.Count; i++)
        {
            check(items[i] as JsonObject ?? [], $"{at}.{name}[{i}]");
        }
    }

    public static void Choice(JsonObject json, string name, string path, FieldErrors errors, IReadOnlyList<string> allowed)
    {
        if (json.Text(name) is { Length: > 0 } value && !allowed.Contains(value))
        {
            errors.Unsupported($"{path}.{name}", FieldErrors.Quoted(value), allowed);
        }
    }

    /// <summary>Of a pod's specification only a few fields may change.</summary>
    public static void Update(JsonObject before, JsonObject after, FieldErrors errors)
    {
        var (old, now) = (Comparable(before), Comparable(after));
        if (!JsonNode.DeepEquals(old, now))
        {
            errors.Forbidden("spec", "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n" + Difference(old, now));
        }
        var kept = (before["tolerations"] as JsonArray ?? []).Where(old => !(after["tolerations"] as JsonArray ?? []).Any(item => JsonNode.DeepEquals(item, old)));
        if (kept.Any())
        {
            errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
        }
    }

    private static JsonObject Comparable(JsonObject spec)
    {
        var copy = spec.DeepClone().AsObject();
        foreach (var name in (ReadOnlySpan<string>)["activeDeadlineSeconds", "tolerations"])
        {
            copy.Remove(name);
        }
        foreach (var container in Defaults.PodDefaults.Containers(copy))
        {
            container.Remove("image");
        }
        return copy;
    }

    /// <summary>The real server prints a Go comparison here; ours names the fields that differ.</summary>
    private static string Difference(JsonObject before, JsonObject after) =>
        string.Join('\n', before.Select(pair => pair.Key).Union(after.Select(pair => pair.Key)).Where(name => !JsonNode.DeepEquals(before[name], after[name]))
            .Select(name => $"- {name}: {Text(before[name])}\n+ {name}: {Text(after[name])}"));

    private static string Text(JsonNode? value) => value is null ? "nil" : JsonSerializer.Serialize(value, KubeJson.Compact.JsonNode);
}
