using System.Text.Json;
using Plumb.Platform.Kubernetes;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// Makes a pod's row from its JSON. The STATUS text follows the API server's own table printer (printPod in
/// kubernetes/pkg/printers/internalversion), so that the console and kubectl never disagree.
/// </summary>
internal static class PodRow
{
    internal static string Key(JsonElement pod)
    {
        var metadata = pod.Field("metadata");
        return metadata.Text("namespace") + "/" + metadata.Text("name");
    }

    internal static PodView From(JsonElement pod)
    {
        var metadata = pod.Field("metadata");
        var status = pod.Field("status");
        var containers = status.Items("containerStatuses").ToList();
        var total = pod.Field("spec").Items("containers").Count();
        var ready = containers.Count(c => c.Flag("ready") is true);
        var text = Status(pod);
        return new PodView(
            Key(pod),
            metadata.Text("namespace") ?? "",
            metadata.Text("name") ?? "",
            pod.Field("spec").Text("nodeName"),
            text,
            Health(pod, text, ready == total),
            ready,
            total,
            containers.Sum(c => c.Number("restartCount") ?? 0),
            containers.Select(c => c.Field("lastState").Field("terminated").Time("finishedAt")).Max(),
            metadata.Time("creationTimestamp"),
            status.Text("podIP"));
    }

    internal static string Status(JsonElement pod)
    {
        var status = pod.Field("status");
        var reason = status.Text("reason") ?? status.Text("phase") ?? "Unknown";
        if (HasCondition(status, "PodScheduled", c => c.Text("reason") == "SchedulingGated"))
        {
            reason = "SchedulingGated";
        }

        var (initialising, initReason) = InitStatus(pod);
        reason = initialising ? initReason : ContainerStatus(status, reason);
        if (pod.Field("metadata").Text("deletionTimestamp") is null)
        {
            return reason;
        }

        return status.Text("reason") == "NodeLost" ? "Unknown" : status.Text("phase") is "Succeeded" or "Failed" ? reason : "Terminating";
    }

    private static (bool Initialising, string Reason) InitStatus(JsonElement pod)
    {
        var declared = pod.Field("spec").Items("initContainers").ToList();
        var sidecars = declared.Where(c => c.Text("restartPolicy") == "Always").Select(c => c.Text("name")).ToHashSet(StringComparer.Ordinal);
        var index = 0;
        foreach (var container in pod.Field("status").Items("initContainerStatuses"))
        {
            var state = container.Field("state");
            var terminated = state.Field("terminated");
            var hasEnded = terminated.ValueKind == JsonValueKind.Object;
            var doneWell = hasEnded && (terminated.Number("exitCode") ?? 0) == 0;
            var runningSidecar = sidecars.Contains(container.Text("name")) && container.Flag("started") is true;
            if (doneWell || runningSidecar)
            {
                index++;
                continue;
            }

            if (hasEnded)
            {
                return (true, "Init:" + Ended(terminated));
            }

            var waiting = state.Field("waiting").Text("reason");
            return (true, waiting is { Length: > 0 } and not "PodInitializing" ? "Init:" + waiting : $"Init:{index}/{declared.Count}");
        }

        return (false, "");
    }

    private static string ContainerStatus(JsonElement status, string reason)
    {
        var running = false;
        foreach (var container in status.Items("containerStatuses").Reverse())
        {
            var state = container.Field("state");
            if (state.Field("waiting").Text("reason") is { Length: > 0 } waiting)
            {
                reason = waiting;
            }
            else if (state.Field("terminated") is { ValueKind: JsonValueKind.Object } terminated)
            {
                reason = Ended(terminated);
            }
            else if (state.Field("running").ValueKind == JsonValueKind.Object && container.Flag("ready") is true)
            {
                running = true;
            }
        }

        // One container completed while another still runs: the pod as a whole is running.
        return reason == "Completed" && running ? HasCondition(status, "Ready", c => c.Text("status") == "True") ? "Running" : "NotReady" : reason;
    }

    private static string Ended(JsonElement terminated)
    {
        if (terminated.Text("reason") is { Length: > 0 } reason)
        {
            return reason;
        }

        return terminated.Number("signal") is { } signal and not 0 ? $"Signal:{signal}" : $"ExitCode:{terminated.Number("exitCode") ?? 0}";
    }

    private static bool HasCondition(JsonElement status, string type, Func<JsonElement, bool> holds) =>
        status.Items("conditions").Any(c => c.Text("type") == type && holds(c));

    private static string Health(JsonElement pod, string text, bool allContainersReady)
    {
        var status = pod.Field("status");
        return text switch
        {
            "Terminating" => "ending",
            "Completed" or "Succeeded" => "done",
            // The Ready condition, not the containers: an unreachable node leaves containers "ready" and the pod not.
            "Running" => allContainersReady && HasCondition(status, "Ready", c => c.Text("status") == "True") ? "ok" : "starting",
            "ContainerCreating" or "PodInitializing" => "starting",
            "Pending" => HasCondition(status, "PodScheduled", c => c.Text("status") == "False") ? "bad" : "starting",
            _ when text.StartsWith("Init:", StringComparison.Ordinal) && text.Contains('/', StringComparison.Ordinal) => "starting",
            _ => "bad",
        };
    }
}
