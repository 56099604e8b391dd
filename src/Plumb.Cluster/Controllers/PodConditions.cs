using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Controllers;

/// <summary>Conditions in a pod's status, which several components write: each changes its own and leaves the others where they are.</summary>
internal static class PodConditions
{
    public static void Set(JsonObject pod, string type, string status, string? reason, string? message, DateTimeOffset now)
    {
        var holder = pod.Object("status");
        if (holder["conditions"] is not JsonArray list)
        {
            holder["conditions"] = list = [];
        }
        var item = list.OfType<JsonObject>().FirstOrDefault(entry => entry.Text("type") == type);
        if (item is null)
        {
            item = new JsonObject { ["type"] = type, ["lastProbeTime"] = null };
            list.Add(item);
        }
        if (item.Text("status") != status)
        {
            item["status"] = status;
            item["lastTransitionTime"] = now.ToKubeTime();
        }
        Put(item, "reason", reason);
        Put(item, "message", message);
    }

    private static void Put(JsonObject item, string name, string? value)
    {
        if (value is null)
        {
            item.Remove(name);
        }
        else if (item.Text(name) != value)
        {
            item[name] = value;
        }
    }
}
