using System.Text.Json;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// Makes a pod's row from its JSON. The STATUS text follows the API server's own table printer (printPod in
/// kubernetes/pkg/printers/internalversion), so that the console and kubectl never disagree.
/// </summary>
internal static class PodRow
{
    internal static string Key(JsonElement pod)
    {
        var metadata = pod.At("metadata");
        return metadata.At("namespace").Text() + "/" + metadata.At("name").Text();
    }

    internal static PodView From(JsonElement pod)
    {
        var metadata = pod.At("metadata");
        var status = pod.At("status");
        var containers = status.At("containerStatuses").Items().ToList();
        var total = pod.At("spec").At("containers").Items().Count();
        var ready = containers.Count(c => c.At("ready").IsTrue());
        var text = Status(pod);
        return new PodView(
            Key(pod),
            metadata.At("namespace").Text() ?? "",
            metadata.At("name").Text() ?? "",
            pod.At("spec").At("nodeName").Text(),
            text,
            Health(pod, text, ready == total),
            ready,
            total,
            containers.Sum(c => c.At("restartCount").Int()),
            containers.Select(c => c.At("lastState").At("terminated").At("finishedAt").Time()).Max(),
            metadata.At("creationTimestamp").Time(),
            status.At("podIP").Text());
    }

    internal static string Status(JsonElement pod)
    {
        var status = pod.At("status");
        var reason = status.At("reason").Text() ?? status.At("phase").Text() ?? "Unknown";
        if (HasCondition(status, "PodScheduled", c => c.At("reason").Text() == "SchedulingGated"))
        {
            reason = "SchedulingGated";
        }

        var (initialising, initReason) = InitStatus(pod);
        reason = initialising ? initReason : ContainerStatus(status, reason);
        if (pod.At("metadata").At("deletionTimestamp") is null)
        {
            return reason;
        }

        return status.At("reason").Text() == "NodeLost" ? "Unknown" : status.At("phase").Text() is "Succeeded" or "Failed" ? reason : "Terminating";
    }

    private static (bool Initialising, string Reason) InitStatus(JsonElement pod)
    {
        var declared = pod.At("spec").At("initContainers").Items().ToList();
        var sidecars = declared.Where(c => c.At("restartPolicy").Text() == "Always").Select(c => c.At("name").Text()).ToHashSet(StringComparer.Ordinal);
        var index = 0;
        foreach (var container in pod.At("status").At("initContainerStatuses").Items())
        {
            var state = container.At("state");
            var terminated = state.At("terminated");
            var doneWell = terminated is not null && terminated.At("exitCode").Int() == 0;
            var runningSidecar = sidecars.Contains(container.At("name").Text()) && container.At("started").IsTrue();
            if (doneWell || runningSidecar)
            {
                index++;
                continue;
            }

            if (terminated is not null)
            {
                return (true, "Init:" + Ended(terminated));
            }

            var waiting = state.At("waiting").At("reason").Text();
            return (true, waiting is { Length: > 0 } and not "PodInitializing" ? "Init:" + waiting : $"Init:{index}/{declared.Count}");
        }

        return (false, "");
    }

    private static string ContainerStatus(JsonElement? status, string reason)
    {
        var running = false;
        foreach (var container in status.At("containerStatuses").Items().Reverse())
        {
            var state = container.At("state");
            if (state.At("waiting").At("reason").Text() is { Length: > 0 } waiting)
            {
                reason = waiting;
            }
            else if (state.At("terminated") is { } terminated)
            {
                reason = Ended(terminated);
            }
            else if (state.At("running") is not null && container.At("ready").IsTrue())
            {
                running = true;
            }
        }

        // One container completed while another still runs: the pod as a whole is running.
        return reason == "Completed" && running ? HasCondition(status, "Ready", c => c.At("status").Text() == "True") ? "Running" : "NotReady" : reason;
    }

    private static string Ended(JsonElement? terminated)
    {
        if (terminated.At("reason").Text() is { Length: > 0 } reason)
        {
            return reason;
        }

        var signal = terminated.At("signal").Int();
        return signal != 0 ? $"Signal:{signal}" : $"ExitCode:{terminated.At("exitCode").Int()}";
    }

    private static bool HasCondition(JsonElement? status, string type, Func<JsonElement, bool> holds) =>
        status.At("conditions").Items().Any(c => c.At("type").Text() == type && holds(c));

    private static string Health(JsonElement pod, string text, bool allContainersReady)
    {
        var status = pod.At("status");
        return text switch
        {
            "Terminating" => "ending",
            "Completed" or "Succeeded" => "done",
            // The Ready condition, not the containers: an unreachable node leaves containers "ready" and the pod not.
            "Running" => allContainersReady && HasCondition(status, "Ready", c => c.At("status").Text() == "True") ? "ok" : "starting",
            "ContainerCreating" or "PodInitializing" => "starting",
            "Pending" => HasCondition(status, "PodScheduled", c => c.At("status").Text() == "False") ? "bad" : "starting",
            _ when text.StartsWith("Init:", StringComparison.Ordinal) && text.Contains('/', StringComparison.Ordinal) => "starting",
            _ => "bad",
        };
    }
}
