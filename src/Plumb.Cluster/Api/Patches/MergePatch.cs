using System.Text.Json.Nodes;

namespace Plumb.Cluster.Api.Patches;

/// <summary>JSON merge patch (RFC 7386): maps merge, null deletes, everything else replaces.</summary>
internal static class MergePatch
{
    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        var made = target.DeepClone().AsObject();
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    made.Remove(name);
                    break;
                case JsonObject inner:
                    made[name] = Apply(made[name] as JsonObject ?? [], inner);
                    break;
                default:
                    made[name] = value.DeepClone();
                    break;
            }
        }
        return made;
    }
}
