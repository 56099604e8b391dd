using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Cluster.Objects;

/// <summary>Short ways to read and write JSON trees whose shape is known.</summary>
internal static class JsonNodes
{
    /// <summary>The text of a property, or null when it is absent or no string.</summary>
    public static string? Text(this JsonObject node, string name) =>
        node[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>The property as an object; made when absent, so that a path can be written in one line.</summary>
    public static JsonObject Object(this JsonObject node, string name)
    {
        if (node[name] is JsonObject present)
        {
            return present;
        }
        var made = new JsonObject();
        node[name] = made;
        return made;
    }

    public static long? Integer(this JsonObject node, string name) =>
        node[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number
        : node[name] is JsonValue element && element.TryGetValue<int>(out var small) ? small : null;

    public static IReadOnlyDictionary<string, string> ToTexts(this JsonObject node) =>
        node.Where(pair => pair.Value is JsonValue value && value.GetValueKind() == JsonValueKind.String)
            .ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>());

    /// <summary>Kubernetes writes times as UTC with whole seconds.</summary>
    public static string ToKubeTime(this DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Events' eventTime and Leases' renewTime carry microseconds.</summary>
    public static string ToKubeMicroTime(this DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
