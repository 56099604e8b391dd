using Plumb.Core;
using Plumb.Recorder.Decoding;
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
        _reader = new RingReader((nint)programs.Ring.Pointer, (nint)programs.Control.Pointer);
    }

    /// <param name="buffers">Keep also what is read and received, not only what is written.</param>
    public static Result<Recording> Start(RecordingScope scope, bool buffers = false)
    {
        var loaded = LoadedPrograms.Load();
        if (!loaded.IsOk)
        {
            return loaded.Problem;
        }
        Configure(loaded.Value.Control.Pointer, scope, buffers);
        if (loaded.Value.Attach() is { } problem)
        {
            loaded.Value.Dispose();
            return problem;
        }
        return new Recording(loaded.Value);
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

    private static void Configure(byte* control, RecordingScope scope, bool buffers)
    {
        *(ulong*)(control + ControlLayout.Cgroup) = scope.CgroupId;
        *(int*)(control + ControlLayout.Level) = scope.Level;
        *(int*)(control + ControlLayout.Process) = scope.ProcessId;
        *(int*)(control + ControlLayout.NotProcess) = Environment.ProcessId;
        *(int*)(control + ControlLayout.WaitForExec) = scope.FromExec ? 1 : 0;
        foreach (var (number, signature) in CallTable.Known)
        {
            for (var index = 0; index < signature.Items.Length && number < ControlLayout.Calls; index++)
            {
                var item = signature.Items[index];
                // A buffer that nobody asked for stays where it is; its place remains, so that the other item keeps its own.
                var kind = item.Kind == CallTable.BytesOut && !buffers ? CallTable.Nothing : item.Kind;
                var at = control + ControlLayout.Items + (((number * ControlLayout.ItemsPerCall) + index) * ControlLayout.ItemBytes);
                (at[0], at[1], at[2]) = (kind, item.Argument, item.Size);
            }
        }
    }
}
