using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Tables;

/// <summary>How single values look in a table.</summary>
internal static class Cell
{
    public const string None = "<none>";

    /// <summary>The time since then, in two units at most, as kubectl users know it: <c>45s</c>, <c>5m10s</c>, <c>3h</c>, <c>2d4h</c>.</summary>
    public static string Age(string? timestamp, DateTimeOffset now) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? Duration(now - time) : "<unknown>";

    public static string Duration(TimeSpan span)
    {
        var (seconds, minutes, hours) = ((long)span.TotalSeconds, (long)span.TotalMinutes, (long)span.TotalHours);
        return seconds < -1 ? "<invalid>"
            : seconds < 0 ? "0s"
            : seconds < 120 ? $"{seconds}s"
            : minutes < 10 ? Two(minutes, "m", seconds % 60, "s")
            : minutes < 180 ? $"{minutes}m"
            : hours < 8 ? Two(hours, "h", minutes % 60, "m")
            : hours < 48 ? $"{hours}h"
            : hours < 24 * 8 ? Two(hours / 24, "d", hours % 24, "h")
            : hours < 24 * 365 * 2 ? $"{hours / 24}d"
            : hours < 24 * 365 * 8 ? Two(hours / 24 / 365, "y", hours / 24 % 365, "d")
            : $"{hours / 24 / 365}y";
    }

    private static string Two(long major, string unit, long minor, string small) => minor == 0 ? $"{major}{unit}" : $"{major}{unit}{minor}{small}";

    public static int Count(JsonNode? container) => container switch
    {
        JsonObject map => map.Count,
        JsonArray list => list.Count,
        _ => 0,
    };

    /// <summary>A text or number as text; null when absent.</summary>
    public static string? Plain(JsonNode? value) => value?.GetValueKind() switch
    {
        null => null,
        JsonValueKind.String => value.GetValue<string>(),
        _ => value.ToJsonString(),
    };

    public static IEnumerable<JsonObject> Items(JsonObject owner, string name) => (owner[name] as JsonArray ?? []).OfType<JsonObject>();

    /// <summary><c>app=web,tier in (a,b)</c>.</summary>
    public static string Selector(JsonObject? selector)
    {
        if (selector is null)
        {
            return None;
        }
        var terms = (selector["matchLabels"] as JsonObject ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")
            .Concat(Items(selector, "matchExpressions").Select(term => term.Text("operator") switch
            {
                "Exists" => term.Text("key"),
                "DoesNotExist" => "!" + term.Text("key"),
                var sign => $"{term.Text("key")} {sign?.ToLowerInvariant()} ({string.Join(',', term["values"] as JsonArray ?? [])})",
            }));
        return string.Join(',', terms) is { Length: > 0 } text ? text : None;
    }

    public static string Labels(JsonObject? labels) =>
        labels is { Count: > 0 } ? string.Join(',', labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")) : None;

    public static string AccessModes(JsonNode? modes) => string.Join(',', (modes as JsonArray ?? []).Select(mode => mode?.GetValue<string>() switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        _ => "RWOP",
    }));
}
