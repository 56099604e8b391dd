using System.Globalization;
using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Ptrace;
using Plumb.Recorder.Saved;
using Plumb.Recorder.Targets;

namespace Plumb.Cli.Tracing;

/// <summary>A pod that is traced, as the cluster names it.</summary>
/// <param name="Cgroup">The pod's directory in the cgroup2 hierarchy; each container's is below it, named with the container's id.</param>
/// <param name="Containers">Name of each container by its id.</param>
internal sealed record TracedPod(string Node, string Namespace, string Pod, string Cgroup, IReadOnlyDictionary<string, string> Containers)
{
    private readonly Dictionary<uint, string> _names = [];

    /// <summary>Name of the container that a call belongs to; its id when it started later, - when its cgroup is gone.</summary>
    public string ContainerOf(uint cgroupId)
    {
        if (!_names.TryGetValue(cgroupId, out var name) && Directory.Exists(Cgroup))
        {
            foreach (var directory in Directory.EnumerateDirectories(Cgroup))
            {
                if (UnifiedHierarchy.IdOf(directory) is { } id)
                {
                    var container = Path.GetFileName(directory);
                    _names[id] = Containers.Count == 1 ? Containers.Values.First() : Containers.GetValueOrDefault(container, container);
                }
            }
            name = _names.GetValueOrDefault(cgroupId);
        }
        return name ?? (Containers.Count == 1 ? Containers.Values.First() : "-");
    }
}

/// <summary>What is traced, and when that is over.</summary>
/// <param name="Words">For messages: "process 4711".</param>
/// <param name="Open">Begins to read or to record; the argument says whether what is read and received is kept, too.</param>
/// <param name="IsOver">True when there is nothing left to trace.</param>
/// <param name="Program">The program to start; null when what is traced runs already.</param>
/// <param name="Containers">Those known at the start; null where there is no pod.</param>
internal sealed record TraceTarget(
    string Words, Func<bool, Result<ICallSource>> Open, Func<bool> IsOver, ITracedProgram? Program = null, IReadOnlyList<RecordedContainer>? Containers = null) : IDisposable
{
    public void Dispose() => Program?.Dispose();

    /// <summary>A recording of our own.</summary>
    public static TraceTarget Of(string words, RecordingScope scope, Func<bool> isOver, TracedProgram? program = null, TracedPod? pod = null) => new(
        words,
        buffers =>
        {
            var started = Recording.Start(scope, buffers);
            return started.IsOk ? new OwnRecording(started.Value, pod) : started.Problem;
        },
        isOver,
        program,
        pod is null ? null : [.. pod.Containers.Select(one => new RecordedContainer(pod.Node, pod.Namespace, pod.Pod, one.Value, one.Key))]);

    /// <summary>A recording without eBPF: of a program that is started, or of a process.</summary>
    public static Result<TraceTarget> Ptraced(string[] words, bool isProgram, bool buffers)
    {
        if (isProgram)
        {
            var program = PtraceRecording.OfProgram(words[0], words[1..], buffers);
            return program.IsOk ? new TraceTarget(words[0], _ => new PtracedCalls(program.Value), () => program.Value.HasEnded, program.Value) : program.Problem;
        }
        if (!int.TryParse(words[1], CultureInfo.InvariantCulture, out var processId) || processId <= 0)
        {
            return new Problem($"'{words[1]}' is no process number");
        }
        var process = PtraceRecording.OfProcess(processId, buffers);
        return process.IsOk ? new TraceTarget($"process {processId}", _ => new PtracedCalls(process.Value), () => process.Value.HasEnded) : process.Problem;
    }
}
