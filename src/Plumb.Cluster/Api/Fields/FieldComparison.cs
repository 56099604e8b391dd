using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;

namespace Plumb.Cluster.Api.Fields;

/// <summary>What differs between two versions of an object, field by field, in the sense of server-side apply.</summary>
internal sealed class FieldComparison
{
    public FieldSet Added { get; } = new();
    public FieldSet Modified { get; } = new();
    public FieldSet Removed { get; } = new();

    /// <summary>Every field that the second version sets anew or differently.</summary>
    public FieldSet Changed => Added.Union(Modified);

    public static FieldComparison Of(StructType type, JsonObject before, JsonObject after)
    {
        var comparison = new FieldComparison();
        comparison.CompareStruct(type, before, after, [], isRoot: true);
        return comparison;
    }

    private void CompareStruct(StructType type, JsonObject before, JsonObject after, string[] path, bool isRoot)
    {
        foreach (var field in type.Fields)
        {
            if (isRoot && field.Name is "metadata")
            {
                CompareMetadata(before["metadata"] as JsonObject ?? [], after["metadata"] as JsonObject ?? []);
                continue;
            }
            before.TryGetPropertyValue(field.Name, out var old);
            after.TryGetPropertyValue(field.Name, out var now);
            Compare(field.Type, field, before.ContainsKey(field.Name), old, after.ContainsKey(field.Name), now, [.. path, "f:" + field.Name]);
        }
    }

    private void CompareMetadata(JsonObject before, JsonObject after)
    {
        foreach (var field in Schemas.ObjectMeta.Fields.Where(field => !ManagedFields.IsUnowned(field.Name)))
        {
            Compare(field.Type, field, before.ContainsKey(field.Name), before[field.Name], after.ContainsKey(field.Name), after[field.Name], ["f:metadata", "f:" + field.Name]);
        }
    }

    private void Compare(SchemaType type, SchemaField? field, bool had, JsonNode? old, bool has, JsonNode? now, string[] path)
    {
        if (!had && !has)
        {
            return;
        }
        if (!had)
        {
            AddAll(Added, type, field, now, path);
            return;
        }
        if (!has)
        {
            AddAll(Removed, type, field, old, path);
            return;
        }
        if (FieldWalk.IsLeaf(type, field))
        {
            if (!JsonNode.DeepEquals(old, now))
            {
                At(Modified, path).IsMember = true;
            }
            return;
        }
        switch (type.Kind)
        {
            case ValueKind.Struct:
                CompareStruct(type.Struct!, old as JsonObject ?? [], now as JsonObject ?? [], path, isRoot: false);
                break;
            case ValueKind.Map:
                CompareMap(type, old as JsonObject ?? [], now as JsonObject ?? [], path);
                break;
            default:
                CompareList(type, field!, old as JsonArray ?? [], now as JsonArray ?? [], path);
                break;
        }
    }

    private void CompareMap(SchemaType type, JsonObject old, JsonObject now, string[] path)
    {
        foreach (var key in old.Select(pair => pair.Key).Union(now.Select(pair => pair.Key)))
        {
            Compare(type.Element!, null, old.ContainsKey(key), old[key], now.ContainsKey(key), now[key], [.. path, "f:" + key]);
        }
    }

    private void CompareList(SchemaType type, SchemaField field, JsonArray old, JsonArray now, string[] path)
    {
        var before = FieldWalk.Items(field, old);
        var after = FieldWalk.Items(field, now);
        foreach (var step in before.Keys.Union(after.Keys))
        {
            Compare(type.Element!, null, before.ContainsKey(step), before.GetValueOrDefault(step), after.ContainsKey(step), after.GetValueOrDefault(step), [.. path, step]);
        }
    }

    /// <summary>A part that is new or gone as a whole: each of its fields, and the containers between, are members.</summary>
    private static void AddAll(FieldSet set, SchemaType type, SchemaField? field, JsonNode? value, string[] path) =>
        FieldWalk.Collect(At(set, path), type, field, value, containersToo: true);

    private static FieldSet At(FieldSet set, string[] path) => path.Aggregate(set, (current, step) => current.Child(step));
}
