using System.Text.Json;
using Plumb.Platform.Kubernetes;

namespace Plumb.Cli.WebConsole;

/// <summary>Makes a node's row from its JSON.</summary>
internal static class NodeRow
{
    internal static string Key(JsonElement node) => node.Field("metadata").Text("name") ?? "";

    internal static NodeView From(JsonElement node)
    {
        var status = node.Field("status");
        var condition = status.Items("conditions").Where(c => c.Text("type") == "Ready").Select(c => c.Text("status")).FirstOrDefault();
        var cordoned = node.Field("spec").Flag("unschedulable") is true;
        // A node that never reported, or whose kubelet fell silent, is Unknown; that is not Ready.
        var text = condition switch { "True" => "Ready", "False" => "NotReady", _ => "Unknown" };
        return new NodeView(
            Key(node),
            cordoned ? text + ",SchedulingDisabled" : text,
            condition == "True",
            !cordoned,
            status.Field("nodeInfo").Text("kubeletVersion") ?? "",
            status.Field("allocatable").Text("cpu") ?? "",
            status.Field("allocatable").Text("memory") ?? "",
            node.Field("metadata").Time("creationTimestamp"));
    }
}
