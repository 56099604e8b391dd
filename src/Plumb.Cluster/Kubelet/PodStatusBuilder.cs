using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>What the kubelet knows of a pod at one moment; its status is a function of this.</summary>
/// <param name="IsSandboxReady">The pod's volumes and address are there, and it is not over.</param>
/// <param name="IsTerminal">Nothing of the pod runs any more, nor will again.</param>
internal sealed record PodView(
    Pod Pod, IReadOnlyList<ContainerRecord> Init, IReadOnlyList<ContainerRecord> Containers, string NodeAddress, string PodAddress,
    DateTimeOffset StartTime, bool IsSandboxReady, bool IsTerminal, (string Reason, string Message)? Failed = null);

/// <summary>Writes status as the recordings of a real kubelet have it: the same fields in the same order, the same reasons and messages.</summary>
internal static class PodStatusBuilder
{
    private static readonly string[] Own = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

    private static readonly string[] LimitedResources = ["cpu", "memory"];

    /// <summary>The reason of a container that never ran when its pod ended; such a pod's conditions stay as they were.</summary>
    public const string NeverLocated = "ContainerStatusUnknown";

    public static JsonObject Build(PodView view, JsonObject previous, DateTimeOffset now)
    {
        var phase = Phase(view);
        var status = new JsonObject { ["phase"] = phase };
        status["conditions"] = Conditions(view, phase, previous["conditions"] as JsonArray ?? [], now);
        if (view.Failed is { } failed)
        {
            status["message"] = failed.Message;
            status["reason"] = failed.Reason;
        }
        status["hostIP"] = view.NodeAddress;
        status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = view.NodeAddress });
        if (view.IsSandboxReady || previous.Text("podIP") is not null)
        {
            status["podIP"] = view.PodAddress;
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = view.PodAddress });
        }
        status["startTime"] = view.StartTime.ToKubeTime();
        if (view.Init.Count > 0)
        {
            status["initContainerStatuses"] = new JsonArray([.. view.Init.Select(record => Status(record, view.Pod))]);
        }
        status["containerStatuses"] = new JsonArray([.. view.Containers.Select(record => Status(record, view.Pod))]);
        status["qosClass"] = previous.Text("qosClass") ?? QosClass(view.Pod);
        return status;
    }

    /// <summary>The phase, by the real kubelet's rules.</summary>
    public static string Phase(PodView view)
    {
        if (view.Failed is not null)
        {
            return "Failed";
        }
        var policy = view.Pod.Spec.RestartPolicy;
        if (!view.IsTerminal && view.Init.Any(record => !IsInitialized(record)))
        {
            var isOver = view.Init.Any(record => policy == "Never" && record is { IsSidecar: false, State.Terminated.ExitCode: not 0 });
            return isOver ? "Failed" : "Pending";
        }
        var running = view.Containers.Count(record => record.State.Running is not null);
        var waiting = view.Containers.Count(record => record.State is { Running: null, Terminated: null } && record.LastState.Terminated is null);
        var hasSucceeded = view.Containers.All(record => record.HasSucceeded) && view.Init.All(record => record.HasSucceeded || record.IsSidecar);
        if (view.IsTerminal)
        {
            return hasSucceeded ? "Succeeded" : "Failed";
        }
        if (waiting > 0)
        {
            return "Pending";
        }
        if (running > 0 || policy == "Always")
        {
            return "Running";
        }
        return hasSucceeded ? "Succeeded" : policy == "Never" ? "Failed" : "Running";
    }

    public static string QosClass(Pod pod)
    {
        var all = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).ToList();
        if (all.All(item => item.Resources is null || ((item.Resources.Requests?.Count ?? 0) == 0 && (item.Resources.Limits?.Count ?? 0) == 0)))
        {
            return "BestEffort";
        }
        var isGuaranteed = all.All(item => LimitedResources.All(resource =>
            Quantity.Parse(item.Resources?.Limits?.GetValueOrDefault(resource)) is { } limit
            && (Quantity.Parse(item.Resources?.Requests?.GetValueOrDefault(resource)) ?? limit) == limit));
        return isGuaranteed ? "Guaranteed" : "Burstable";
    }

    private static bool IsInitialized(ContainerRecord record) => record.IsSidecar ? record.IsStarted : record.HasSucceeded;

    private static JsonArray Conditions(PodView view, string phase, JsonArray previous, DateTimeOffset now)
    {
        var isOver = phase is "Succeeded" or "Failed";
        var conditions = new JsonArray();
        foreach (var other in previous.OfType<JsonObject>().Where(item => !Own.Contains(item.Text("type"))))
        {
            conditions.Add(other.DeepClone());
        }
        Add("PodReadyToStartContainers", view.IsSandboxReady && !isOver, null, null);
        var uninitialized = view.Init.Where(record => !IsInitialized(record)).Select(record => record.Name).ToList();
        if (phase == "Succeeded")
        {
            Add("Initialized", true, "PodCompleted", null);
        }
        else if (uninitialized.Count > 0 && !view.IsTerminal)
        {
            Add("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', uninitialized)}]");
        }
        else
        {
            Add("Initialized", true, null, null);
        }
        var unready = view.Init.Where(record => record.IsSidecar).Concat(view.Containers).Where(record => !record.IsReady).Select(record => record.Name).ToList();
        var (reason, message) = phase == "Succeeded" ? ("PodCompleted", null)
            : phase == "Failed" && view.Containers.All(record => record.State.Terminated?.Reason != NeverLocated) ? ("PodFailed", null)
            : unready.Count > 0 ? ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]") : ((string?)null, (string?)null);
        Add("Ready", reason is null, reason, message);
        Add("ContainersReady", reason is null, reason, message);
        Add("PodScheduled", true, null, null);
        return conditions;

        void Add(string type, bool isTrue, string? why, string? text)
        {
            var old = previous.OfType<JsonObject>().FirstOrDefault(item => item.Text("type") == type);
            var value = isTrue ? "True" : "False";
            var condition = new JsonObject { ["type"] = type, ["status"] = value, ["lastProbeTime"] = null };
            condition["lastTransitionTime"] = old?.Text("status") == value && old.Text("lastTransitionTime") is { } since ? since : now.ToKubeTime();
            if (why is not null)
            {
                condition["reason"] = why;
            }
            if (text is not null)
            {
                condition["message"] = text;
            }
            conditions.Add(condition);
        }
    }

    private static JsonObject Status(ContainerRecord record, Pod pod)
    {
        var status = new JsonObject
        {
            ["name"] = record.Name,
            ["state"] = State(record.State),
            ["lastState"] = State(record.LastState),
            ["ready"] = record.IsReady,
            ["restartCount"] = record.RestartCount,
            ["image"] = record.Spec.Image,
            ["imageID"] = record.ImageId,
        };
        if (record.ContainerId is { } id)
        {
            status["containerID"] = id;
        }
        status["started"] = record.IsStarted;
        if (record.Spec.Resources is { } resources && record.ContainerId is not null)
        {
            if (resources.Requests is { Count: > 0 } requests)
            {
                status["allocatedResources"] = Quantities(requests);
            }
            var both = new JsonObject();
            if (resources.Limits is { Count: > 0 } limits)
            {
                both["limits"] = Quantities(limits);
            }
            if (resources.Requests is { Count: > 0 } asked)
            {
                both["requests"] = Quantities(asked);
            }
            status["resources"] = both;
        }
        else if (record.ContainerId is not null)
        {
            status["resources"] = new JsonObject();
        }
        if (record.Spec.VolumeMounts is { Count: > 0 } mounts)
        {
            status["volumeMounts"] = new JsonArray([.. mounts.Select(mount => Mount(mount))]);
        }
        return status;
    }

    private static JsonObject Mount(VolumeMount mount)
    {
        var json = new JsonObject { ["name"] = mount.Name, ["mountPath"] = mount.MountPath };
        if (mount.ReadOnly == true)
        {
            json["readOnly"] = true;
            json["recursiveReadOnly"] = "Disabled";
        }
        return json;
    }

    private static JsonObject Quantities(IReadOnlyDictionary<string, string> values)
    {
        var json = new JsonObject();
        foreach (var (name, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json[name] = value;
        }
        return json;
    }

    private static JsonNode State(ContainerState state) => JsonSerializer.SerializeToNode(state, KubeJson.Compact.ContainerState)!;
}
