using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Tables;

/// <summary>The row of a pod: its STATUS is no field but the most telling of phase, reasons and container states.</summary>
internal static class PodRow
{
    public static JsonNode?[] Cells(JsonObject pod, DateTimeOffset now)
    {
        var (metadata, spec, status) = (pod.Object("metadata"), pod.Object("spec"), pod.Object("status"));
        var summary = Summarize(pod, metadata, spec, status);
        var restarts = summary.Restarts == 0 || summary.LastRestart is null
            ? $"{summary.Restarts}"
            : $"{summary.Restarts} ({Cell.Duration(now - summary.LastRestart.Value)} ago)";
        return
        [
            metadata.Text("name"), $"{summary.Ready}/{Cell.Count(spec["containers"])}", summary.Reason, restarts, Cell.Age(metadata.Text("creationTimestamp"), now),
            Or(status.Text("podIP")), Or(spec.Text("nodeName")), Or(status.Text("nominatedNodeName")), Gates(spec, status),
        ];
    }

    /// <summary>A finished pod's row says so; kubectl can leave such rows out.</summary>
    public static JsonArray? Conditions(JsonObject pod) => pod.Object("status").Text("phase") switch
    {
        "Succeeded" => [new JsonObject { ["type"] = "Completed", ["status"] = "True", ["reason"] = "Succeeded", ["message"] = "The pod has completed successfully." }],
        "Failed" => [new JsonObject { ["type"] = "Completed", ["status"] = "True", ["reason"] = "Failed", ["message"] = "The pod failed." }],
        _ => null,
    };

    private record struct Summary(string Reason, long Restarts, DateTimeOffset? LastRestart, int Ready);

    private static Summary Summarize(JsonObject pod, JsonObject metadata, JsonObject spec, JsonObject status)
    {
        var phase = status.Text("phase") ?? "";
        var summary = new Summary(status.Text("reason") is { Length: > 0 } given ? given : phase, 0, null, 0);
        if (Cell.Items(status, "conditions").Any(item => item.Text("type") == "PodScheduled" && item.Text("reason") == "SchedulingGated"))
        {
            summary.Reason = "SchedulingGated";
        }
        if (!Initializing(spec, status, ref summary) || IsTrue(status, "Initialized"))
        {
            Containers(status, ref summary);
        }
        if (metadata.Text("deletionTimestamp") is not null)
        {
            summary.Reason = status.Text("reason") == "NodeLost" ? "Unknown" : phase is "Succeeded" or "Failed" ? summary.Reason : "Terminating";
        }
        return summary;
    }

    /// <summary>True while an init container has not done its part.</summary>
    private static bool Initializing(JsonObject spec, JsonObject status, ref Summary summary)
    {
        var sidecars = Cell.Items(spec, "initContainers").Where(item => item.Text("restartPolicy") == "Always").Select(item => item.Text("name")).ToHashSet();
        var states = Cell.Items(status, "initContainerStatuses").ToList();
        for (var i = 0; i < states.Count; i++)
        {
            Restarted(states[i], ref summary);
            var (waiting, terminated) = (Part(states[i], "waiting"), Part(states[i], "terminated"));
            var isSidecarUp = sidecars.Contains(states[i].Text("name")) && states[i]["started"]?.GetValueKind() == JsonValueKind.True;
            if (terminated?.Integer("exitCode") == 0 || isSidecarUp)
            {
                summary.Ready += isSidecarUp && states[i]["ready"]?.GetValueKind() == JsonValueKind.True ? 1 : 0;
                continue;
            }
            summary.Reason = terminated is not null ? "Init:" + Ended(terminated)
                : waiting?.Text("reason") is { Length: > 0 } why and not "PodInitializing" ? "Init:" + why
                : $"Init:{i}/{Cell.Count(spec["initContainers"])}";
            return true;
        }
        return false;
    }

    private static void Containers(JsonObject status, ref Summary summary)
    {
        summary.Restarts = 0;
        var hasRunning = false;
        foreach (var container in Cell.Items(status, "containerStatuses").Reverse())
        {
            Restarted(container, ref summary);
            var (waiting, terminated) = (Part(container, "waiting"), Part(container, "terminated"));
            if (waiting?.Text("reason") is { Length: > 0 } why)
            {
                summary.Reason = why;
            }
            else if (terminated is not null)
            {
                summary.Reason = Ended(terminated);
            }
            else if (container["ready"]?.GetValueKind() == JsonValueKind.True && Part(container, "running") is not null)
            {
                hasRunning = true;
                summary.Ready++;
            }
        }
        if (summary.Reason == "Completed" && hasRunning)
        {
            summary.Reason = IsTrue(status, "Ready") ? "Running" : "NotReady";
        }
    }

    private static void Restarted(JsonObject container, ref Summary summary)
    {
        summary.Restarts += container.Integer("restartCount") ?? 0;
        var finished = ((container["lastState"] as JsonObject)?["terminated"] as JsonObject)?.Text("finishedAt");
        if (DateTimeOffset.TryParse(finished, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && !(time < summary.LastRestart))
        {
            summary.LastRestart = time;
        }
    }

    private static string Ended(JsonObject terminated) =>
        terminated.Text("reason") is { Length: > 0 } why ? why
        : terminated.Integer("signal") is > 0 and var signal ? $"Signal:{signal}"
        : $"ExitCode:{terminated.Integer("exitCode") ?? 0}";

    private static JsonObject? Part(JsonObject container, string state) => (container["state"] as JsonObject)?[state] as JsonObject;

    private static bool IsTrue(JsonObject status, string condition) => Cell.Items(status, "conditions").Any(item => item.Text("type") == condition && item.Text("status") == "True");

    private static string Or(string? text) => text is { Length: > 0 } ? text : Cell.None;

    private static string Gates(JsonObject spec, JsonObject status)
    {
        var gates = Cell.Items(spec, "readinessGates").Select(gate => gate.Text("conditionType") ?? "").ToList();
        return gates.Count == 0 ? Cell.None : $"{gates.Count(gate => IsTrue(status, gate))}/{gates.Count}";
    }
}
