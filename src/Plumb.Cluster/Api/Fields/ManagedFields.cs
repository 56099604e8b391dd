using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Fields;

/// <summary>Who owns which fields, as <c>metadata.managedFields</c> records it.</summary>
internal static class ManagedFields
{
    private static readonly HashSet<string> Unowned =
        ["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"];

    /// <summary>True for metadata that belongs to no manager.</summary>
    public static bool IsUnowned(string metadataField) => Unowned.Contains(metadataField);

    /// <summary>One entry of managedFields.</summary>
    public sealed record Entry(string Manager, string Operation, string ApiVersion, string? Subresource)
    {
        public string? Time { get; set; }
        public FieldSet Fields { get; set; } = new();

        public bool IsSameManager(Entry other) =>
            Manager == other.Manager && Operation == other.Operation && ApiVersion == other.ApiVersion && Subresource == other.Subresource;
    }

    public static List<Entry> Read(JsonObject metadata) =>
        metadata["managedFields"] is not JsonArray entries ? []
        : [.. entries.OfType<JsonObject>().Select(entry => new Entry(entry.Text("manager") ?? "", entry.Text("operation") ?? "", entry.Text("apiVersion") ?? "", entry.Text("subresource"))
        {
            Time = entry.Text("time"),
            Fields = FieldSet.Parse(entry["fieldsV1"] as JsonObject ?? []),
        })];

    public static void Write(JsonObject metadata, IEnumerable<Entry> entries)
    {
        var ordered = entries.Where(entry => !entry.Fields.IsEmpty)
            .OrderBy(entry => entry.Operation, StringComparer.Ordinal).ThenBy(entry => entry.Time ?? "", StringComparer.Ordinal)
            .ThenBy(entry => entry.Manager, StringComparer.Ordinal).ThenBy(entry => entry.Subresource ?? "", StringComparer.Ordinal)
            .Select(ToJson).ToArray();
        metadata.Remove("managedFields");
        if (ordered.Length > 0)
        {
            metadata["managedFields"] = new JsonArray([.. ordered]);
        }
    }

    private static JsonNode ToJson(Entry entry)
    {
        var json = new JsonObject { ["manager"] = entry.Manager, ["operation"] = entry.Operation, ["apiVersion"] = entry.ApiVersion };
        if (entry.Time is not null)
        {
            json["time"] = entry.Time;
        }
        json["fieldsType"] = "FieldsV1";
        json["fieldsV1"] = entry.Fields.ToJson();
        if (entry.Subresource is not null)
        {
            json["subresource"] = entry.Subresource;
        }
        return json;
    }

    /// <summary>
    /// Records an ordinary write: the writer owns what it set or changed, the others lose what was changed or removed.
    /// </summary>
    /// <param name="before">The object before; for a create the empty object of its kind.</param>
    public static void Record(ResourceKind kind, JsonObject before, JsonObject after, WriteOptions options, string now)
    {
        var metadata = after.Object("metadata");
        // A client may write the list itself (kubectl hands its client-side fields over to apply so), or empty it to forget all owners.
        var reset = metadata["managedFields"] is JsonArray sent && (sent.Count == 0 || (sent.Count == 1 && sent[0] is JsonObject { Count: 0 }));
        var given = Read(metadata);
        var entries = reset ? [] : given.Count > 0 && given.TrueForAll(entry => entry is { Manager.Length: > 0, Operation: "Apply" or "Update" }) ? given : Read(before.Object("metadata"));
        var comparison = FieldComparison.Of(Schemas.Of(kind), before, after);
        var changed = comparison.Changed;
        var mine = new Entry(options.Manager, "Update", kind.ApiVersion, options.Subresource) { Time = now };
        var known = entries.Find(entry => entry.IsSameManager(mine));
        foreach (var other in entries.Where(entry => entry != known))
        {
            other.Fields = other.Fields.Difference(changed).Difference(comparison.Removed);
        }
        var owned = (known?.Fields ?? new FieldSet()).Difference(comparison.Removed).Union(changed);
        if (known is null)
        {
            mine.Fields = owned;
            entries.Add(mine);
        }
        else if (!owned.SameAs(known.Fields) || !changed.IsEmpty)
        {
            known.Fields = owned;
            known.Time = now;
        }
        Write(metadata, entries);
    }
}
