using Plumb.Core;
using Plumb.Recorder.Kernel;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Targets;

namespace Plumb.Recorder;

/// <summary>
/// A recording that is on: the programs are in the kernel, the ring fills. The last <see cref="Capacity"/> calls are there at any time. Disposing it, and also the end
/// of this process however it ends, takes everything out of the kernel.
/// </summary>
public sealed unsafe class Recording : IDisposable
{
    /// <summary>Calls that the ring holds.</summary>
    public const int Capacity = SlotLayout.Slots;

    private readonly LoadedPrograms _programs;
    private readonly RingReader _reader;

    private Recording(LoadedPrograms programs)
    {
        _programs = programs;
        _reader = new RingReader(programs.Rings[0].Address);
    }

    /// <param name="buffers">Keep also what is read and received, not only what is written.</param>
    public static Result<Recording> Start(RecordingScope scope, bool buffers = false)
    {
        var loaded = LoadedPrograms.Load();
        if (!loaded.IsOk)
        {
            return loaded.Problem;
        }
        if (Prepare(loaded.Value, scope, buffers) is not { } problem)
        {
            return new Recording(loaded.Value);
        }
        loaded.Value.Dispose();
        return problem;
    }

    private static Problem? Prepare(LoadedPrograms programs, RecordingScope scope, bool buffers)
    {
        var ring = programs.AddRing();
        if (!ring.IsOk)
        {
            return ring.Problem;
        }
        ring.Value.Give(scope.CgroupId, null, scope.FromExec, nowNs: 0);
        var control = programs.Control.Pointer;
        *(ulong*)(control + ControlLayout.Cgroup) = scope.CgroupId;
        *(int*)(control + ControlLayout.Level) = scope.Level;
        *(int*)(control + ControlLayout.Process) = scope.ProcessId;
        *(int*)(control + ControlLayout.NotProcess) = Environment.ProcessId;
        KeptItems.Configure(control, buffers);
        return (scope.Directory is { } directory ? programs.SetTarget(directory) : null) ?? programs.Attach();
    }

    /// <summary>Calls that wait to be read.</summary>
    public ulong Backlog => _reader.Backlog;

    public RecordingCounters Counters => _reader.Counters;

    /// <summary>Everything new since the last reading.</summary>
    public IReadOnlyList<RingEntry> ReadNew() => _reader.ReadNew();

    /// <summary>Stops recording and gives what was not read yet, with the calls that have not returned at the end.</summary>
    public IReadOnlyList<RingEntry> Stop()
    {
        _programs.Detach();
        return [.. _reader.ReadNew(), .. _reader.InFlight().Select(call => new RingEntry(call, 0))];
    }

    public void Dispose() => _programs.Dispose();
}
