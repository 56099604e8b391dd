using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Validation;

internal static class DataValidation
{
    private const int MaxBytes = 1024 * 1024;

    public static void ConfigMap(JsonObject json, FieldErrors errors)
    {
        var total = Keys(json["data"] as JsonObject, "data", errors) + Keys(json["binaryData"] as JsonObject, "binaryData", errors);
        if (total > MaxBytes)
        {
            errors.TooLong("[]", $"may not be more than {MaxBytes} bytes");
        }
    }

    public static void Secret(JsonObject json, FieldErrors errors)
    {
        var total = Keys(json["data"] as JsonObject, "data", errors) * 3 / 4;
        if (total > MaxBytes)
        {
            errors.TooLong("data", $"may not be more than {MaxBytes} bytes");
        }
    }

    public static void Update(ResourceKind kind, JsonObject before, JsonObject after, FieldErrors errors)
    {
        if (kind.Kind == "Secret" && before.Text("type") != after.Text("type"))
        {
            errors.Invalid("type", FieldErrors.Quoted(after.Text("type") ?? ""), "field is immutable");
        }
        if (before["immutable"]?.GetValueKind() != JsonValueKind.True)
        {
            return;
        }
        if (after["immutable"]?.GetValueKind() != JsonValueKind.True)
        {
            errors.Forbidden("immutable", "field is immutable when `immutable` is set");
        }
        foreach (var field in (ReadOnlySpan<string>)["data", "binaryData"])
        {
            if (!JsonNode.DeepEquals(before[field], after[field]))
            {
                errors.Forbidden(field, "field is immutable when `immutable` is set");
            }
        }
    }

    private static long Keys(JsonObject? map, string path, FieldErrors errors)
    {
        long size = 0;
        foreach (var (key, value) in map ?? [])
        {
            size += System.Text.Encoding.UTF8.GetByteCount(value?.GetValue<string>() ?? "");
            if (Names.ConfigKey(key) is { } wrong)
            {
                errors.Invalid($"{path}[{key}]", FieldErrors.Quoted(key), wrong);
            }
        }
        return size;
    }
}
