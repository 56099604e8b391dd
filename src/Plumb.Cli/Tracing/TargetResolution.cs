using System.Globalization;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Recorder.Always;
using Plumb.Recorder.Targets;
using Node = Plumb.Cli.Commands.Trace.Node;

namespace Plumb.Cli.Tracing;

/// <summary>From the words on the command line to what is traced.</summary>
internal static class TargetResolution
{
    /// <summary>Longer than any answer of a healthy lab takes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static Problem Usage => new("say what to trace: '-- PROGRAM ARGS', 'pid PID', 'cgroup PATH', 'pod/NAME' or 'namespace/NAME'", "See 'plumb trace --help'");

    public static async Task<Result<TraceTarget>> FindAsync(Invocation call, string[] words, bool isProgram, string? ns, CancellationToken cancellation)
    {
        var hierarchy = UnifiedHierarchy.Find();
        if (words is ["pid", var number] && !isProgram)
        {
            return int.TryParse(number, CultureInfo.InvariantCulture, out var processId) && processId > 0 ? Process(processId) : new Problem($"'{number}' is no process number");
        }
        if (!hierarchy.IsOk)
        {
            return hierarchy.Problem;
        }
        return (words, isProgram) switch
        {
            ([var program, .. var arguments], true) => Program(hierarchy.Value, program, arguments),
            (["cgroup", var path], false) => Cgroup(hierarchy.Value, path),
            ([var pod], false) when pod.StartsWith("pod/", StringComparison.Ordinal) => await PodAsync(call, hierarchy.Value, ns ?? "default", pod[4..], cancellation),
            ([var whole], false) when whole.StartsWith("namespace/", StringComparison.Ordinal) => Namespace(call, whole["namespace/".Length..]),
            _ => Usage,
        };
    }

    private static Result<TraceTarget> Process(int processId)
    {
        var scope = RecordingScope.OfProcess(processId);
        return scope.IsOk ? TraceTarget.Of($"process {scope.Value.ProcessId}", scope.Value, () => !Directory.Exists($"/proc/{scope.Value.ProcessId}")) : scope.Problem;
    }

    private static Result<TraceTarget> Cgroup(UnifiedHierarchy hierarchy, string path)
    {
        var directory = hierarchy.Directory(path);
        if (!directory.IsOk)
        {
            return directory.Problem;
        }
        var scope = RecordingScope.OfCgroup(hierarchy, directory.Value);
        return scope.IsOk ? TraceTarget.Of($"cgroup {directory.Value}", scope.Value, () => !Directory.Exists(directory.Value)) : scope.Problem;
    }

    private static Result<TraceTarget> Program(UnifiedHierarchy hierarchy, string name, string[] arguments)
    {
        var program = TracedProgram.Prepare(hierarchy, name, arguments);
        if (!program.IsOk)
        {
            return program.Problem;
        }
        var scope = RecordingScope.OfCgroup(hierarchy, program.Value.Cgroup, fromExec: true);
        if (scope.IsOk)
        {
            return TraceTarget.Of(name, scope.Value, () => program.Value.HasEnded, program.Value);
        }
        program.Value.Dispose();
        return scope.Problem;
    }

    private static Result<TraceTarget> Namespace(Invocation call, string ns)
    {
        var lab = RunningLab.Of(call.Home);
        return !lab.IsOk ? OfNode(call, ns, null) ?? lab.Problem
            : lab.Value.Recorder is null ? new Problem($"the lab's flight recorder is off ({lab.Value.RecorderOff}), and a whole namespace can only be read from it", "Trace one of its pods: plumb trace pod/NAME -n NAMESPACE")
            : LabContainers.Of(call.Home, lab.Value.Recorder, ns, pod: null);
    }

    /// <summary>Where 'plumb trace node' runs its rings are read; null where it does not, or knows no such pod.</summary>
    private static Result<TraceTarget>? OfNode(Invocation call, string ns, string? pod)
    {
        // Another home's recorder on this machine knows other pods.
        if (!FlightView.IsThere(Node.RecorderName) || RecordingPlace.Of(call.Home).ReadNames().Count == 0)
        {
            return null;
        }
        return pod is null || LabContainers.Has(call.Home, ns, pod) ? LabContainers.Of(call.Home, Node.RecorderName, ns, pod)
            : new Problem($"the recorder of this node knows no pod '{pod}' in the namespace '{ns}'", "Is it on this node? kubectl get pod -o wide says where it is; run this there, with the PLUMB_HOME of 'plumb trace node'");
    }

    private static async Task<Result<TraceTarget>> PodAsync(Invocation call, UnifiedHierarchy hierarchy, string ns, string name, CancellationToken cancellation)
    {
        var lab = RunningLab.Of(call.Home);
        if (!lab.IsOk)
        {
            return OfNode(call, ns, name) ?? lab.Problem;
        }
        if (lab.Value.Recorder is { } recorder && LabContainers.Has(call.Home, ns, name))
        {
            return LabContainers.Of(call.Home, recorder, ns, name);
        }
        var target = Platform.Kubernetes.Configuration.Kubeconfig.Load([lab.Value.Kubeconfig]).Then(config => config.Target(call.Time));
        if (!target.IsSuccess)
        {
            return new Problem($"the lab's kubeconfig cannot be used: {target.Error}");
        }
        using var client = new KubeClient(target.Value);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        KubeResult<KubeObject> pod;
        try
        {
            pod = await client.GetAsync(KubeResource.Pods, ns, name, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Problem($"the lab's API did not answer within {Patience.TotalSeconds:0} s");
        }
        if (!pod.IsSuccess)
        {
            return pod.Error.Kind == KubeErrorKind.NotFound
                ? new Problem($"there is no pod '{name}' in the namespace '{ns}' of the lab", "'plumb status' lists the pods; -n names the namespace")
                : new Problem($"the lab's API did not give the pod: {pod.Error}");
        }
        // A pod that is so new that no container of it is known yet: its calls will come from the recorder's rings too.
        return lab.Value.Recorder is { } on ? LabContainers.Of(call.Home, on, ns, name) : OfPod(hierarchy, pod.Value);
    }

    private static Result<TraceTarget> OfPod(UnifiedHierarchy hierarchy, KubeObject pod)
    {
        var node = pod.Json.Field("spec").Text("nodeName");
        // The lab's kubelets name a pod's cgroup plumb-LAB/podUID, and each container's below it with the container's id.
        var directory = Directory.EnumerateDirectories(hierarchy.Mount, "plumb-*").Select(lab => Path.Combine(lab, $"pod{pod.Uid}")).FirstOrDefault(Directory.Exists);
        if (directory is null)
        {
            return node is null ? new Problem($"the pod {pod} is on no node yet, so nothing of it runs")
                : new Problem($"no container of the pod {pod} runs on this machine (its node is {node})", "Trace it while a container of it runs, on the machine that its node is, with a lab that runs as root");
        }
        var containers = pod.Json.Field("status").Items("containerStatuses").Concat(pod.Json.Field("status").Items("initContainerStatuses"))
            .Where(status => status.Text("name") is not null && status.Text("containerID") is not null)
            .ToDictionary(status => status.Text("containerID")!.Split("://")[^1], status => status.Text("name")!);
        var scope = RecordingScope.OfCgroup(hierarchy, directory);
        return scope.IsOk
            ? TraceTarget.Of($"pod {pod}", scope.Value, () => !Directory.Exists(directory), pod: new TracedPod(node ?? "-", pod.Namespace, pod.Name, directory, containers))
            : scope.Problem;
    }
}
