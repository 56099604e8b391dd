using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;

namespace Plumb.Cluster.Api.Fields;

/// <summary>How values divide into fields that managers own apart.</summary>
internal static class FieldWalk
{
    /// <summary>True for what is owned as a whole: scalars, atomic lists, maps and structures.</summary>
    public static bool IsLeaf(SchemaType type, SchemaField? field) => type.Kind switch
    {
        ValueKind.Struct => type.Struct!.IsAtomic || field is { IsAtomic: true },
        ValueKind.Map => field is { IsAtomic: true },
        ValueKind.List => field is null or { ListKeys: null, IsSet: false },
        _ => true,
    };

    /// <summary>The items of a keyed list or a set by their step; of two with the same key the first counts.</summary>
    public static Dictionary<string, JsonNode?> Items(SchemaField field, JsonArray list)
    {
        var items = new Dictionary<string, JsonNode?>();
        foreach (var item in list)
        {
            var step = field.ListKeys is { } keys && item is JsonObject keyed ? FieldSet.KeyStep(keys, keyed, field.Type.Element!.Struct) : item is null ? null : FieldSet.ValueStep(item);
            if (step is not null)
            {
                items.TryAdd(step, item);
            }
        }
        return items;
    }

    /// <summary>
    /// The fields of a value. With <paramref name="containersToo"/> the non-empty structures between count as members (a new part of an
    /// object); without, only leaves, empty containers and list items do (the fields that an apply names).
    /// </summary>
    public static void Collect(FieldSet set, SchemaType type, SchemaField? field, JsonNode? value, bool containersToo)
    {
        if (IsLeaf(type, field) || value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 })
        {
            set.IsMember = true;
            return;
        }
        set.IsMember |= containersToo;
        switch (type.Kind)
        {
            case ValueKind.Struct when value is JsonObject json:
                foreach (var part in type.Struct!.Fields.Where(part => json.ContainsKey(part.Name)))
                {
                    Collect(set.Child("f:" + part.Name), part.Type, part, json[part.Name], containersToo);
                }
                break;
            case ValueKind.Map when value is JsonObject map:
                foreach (var (key, item) in map)
                {
                    Collect(set.Child("f:" + key), type.Element!, null, item, containersToo);
                }
                break;
            case ValueKind.List when value is JsonArray list:
                foreach (var (step, item) in Items(field!, list))
                {
                    var child = set.Child(step);
                    Collect(child, type.Element!, null, item, containersToo);
                    child.IsMember = true;
                }
                break;
        }
    }
}
