using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Fields;

/// <summary>Server-side apply: a manager says which fields it wants; fields of others are conflicts, fields it no longer names go.</summary>
internal sealed class ServerSideApply(ResourceKind kind, string manager, string? subresource, bool force, string now)
{
    private readonly StructType _type = Schemas.Of(kind);

    /// <param name="live">The object as it is; empty metadata for a new one.</param>
    public (JsonObject? Next, ApiFailure? Failure) Merge(JsonObject live, JsonObject config)
    {
        var wanted = Wanted(config);
        var mine = new ManagedFields.Entry(manager, "Apply", kind.ApiVersion, subresource) { Time = now, Fields = wanted };
        var entries = ManagedFields.Read(live.Object("metadata"));
        var known = entries.Find(entry => entry.IsSameManager(mine));
        var merged = (JsonObject)MergeValue(new SchemaType(ValueKind.Struct, "", Struct: _type), null, live, config)!;
        var before = new ObjectReader().Read(_type, live);
        var comparison = FieldComparison.Of(_type, before, new ObjectReader().Read(_type, merged));
        var conflicts = new List<(ManagedFields.Entry Entry, FieldSet Fields)>();
        foreach (var other in entries.Where(entry => entry != known))
        {
            var both = other.Fields.Intersection(comparison.Changed.Intersection(wanted));
            if (!both.IsEmpty)
            {
                conflicts.Add((other, both));
            }
        }
        if (conflicts.Count > 0 && !force)
        {
            return (null, Conflict(conflicts));
        }
        foreach (var (other, fields) in conflicts)
        {
            other.Fields = other.Fields.Difference(fields);
        }
        if (known is not null)
        {
            var keep = entries.Where(entry => entry != known).Aggregate(wanted, (all, entry) => all.Union(entry.Fields));
            Prune(new SchemaType(ValueKind.Struct, "", Struct: _type), null, merged, known.Fields, keep);
            if (known.Fields.SameAs(wanted))
            {
                mine.Time = known.Time;
            }
            entries.Remove(known);
        }
        entries.Add(mine);
        var next = new ObjectReader().Read(_type, merged);
        ManagedFields.Write(next.Object("metadata"), entries);
        return (next, null);
    }

    private FieldSet Wanted(JsonObject config)
    {
        var set = new FieldSet();
        FieldWalk.Collect(set, new SchemaType(ValueKind.Struct, "", Struct: _type), null, config, containersToo: false);
        set.IsMember = false;
        var owned = new FieldSet();
        foreach (var (step, child) in set.Children.Where(pair => pair.Key is not ("f:kind" or "f:apiVersion" or "f:metadata")))
        {
            owned = owned.Union(Under(step, child));
        }
        if (set.Find("f:metadata") is { } metadata)
        {
            foreach (var (step, child) in metadata.Children.Where(pair => !ManagedFields.IsUnowned(pair.Key[2..])))
            {
                owned = owned.Union(Under("f:metadata", Under(step, child)));
            }
        }
        return owned;
    }

    private static FieldSet Under(string step, FieldSet child)
    {
        var parent = new FieldSet();
        var place = parent.Child(step);
        place.IsMember = child.IsMember;
        var united = place.Union(child);
        return Replace(parent, step, united);
    }

    private static FieldSet Replace(FieldSet parent, string step, FieldSet child)
    {
        var made = new FieldSet { IsMember = parent.IsMember };
        var target = made.Child(step);
        Copy(child, target);
        return made;
    }

    private static void Copy(FieldSet from, FieldSet to)
    {
        to.IsMember = from.IsMember;
        foreach (var (step, child) in from.Children)
        {
            Copy(child, to.Child(step));
        }
    }

    private static JsonNode? MergeValue(SchemaType type, SchemaField? field, JsonNode? live, JsonNode? config)
    {
        if (config is null || live is null || (FieldWalk.IsLeaf(type, field)))
        {
            return (config ?? live)?.DeepClone();
        }
        switch (type.Kind)
        {
            case ValueKind.Struct or ValueKind.Map when live is JsonObject old && config is JsonObject wanted:
                var made = old.DeepClone().AsObject();
                foreach (var (name, value) in wanted)
                {
                    var part = type.Struct?.Field(name);
                    var partType = part?.Type ?? type.Element;
                    made[name] = partType is null ? value?.DeepClone() : MergeValue(partType, part, old[name], value);
                }
                return made;
            case ValueKind.List when live is JsonArray had && config is JsonArray list:
                return MergeList(type, field!, had, list);
            default:
                return config.DeepClone();
        }
    }

    /// <summary>Items of the configuration come in its order, the others keep theirs.</summary>
    private static JsonArray MergeList(SchemaType type, SchemaField field, JsonArray live, JsonArray config)
    {
        var old = FieldWalk.Items(field, live);
        var wanted = FieldWalk.Items(field, config);
        var made = new JsonArray();
        var pending = wanted.Keys.ToList();
        foreach (var (step, item) in old)
        {
            if (!wanted.ContainsKey(step))
            {
                made.Add(item?.DeepClone());
                continue;
            }
            // New items that the configuration names before this one go before it.
            while (pending.Count > 0 && pending[0] != step && !old.ContainsKey(pending[0]))
            {
                made.Add(wanted[pending[0]]?.DeepClone());
                pending.RemoveAt(0);
            }
            made.Add(MergeValue(type.Element!, null, item, wanted[step]));
            pending.Remove(step);
        }
        foreach (var step in pending.Where(step => !old.ContainsKey(step)))
        {
            made.Add(wanted[step]?.DeepClone());
        }
        return made;
    }

    /// <summary>Takes away what the manager owned and no longer names, unless somebody else owns it.</summary>
    private static void Prune(SchemaType type, SchemaField? field, JsonNode? value, FieldSet owned, FieldSet keep)
    {
        if (FieldWalk.IsLeaf(type, field))
        {
            return;
        }
        foreach (var (step, below) in owned.Children)
        {
            var kept = keep.Find(step);
            if (step[0] == 'f' && value is JsonObject json && json.ContainsKey(step[2..]))
            {
                var part = type.Struct?.Field(step[2..]);
                var partType = part?.Type ?? type.Element;
                if (kept is null || kept.IsEmpty)
                {
                    if (below.IsMember || partType is null || OwnsAll(partType, part, json[step[2..]], below))
                    {
                        json.Remove(step[2..]);
                        continue;
                    }
                }
                if (partType is not null)
                {
                    Prune(partType, part, json[step[2..]], below, kept ?? new FieldSet());
                }
            }
            else if (step[0] is 'k' or 'v' && value is JsonArray list && field is not null)
            {
                var item = FieldWalk.Items(field, list).GetValueOrDefault(step);
                var at = list.IndexOf(item);
                if (at < 0)
                {
                    continue;
                }
                if (kept is null || kept.IsEmpty)
                {
                    list.RemoveAt(at);
                }
                else
                {
                    Prune(type.Element!, null, item, below, kept);
                }
            }
        }
    }

    /// <summary>True when nothing would be left of a container whose owned fields go.</summary>
    private static bool OwnsAll(SchemaType type, SchemaField? field, JsonNode? value, FieldSet owned)
    {
        var all = new FieldSet();
        FieldWalk.Collect(all, type, field, value, containersToo: false);
        return all.Difference(owned).IsEmpty;
    }

    private static ApiFailure Conflict(List<(ManagedFields.Entry Entry, FieldSet Fields)> conflicts)
    {
        var causes = new JsonArray();
        var texts = new List<string>();
        foreach (var (entry, fields) in conflicts)
        {
            var who = $"\"{entry.Manager}\"" + (entry.Subresource is null ? "" : $" with subresource \"{entry.Subresource}\"")
                + (entry.Operation == "Update" ? $" using {entry.ApiVersion}" : "");
            var paths = fields.Paths().ToList();
            texts.Add(paths.Count == 1 ? $"conflict with {who}: {paths[0]}" : $"conflicts with {who}:\n{string.Join('\n', paths.Select(path => "- " + path))}");
            foreach (var path in paths)
            {
                causes.Add((JsonNode)new JsonObject { ["reason"] = "FieldManagerConflict", ["message"] = $"conflict with {who}", ["field"] = path });
            }
        }
        var message = causes.Count == 1 ? $"Apply failed with 1 conflict: {texts[0]}" : $"Apply failed with {causes.Count} conflicts: {string.Join('\n', texts)}";
        return new ApiFailure(409, "Conflict", message, new JsonObject { ["causes"] = causes });
    }
}
