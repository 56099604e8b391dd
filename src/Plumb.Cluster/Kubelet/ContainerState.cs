using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>One container of a pod as the kubelet knows it now. Guarded by its pod's lock.</summary>
internal sealed class ContainerRecord(Container spec, bool isInit)
{
    public Container Spec => spec;
    public string Name => spec.Name;
    public bool IsInit => isInit;

    /// <summary>An init container that keeps running beside the others.</summary>
    public bool IsSidecar => isInit && spec.RestartPolicy == "Always";

    public ContainerState State { get; set; } = new();
    public ContainerState LastState { get; set; } = new();
    public bool IsReady { get; set; }
    public bool IsStarted { get; set; }
    public int RestartCount { get; set; }
    public string? ContainerId { get; set; }
    public string ImageId { get; set; } = "";
    public RunningContainer? Running { get; set; }
    public ContainerLog? Log { get; set; }
    public string? PreviousLogPath { get; set; }
    public LabImage? Image { get; set; }

    /// <summary>How many times it was started, restarts by an earlier run of this program included.</summary>
    public int Attempts { get; set; }

    /// <summary>The part of the pod that events are about.</summary>
    public string FieldPath => isInit ? $"spec.initContainers{{{spec.Name}}}" : $"spec.containers{{{spec.Name}}}";

    public bool HasSucceeded => State.Terminated is { ExitCode: 0 };
}
