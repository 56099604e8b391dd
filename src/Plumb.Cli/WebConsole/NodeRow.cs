using System.Text.Json;

namespace Plumb.Cli.WebConsole;

/// <summary>Makes a node's row from its JSON.</summary>
internal static class NodeRow
{
    internal static string Key(JsonElement node) => node.At("metadata").At("name").Text() ?? "";

    internal static NodeView From(JsonElement node)
    {
        var status = node.At("status");
        var condition = status.At("conditions").Items().Where(c => c.At("type").Text() == "Ready").Select(c => c.At("status").Text()).FirstOrDefault();
        var cordoned = node.At("spec").At("unschedulable").IsTrue();
        // A node that never reported, or whose kubelet fell silent, is Unknown; that is not Ready.
        var text = condition switch { "True" => "Ready", "False" => "NotReady", _ => "Unknown" };
        return new NodeView(
            Key(node),
            cordoned ? text + ",SchedulingDisabled" : text,
            condition == "True",
            !cordoned,
            status.At("nodeInfo").At("kubeletVersion").Text() ?? "",
            status.At("allocatable").At("cpu").Text() ?? "",
            status.At("allocatable").At("memory").Text() ?? "",
            node.At("metadata").At("creationTimestamp").Time());
    }
}
