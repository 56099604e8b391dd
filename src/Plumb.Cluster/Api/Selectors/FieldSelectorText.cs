using System.Text.Json;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Selectors;

/// <summary>A field selector: <c>status.phase!=Running,spec.nodeName=node1</c>. Only the fields that Kubernetes indexes can be used.</summary>
internal sealed class FieldSelectorText
{
    private static readonly Dictionary<string, string[]> Known = new()
    {
        ["pods"] = ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"],
        ["events"] =
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
            "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
        ],
        ["secrets"] = ["type"],
        ["nodes"] = ["spec.unschedulable"],
        ["namespaces"] = ["status.phase"],
        ["services"] = ["spec.clusterIP", "spec.type"],
    };

    private readonly List<(string Field, bool Equal, string Value)> _terms = [];

    public bool IsEmpty => _terms.Count == 0;

    /// <summary>The one name that is asked for (<c>metadata.name=x</c>); null when several could match.</summary>
    public string? Name => _terms.Find(term => term is { Field: "metadata.name", Equal: true }).Value;

    public bool Matches(KubeObject item) => _terms.TrueForAll(term => (ValueOf(item, term.Field) == term.Value) == term.Equal);

    public static (FieldSelectorText? Selector, string? Error) Parse(string text, ResourceKind kind)
    {
        var selector = new FieldSelectorText();
        foreach (var term in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                return (null, $"invalid selector: '{term}'; can't understand '{term}'");
            }
            var negative = term[at - 1] == '!';
            var field = term[..(negative ? at - 1 : at)];
            var value = term[(at + 1)..].TrimStart('=');
            if (field is not ("metadata.name" or "metadata.namespace") && !Known.GetValueOrDefault(kind.Plural, []).Contains(field))
            {
                // Kinds with fields of their own answer in one form, all others in the other.
                return (null, Known.ContainsKey(kind.Plural) ? $"field label not supported: {field}"
                    : $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
            }
            selector._terms.Add((field, !negative, value));
        }
        return (selector, null);
    }

    private static string ValueOf(KubeObject item, string field)
    {
        switch (field)
        {
            case "metadata.name":
                return item.Name;
            case "metadata.namespace":
                return item.Namespace ?? "";
            case "spec.unschedulable" or "spec.hostNetwork":
                return Read(item.Json, field) is { ValueKind: JsonValueKind.True } ? "true" : "false";
            case "source":
                return Text(Read(item.Json, "source.component")) is { Length: > 0 } component ? component : Text(Read(item.Json, "reportingComponent"));
            default:
                return Text(Read(item.Json, field));
        }
    }

    private static JsonElement Read(JsonElement json, string path)
    {
        foreach (var part in path.Split('.'))
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(part, out json))
            {
                return default;
            }
        }
        return json;
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };
}
