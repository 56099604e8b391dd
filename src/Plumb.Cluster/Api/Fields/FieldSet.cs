using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Fields;

/// <summary>
/// A set of fields as managedFields stores it (FieldsV1): a tree whose steps are <c>f:name</c>, <c>k:{keys}</c> or <c>v:value</c>, and
/// where a node may be a member itself. The algebra of server-side apply works on these sets.
/// </summary>
internal sealed class FieldSet
{
    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    /// <summary>True when this very field belongs to the set, not only fields below it.</summary>
    public bool IsMember { get; set; }

    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public FieldSet Child(string step)
    {
        if (!_children.TryGetValue(step, out var child))
        {
            _children[step] = child = new FieldSet();
        }
        return child;
    }

    public FieldSet? Find(string step) => _children.GetValueOrDefault(step);

    public static FieldSet Parse(JsonObject fields)
    {
        var set = new FieldSet();
        foreach (var (step, below) in fields)
        {
            if (step == ".")
            {
                set.IsMember = true;
                continue;
            }
            var child = below is JsonObject { Count: > 0 } node ? Parse(node) : new FieldSet { IsMember = true };
            set._children[step] = child;
        }
        return set;
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && _children.Count > 0)
        {
            json["."] = new JsonObject();
        }
        foreach (var (step, child) in _children)
        {
            json[step] = child.ToJson();
        }
        return json;
    }

    public FieldSet Union(FieldSet other)
    {
        var made = new FieldSet { IsMember = IsMember || other.IsMember };
        foreach (var step in _children.Keys.Union(other._children.Keys))
        {
            var (mine, theirs) = (Find(step), other.Find(step));
            made._children[step] = mine is null ? theirs! : theirs is null ? mine : mine.Union(theirs);
        }
        return made;
    }

    public FieldSet Difference(FieldSet other)
    {
        var made = new FieldSet { IsMember = IsMember && !other.IsMember };
        foreach (var (step, child) in _children)
        {
            var left = other.Find(step) is { } theirs ? child.Difference(theirs) : child;
            if (!left.IsEmpty)
            {
                made._children[step] = left;
            }
        }
        return made;
    }

    public FieldSet Intersection(FieldSet other)
    {
        var made = new FieldSet { IsMember = IsMember && other.IsMember };
        foreach (var (step, child) in _children)
        {
            if (other.Find(step) is { } theirs && child.Intersection(theirs) is { IsEmpty: false } both)
            {
                made._children[step] = both;
            }
        }
        return made;
    }

    /// <summary>The members as the server names them in a conflict: <c>.spec.containers[name="c"].image</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (IsMember)
        {
            yield return prefix;
        }
        foreach (var (step, child) in _children)
        {
            foreach (var path in child.Paths(prefix + Readable(step)))
            {
                yield return path;
            }
        }
    }

    private static string Readable(string step)
    {
        var rest = step[2..];
        return step[0] switch
        {
            'f' => "." + rest,
            'k' => "[" + string.Join(",", JsonNode.Parse(rest)!.AsObject().Select(pair => $"{pair.Key}={pair.Value?.ToJsonString(KubeJson.Compact.Options)}")) + "]",
            'v' => $"[={rest}]",
            _ => $"[{rest}]",
        };
    }

    public bool SameAs(FieldSet other) =>
        IsMember == other.IsMember && _children.Count == other._children.Count
        && _children.All(pair => other.Find(pair.Key) is { } theirs && pair.Value.SameAs(theirs));

    /// <summary><c>k:{"name":"c"}</c> for an item of a list merged by key; an absent key counts with its default, or not at all.</summary>
    public static string KeyStep(IReadOnlyList<string> keys, JsonObject item, Schema.StructType? type)
    {
        var named = new JsonObject();
        foreach (var key in keys.Order(StringComparer.Ordinal))
        {
            if ((item[key] ?? type?.Field(key)?.Default) is { } value)
            {
                named[key] = value.DeepClone();
            }
        }
        return "k:" + named.ToJsonString(KubeJson.Compact.Options);
    }

    public static string ValueStep(JsonNode value) => "v:" + value.ToJsonString(KubeJson.Compact.Options);
}
