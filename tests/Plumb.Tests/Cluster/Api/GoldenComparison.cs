using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.Tests.Cluster.Api;

/// <summary>
/// Compares an answer with its recording. What must differ between two clusters is replaced on both sides, here and nowhere else:
/// uids, resource versions, times, random name endings, addresses, the authority's certificate, long numbers in messages, ages in
/// tables. What controllers and kubelets write between two requests of a recording (status of workloads, their revision annotation, their own entries
/// in managedFields and the order of those) is left out where a file's sequence needs it.
/// </summary>
internal static partial class GoldenComparison
{
    private static readonly HashSet<string> Times = ["creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime", "lastUpdateTime", "lastProbeTime", "startTime", "startedAt", "finishedAt", "expirationTimestamp", "firstTimestamp", "lastTimestamp", "renewTime", "acquireTime"];
    private static readonly HashSet<string> Own = ["uid", "resourceVersion", "clusterIP", "selfLink", "token", "continue", "gitCommit", "buildDate", "goVersion", "compiler", "serverAddress", "nodePort"];

    /// <summary>The first difference, as path, recorded and own value; null when there is none.</summary>
    public static string? Difference(JsonNode? recorded, JsonNode? own, bool withoutControllers) =>
        Compare("", Normal(recorded, null, withoutControllers), Normal(own, null, withoutControllers));

    private static JsonNode? Normal(JsonNode? node, string? name, bool withoutControllers) => node switch
    {
        JsonObject map => NormalMap(map, withoutControllers),
        JsonArray list when name == "managedFields" => NormalManaged(list, withoutControllers),
        JsonArray list when name is "clusterIPs" => JsonValue.Create($"<{list.Count} addresses>"),
        JsonArray list => new JsonArray([.. list.Select(item => Normal(item, null, withoutControllers))]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => NormalText(value.GetValue<string>(), name),
        null => null,
        _ => name is "nodePort" ? JsonValue.Create("<own>") : node.DeepClone(),
    };

    private static JsonObject NormalMap(JsonObject map, bool withoutControllers)
    {
        var made = new JsonObject();
        var isWorkload = map["kind"] is JsonValue kind && kind.GetValueKind() == JsonValueKind.String && kind.GetValue<string>() is "Deployment" or "PodDisruptionBudget" or "Pod";
        foreach (var (name, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (withoutControllers && ((isWorkload && name == "status") || name is "deployment.kubernetes.io/revision"))
            {
                continue;
            }
            var normal = Normal(value, name, withoutControllers);
            if (withoutControllers && name == "annotations" && normal is JsonObject { Count: 0 })
            {
                continue;
            }
            made[Uuid().Replace(TokenVolume().Replace(name, "kube-api-access-<>"), "<uid>")] = normal;
        }
        return made;
    }

    /// <summary>One entry a manager, ordered by name: the order in the recording hangs on the second in which each wrote.</summary>
    private static JsonArray NormalManaged(JsonArray list, bool withoutControllers) =>
        new([.. list.OfType<JsonObject>().Where(entry => !withoutControllers || entry["manager"]?.GetValue<string>() is not ("kube-controller-manager" or "kubelet" or "kube-scheduler" or "kube-apiserver"))
            .OrderBy(entry => $"{entry["manager"]} {entry["operation"]} {entry["subresource"]}", StringComparer.Ordinal).Select(entry => Normal(entry, null, withoutControllers))]);

    private static JsonValue NormalText(string text, string? name)
    {
        if (name is not null && (Times.Contains(name) || Own.Contains(name)))
        {
            return JsonValue.Create(text.Length == 0 ? "" : "<own>");
        }
        if (name is "ca.crt" or "client-ca-file")
        {
            return JsonValue.Create("<certificate>");
        }
        var normal = TokenVolume().Replace(Uuid().Replace(text, "<uid>"), "kube-api-access-<>");
        normal = Generated().Replace(normal, "${prefix}<>");
        return JsonValue.Create(LongNumber().Replace(normal, "<n>"));
    }

    private static string? Compare(string path, JsonNode? recorded, JsonNode? own)
    {
        switch (recorded, own)
        {
            case (JsonObject left, JsonObject right):
                return left.Select(pair => pair.Key).Union(right.Select(pair => pair.Key))
                    .Select(name => left.ContainsKey(name) && right.ContainsKey(name) ? Compare($"{path}.{name}", left[name], right[name]) : $"{path}.{name}: recorded {Short(left, name)}, own {Short(right, name)}")
                    .FirstOrDefault(found => found is not null);
            case (JsonArray left, JsonArray right) when left.Count == right.Count:
                return left.Select((item, i) => Compare($"{path}[{i}]", item, right[i])).FirstOrDefault(found => found is not null);
            case (JsonArray left, JsonArray right):
                return $"{path}: recorded {left.Count} items, own {right.Count}";
            default:
                return JsonNode.DeepEquals(recorded, own) ? null : $"{(path.Length == 0 ? "body" : path)}: recorded {Short(recorded)}, own {Short(own)}";
        }
    }

    private static string Short(JsonObject owner, string name) => owner.TryGetPropertyValue(name, out var value) ? Short(value) : "nothing";

    private static string Short(JsonNode? value)
    {
        const int Shown = 160;
        var text = value?.ToJsonString() ?? "null";
        return text.Length <= Shown ? text : text[..Shown] + "…";
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Uuid();

    [GeneratedRegex("kube-api-access-[a-z0-9]{5}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TokenVolume();

    /// <summary>The names that the recordings let the server generate.</summary>
    [GeneratedRegex("^(?<prefix>gen-|a{58})[a-z0-9]{5}$", RegexOptions.None, 1000)]
    private static partial Regex Generated();

    [GeneratedRegex("[0-9]{4,}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LongNumber();
}
