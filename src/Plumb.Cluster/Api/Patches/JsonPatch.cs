using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Patches;

/// <summary>JSON patch (RFC 6902). A step into a map that is absent makes the map, as the API server's library does for add.</summary>
internal static class JsonPatch
{
    private const int OperationLimit = 10_000;

    public static (JsonObject? After, ApiFailure? Failure) Apply(JsonObject target, JsonNode? patch)
    {
        if (patch is not JsonArray operations || operations.Any(item => item is not JsonObject))
        {
            return (null, ApiFailure.BadRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch"));
        }
        if (operations.Count > OperationLimit)
        {
            return (null, new ApiFailure(413, "RequestEntityTooLarge", $"The allowed maximum operations in a JSON patch is {OperationLimit}, got {operations.Count}"));
        }
        var made = target.DeepClone().AsObject();
        foreach (var operation in operations)
        {
            if (!Apply(made, operation!.AsObject()))
            {
                return (null, new ApiFailure(422, "Invalid", "the server rejected our request due to an error in our request", []));
            }
        }
        return (made, null);
    }

    private static bool Apply(JsonObject root, JsonObject operation)
    {
        var path = operation.Text("path");
        if (path is null || (path.Length > 0 && path[0] != '/'))
        {
            return false;
        }
        operation.TryGetPropertyValue("value", out var value);
        switch (operation.Text("op"))
        {
            case "add":
                return Add(root, path, value?.DeepClone());
            case "remove":
                return Remove(root, path) is not null;
            case "replace":
                return Find(root, path).Found && Remove(root, path) is not null && Add(root, path, value?.DeepClone());
            case "test":
                return Find(root, path) is var (found, present) && (found || value is null) && JsonNode.DeepEquals(present, value);
            case "move" when operation.Text("from") is { } from:
                return Remove(root, from) is { } moved && Add(root, path, moved.Value);
            case "copy" when operation.Text("from") is { } source:
                return Find(root, source) is (true, var copied) && Add(root, path, copied?.DeepClone());
            default:
                return false;
        }
    }

    private static string[] Steps(string path) =>
        [.. path.Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    private static (bool Found, JsonNode? Value) Find(JsonObject root, string path)
    {
        JsonNode? node = root;
        foreach (var step in Steps(path))
        {
            switch (node)
            {
                case JsonObject map when map.TryGetPropertyValue(step, out var next):
                    node = next;
                    break;
                case JsonArray list when Index(step, list.Count - 1) is { } at:
                    node = list[at];
                    break;
                default:
                    return (false, null);
            }
        }
        return (true, node);
    }

    private static bool Add(JsonObject root, string path, JsonNode? value)
    {
        var steps = Steps(path);
        if (steps.Length == 0)
        {
            return false;
        }
        JsonNode? node = root;
        foreach (var step in steps[..^1])
        {
            node = node switch
            {
                JsonObject map => map[step] ?? (map[step] = new JsonObject()),
                JsonArray list when Index(step, list.Count - 1) is { } at => list[at],
                _ => null,
            };
        }
        switch (node)
        {
            case JsonObject map:
                map[steps[^1]] = value;
                return true;
            case JsonArray list when steps[^1] == "-":
                list.Add(value);
                return true;
            case JsonArray list when Index(steps[^1], list.Count) is { } at:
                list.Insert(at, value);
                return true;
            default:
                return false;
        }
    }

    private sealed record Removed(JsonNode? Value);

    private static Removed? Remove(JsonObject root, string path)
    {
        var steps = Steps(path);
        if (steps.Length == 0)
        {
            return null;
        }
        var parent = Find(root, "/" + string.Join('/', steps[..^1].Select(step => step.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal))) is var joined && steps.Length == 1 ? "" : joined);
        switch (parent.Value)
        {
            case JsonObject map when map.TryGetPropertyValue(steps[^1], out var value):
                map.Remove(steps[^1]);
                return new Removed(value);
            case JsonArray list when Index(steps[^1], list.Count - 1) is { } at:
                var item = list[at];
                list.RemoveAt(at);
                return new Removed(item);
            default:
                return null;
        }
    }

    private static int? Index(string step, int last) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= last ? at : null;
}
