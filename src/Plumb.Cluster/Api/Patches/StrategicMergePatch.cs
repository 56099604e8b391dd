using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Patches;

/// <summary>
/// Strategic merge patch: as a merge patch, but lists of objects merge by the key that the schema names, and directives
/// (<c>$patch</c>, <c>$setElementOrder</c>, <c>$retainKeys</c>, <c>$deleteFromPrimitiveList</c>) say what a merge cannot.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Order = "$setElementOrder/";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";

    public static JsonObject Apply(StructType? type, JsonObject target, JsonObject patch)
    {
        if (patch.Text("$patch") == "replace")
        {
            var replaced = patch.DeepClone().AsObject();
            replaced.Remove("$patch");
            return replaced;
        }
        if (patch.Text("$patch") == "delete")
        {
            return [];
        }
        var made = target.DeepClone().AsObject();
        if (patch["$retainKeys"] is JsonArray retained)
        {
            var keys = retained.Select(item => item?.GetValue<string>()).ToHashSet();
            foreach (var name in made.Select(pair => pair.Key).Where(name => !keys.Contains(name)).ToList())
            {
                made.Remove(name);
            }
        }
        foreach (var (name, value) in patch)
        {
            if (name[..1] == "$")
            {
                continue;
            }
            MergeField(type?.Field(name), made, name, value);
        }
        Directives(type, made, patch);
        return made;
    }

    private static void MergeField(SchemaField? field, JsonObject made, string name, JsonNode? value)
    {
        switch (value)
        {
            case null:
                made.Remove(name);
                break;
            case JsonObject inner:
                made[name] = Apply(field?.Type.Kind == ValueKind.Struct ? field.Type.Struct : null, made[name] as JsonObject ?? [], inner);
                break;
            case JsonArray list when field is { Merges: true, MergeKey: not null }:
                made[name] = MergeList(field, made[name] as JsonArray ?? [], list);
                break;
            case JsonArray list when field is { Merges: true }:
                var union = (made[name] as JsonArray ?? []).DeepClone().AsArray();
                foreach (var item in list.Where(item => !union.Any(had => JsonNode.DeepEquals(had, item))))
                {
                    union.Add(item?.DeepClone());
                }
                made[name] = union;
                break;
            default:
                made[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeList(SchemaField field, JsonArray target, JsonArray patch)
    {
        var key = field.MergeKey!;
        var type = field.Type.Element!.Struct;
        var items = patch.OfType<JsonObject>().ToList();
        if (items.Exists(item => item.Text("$patch") == "replace"))
        {
            return [.. items.Where(item => item.Text("$patch") is null).Select(item => item.DeepClone())];
        }
        var made = target.OfType<JsonObject>().Select(item => item.DeepClone().AsObject()).ToList();
        foreach (var item in items)
        {
            var at = made.FindIndex(had => JsonNode.DeepEquals(had[key], item[key]));
            if (item.Text("$patch") == "delete")
            {
                made.RemoveAll(had => JsonNode.DeepEquals(had[key], item[key]));
            }
            else if (at >= 0)
            {
                made[at] = Apply(type, made[at], item);
            }
            else
            {
                made.Add(Apply(type, [], item));
            }
        }
        return [.. made];
    }

    private static void Directives(StructType? type, JsonObject made, JsonObject patch)
    {
        foreach (var (name, value) in patch.Where(pair => pair.Value is JsonArray))
        {
            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal) && made[name[DeleteFrom.Length..]] is JsonArray values)
            {
                made[name[DeleteFrom.Length..]] = new JsonArray([.. values.Where(item => !value!.AsArray().Any(gone => JsonNode.DeepEquals(gone, item))).Select(item => item?.DeepClone())]);
            }
            else if (name.StartsWith(Order, StringComparison.Ordinal) && made[name[Order.Length..]] is JsonArray unordered)
            {
                made[name[Order.Length..]] = Ordered(unordered, value!.AsArray(), type?.Field(name[Order.Length..])?.MergeKey);
            }
        }
    }

    /// <summary>Items named in the order come in it; each of the others keeps its place after the item before it.</summary>
    private static JsonArray Ordered(JsonArray items, JsonArray order, string? key)
    {
        int Rank(JsonNode? item)
        {
            for (var i = 0; i < order.Count; i++)
            {
                if (key is null ? JsonNode.DeepEquals(order[i], item) : JsonNode.DeepEquals((order[i] as JsonObject)?[key], (item as JsonObject)?[key]))
                {
                    return i;
                }
            }
            return -1;
        }
        var ranked = new List<(int Rank, int At, JsonNode? Item)>();
        var last = -1;
        for (var i = 0; i < items.Count; i++)
        {
            var rank = Rank(items[i]);
            last = rank >= 0 ? rank : last;
            ranked.Add((rank >= 0 ? rank : last, i, items[i]));
        }
        return [.. ranked.OrderBy(entry => entry.Rank).ThenBy(entry => entry.At).Select(entry => entry.Item?.DeepClone())];
    }

    /// <summary>The patch as an object of its type, so that its types can be checked.</summary>
    public static JsonObject WithoutDirectives(JsonObject patch)
    {
        var made = new JsonObject();
        foreach (var (name, value) in patch.Where(pair => pair.Key.Length > 0 && pair.Key[0] != '$'))
        {
            made[name] = value switch
            {
                JsonObject inner => WithoutDirectives(inner),
                JsonArray list => new JsonArray([.. list.Select(item => item is JsonObject part ? WithoutDirectives(part) : item?.DeepClone())]),
                _ => value?.DeepClone(),
            };
        }
        return made;
    }
}
