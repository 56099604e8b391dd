using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Api.Validation;

internal static class WorkloadValidation
{
    private const string Atleast0 = "must be greater than or equal to 0";

    public static void Spec(ResourceKind kind, JsonObject spec, FieldErrors errors)
    {
        if (kind == Resources.StatefulSets)
        {
            PodValidation.Choice(spec, "podManagementPolicy", "spec", errors, ["OrderedReady", "Parallel"]);
        }
        foreach (var name in (ReadOnlySpan<string>)["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"])
        {
            if (spec.Integer(name) is { } number and < 0)
            {
                errors.Invalid($"spec.{name}", $"{number}", Atleast0);
            }
        }
        Selector(spec["selector"] as JsonObject, errors);
        var template = spec["template"] as JsonObject ?? [];
        var labels = template["metadata"]?["labels"] as JsonObject;
        if (!Matches(spec["selector"] as JsonObject, labels))
        {
            errors.Invalid("spec.template.metadata.labels", GoMap(labels), "`selector` does not match template `labels`");
        }
        MetadataValidation.Labels(labels, "spec.template.labels", errors);
        PodValidation.Spec(WithClaimedVolumes(template["spec"] as JsonObject ?? [], spec), "spec.template.spec", errors);
        if (template["spec"]?["restartPolicy"] is JsonValue policy && policy.GetValue<string>() is { Length: > 0 } text and not "Always")
        {
            errors.Unsupported("spec.template.spec.restartPolicy", FieldErrors.Quoted(text), "Always");
        }
        if (kind == Resources.Deployments)
        {
            Strategy(spec["strategy"] as JsonObject ?? [], errors);
        }
    }

    /// <summary>A StatefulSet's claim templates become volumes of its pods, so a mount may name them. They stand last: the indexes in messages stay those of the template.</summary>
    private static JsonObject WithClaimedVolumes(JsonObject template, JsonObject spec)
    {
        var claims = (spec["volumeClaimTemplates"] as JsonArray ?? []).Select(claim => claim?["metadata"]?["name"]?.GetValue<string>()).OfType<string>().ToList();
        if (claims.Count == 0)
        {
            return template;
        }
        var copy = (JsonObject)template.DeepClone();
        var volumes = copy["volumes"] as JsonArray ?? [];
        // A volume of the template with a claim's name is replaced by the claim, as the controller does it.
        var names = volumes.Select(volume => volume?["name"]?.GetValue<string>()).ToHashSet();
        foreach (var claim in claims.Where(claim => !names.Contains(claim)))
        {
            volumes.Add((JsonNode)new JsonObject { ["name"] = claim, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim } });
        }
        if (volumes.Parent is null)
        {
            copy["volumes"] = volumes;
        }
        return copy;
    }

    private static void Strategy(JsonObject strategy, FieldErrors errors)
    {
        PodValidation.Choice(strategy, "type", "spec.strategy", errors, ["Recreate", "RollingUpdate"]);
        if (strategy.Text("type") == "Recreate" && strategy["rollingUpdate"] is not null)
        {
            errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        }
        if (strategy["rollingUpdate"] is JsonObject rolling && IsZero(rolling["maxUnavailable"]) && IsZero(rolling["maxSurge"]))
        {
            errors.Invalid("spec.strategy.rollingUpdate.maxUnavailable", GoIntOrString(rolling["maxUnavailable"]), "may not be 0 when `maxSurge` is 0");
        }
    }

    private static bool IsZero(JsonNode? value) => value is JsonValue number && (number.ToJsonString() is "0" or "\"0%\"");

    private static string GoIntOrString(JsonNode? value) => value?.ToJsonString() ?? "null";

    private static void Selector(JsonObject? selector, FieldErrors errors)
    {
        if (selector is null)
        {
            errors.Required("spec.selector");
        }
        else if (selector["matchLabels"] is not JsonObject { Count: > 0 } && selector["matchExpressions"] is not JsonArray { Count: > 0 })
        {
            errors.Invalid("spec.selector", GoSelector(selector), "empty selector is invalid for deployment");
        }
        MetadataValidation.Labels(selector?["matchLabels"] as JsonObject, "spec.selector.matchLabels", errors);
    }

    private static bool Matches(JsonObject? selector, JsonObject? labels) =>
        selector is not null && selector.Deserialize(KubeJson.Compact.LabelSelector) is { } read && read.Matches(labels?.ToTexts());

    public static void SelectorIsImmutable(JsonObject before, JsonObject after, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(before["selector"], after["selector"]))
        {
            errors.Invalid("spec.selector", GoSelector(after["selector"] as JsonObject ?? []), "field is immutable");
        }
    }

    public static void StatefulSetUpdate(JsonObject before, JsonObject after, FieldErrors errors)
    {
        var (old, now) = (before.DeepClone().AsObject(), after.DeepClone().AsObject());
        foreach (var spec in new[] { old, now })
        {
            foreach (var name in (ReadOnlySpan<string>)["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"])
            {
                spec.Remove(name);
            }
        }
        if (!JsonNode.DeepEquals(old, now))
        {
            errors.Forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
                + "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }

    public static void Budget(JsonObject spec, FieldErrors errors)
    {
        if (spec["minAvailable"] is { } minimum && spec["maxUnavailable"] is not null)
        {
            errors.Invalid("spec", "policy.PodDisruptionBudgetSpec", "minAvailable and maxUnavailable cannot be both set");
            _ = minimum;
        }
        foreach (var name in (ReadOnlySpan<string>)["minAvailable", "maxUnavailable"])
        {
            if (spec.Integer(name) is { } number and < 0)
            {
                errors.Invalid($"spec.{name}", $"{number}", Atleast0);
            }
            else if (spec.Text(name) is { } text && !(text.EndsWith('%') && int.TryParse(text[..^1], System.Globalization.CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100))
            {
                errors.Invalid($"spec.{name}", FieldErrors.Quoted(text), "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
            }
        }
    }

    private static string GoMap(JsonObject? map) =>
        map is null ? "map[string]string(nil)"
        : "map[string]string{" + string.Join(", ", map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{FieldErrors.Quoted(pair.Key)}:{FieldErrors.Quoted(pair.Value?.GetValue<string>() ?? "")}")) + "}";

    private static string GoSelector(JsonObject selector)
    {
        var expressions = selector["matchExpressions"] is JsonArray { Count: > 0 } list
            ? "[]v1.LabelSelectorRequirement{" + string.Join(", ", list.OfType<JsonObject>().Select(GoRequirement)) + "}"
            : "[]v1.LabelSelectorRequirement(nil)";
        return $"v1.LabelSelector{{MatchLabels:{GoMap(selector["matchLabels"] as JsonObject)}, MatchExpressions:{expressions}}}";
    }

    private static string GoRequirement(JsonObject item)
    {
        var values = item["values"] is JsonArray { Count: > 0 } list
            ? "[]string{" + string.Join(", ", list.Select(value => FieldErrors.Quoted(value?.GetValue<string>() ?? ""))) + "}"
            : "[]string(nil)";
        return $"v1.LabelSelectorRequirement{{Key:{FieldErrors.Quoted(item.Text("key") ?? "")}, Operator:{FieldErrors.Quoted(item.Text("operator") ?? "")}, Values:{values}}}";
    }
}
