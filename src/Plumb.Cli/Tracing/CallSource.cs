using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Always;
using Plumb.Recorder.Ptrace;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Saved;
using Plumb.Recorder.Targets;

namespace Plumb.Cli.Tracing;

/// <summary>A call or a hole, and whose it is.</summary>
/// <param name="Container">Null where there is no pod: a process, a program, a cgroup.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct PlacedEntry(RingEntry Entry, RecordedContainer? Container);

/// <summary>Where calls come from while they are made.</summary>
internal interface ICallSource : IDisposable
{
    /// <summary>Calls that wait to be read.</summary>
    ulong Backlog { get; }

    RecordingCounters Counters { get; }

    IReadOnlyList<PlacedEntry> ReadNew();

    /// <summary>Ends it, and gives what was not read yet, with the calls that have not returned.</summary>
    IReadOnlyList<PlacedEntry> Stop();
}

/// <summary>A recording of our own: it is taken out of the kernel with this process.</summary>
internal sealed class OwnRecording(Recording recording, TracedPod? pod) : ICallSource
{
    public ulong Backlog => recording.Backlog;

    public RecordingCounters Counters => recording.Counters;

    public IReadOnlyList<PlacedEntry> ReadNew() => Placed(recording.ReadNew());

    public IReadOnlyList<PlacedEntry> Stop() => Placed(recording.Stop());

    public void Dispose() => recording.Dispose();

    private PlacedEntry[] Placed(IReadOnlyList<RingEntry> entries) =>
        [.. entries.Select(entry => new PlacedEntry(entry, pod is null ? null : new RecordedContainer(pod.Node, pod.Namespace, pod.Pod, entry.Call is null ? "-" : pod.ContainerOf(entry.Call.CgroupId), "")))];
}

/// <summary>Calls that are read with ptrace.</summary>
internal sealed class PtracedCalls(PtraceRecording recording) : ICallSource
{
    public ulong Backlog => recording.Backlog;

    public RecordingCounters Counters => recording.Counters;

    public IReadOnlyList<PlacedEntry> ReadNew() => Placed(recording.ReadNew());

    public IReadOnlyList<PlacedEntry> Stop() => Placed(recording.Stop());

    public void Dispose() => recording.Dispose();

    private static PlacedEntry[] Placed(IReadOnlyList<RingEntry> entries) => [.. entries.Select(entry => new PlacedEntry(entry, null))];
}

/// <summary>The rings of the lab's flight recorder, which runs anyway; reading them costs the pods nothing.</summary>
/// <param name="whose">The container as the cluster names it; null when it is not one of those that are wanted.</param>
internal sealed class LabRings(FlightView view, Func<ContainerRing, RecordedContainer?> whose) : ICallSource
{
    private readonly Dictionary<(int Number, ulong BeganNs), (RingReader Reader, RecordedContainer Container, string Cgroup)> _readers = [];

    /// <summary>The last of containers whose ring went to another one.</summary>
    private readonly List<PlacedEntry> _left = [];

    /// <summary>How often new containers are looked for, in milliseconds.</summary>
    private const long LookAgainMs = 50;

    private readonly string? _mount = UnifiedHierarchy.Find() is { IsOk: true, Value.Mount: var mount } ? mount : null;
    private long _lookedAt = -LookAgainMs;
    private bool _started;

    /// <summary>The recorder itself is gone.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>There were containers, and none of their pods is there any more.</summary>
    public bool AllGone => _readers.Count > 0 && _readers.Values.All(one => !Directory.Exists(_mount + Path.GetDirectoryName(one.Cgroup)));

    public ulong Backlog => _readers.Values.Aggregate(0UL, (most, one) => Math.Max(most, one.Reader.Backlog));

    public RecordingCounters Counters => _readers.Values.Select(one => one.Reader.Counters)
        .Aggregate(new RecordingCounters(0, 0, 0, 0, 0), (sum, one) => new RecordingCounters(
            sum.Recorded + one.Recorded, sum.Overwritten + one.Overwritten, sum.LostReturns + one.LostReturns, sum.Torn + one.Torn, sum.Compat + one.Compat, sum.Yields + one.Yields));

    /// <summary>What the rings hold now, without waiting.</summary>
    public IReadOnlyList<PlacedEntry> Now()
    {
        Look(fromNow: false);
        return [.. InOrder([.. ReadAll(), .. Waiting()])];
    }

    public IReadOnlyList<PlacedEntry> ReadNew()
    {
        // What began before the first look is history.
        Look(fromNow: !_started);
        _started = true;
        return InOrder(ReadAll());
    }

    public IReadOnlyList<PlacedEntry> Stop() => InOrder([.. ReadAll(), .. Waiting()]);

    public void Dispose() => view.Dispose();

    private void Look(bool fromNow)
    {
        if (Environment.TickCount64 - _lookedAt < LookAgainMs)
        {
            return;
        }
        _lookedAt = Environment.TickCount64;
        HasEnded = !view.Refresh();
        foreach (var ring in view.Containers())
        {
            if (!_readers.ContainsKey((ring.Number, ring.BeganNs)) && whose(ring) is { } container && view.Follow(ring, fromNow) is { } reader)
            {
                foreach (var old in _readers.Where(one => one.Key.Number == ring.Number).ToList())
                {
                    _left.AddRange(Read(old.Value.Reader, old.Value.Container));
                    _readers.Remove(old.Key);
                }
                _readers[(ring.Number, ring.BeganNs)] = (reader, container, ring.Path);
            }
        }
    }

    private List<PlacedEntry> ReadAll()
    {
        List<PlacedEntry> all = [.. _left, .. _readers.Values.SelectMany(one => Read(one.Reader, one.Container))];
        _left.Clear();
        return all;
    }

    private static IEnumerable<PlacedEntry> Read(RingReader reader, RecordedContainer container) => reader.ReadNew().Select(entry => new PlacedEntry(entry, container));

    private IEnumerable<PlacedEntry> Waiting() => _readers.Values.SelectMany(one => one.Reader.InFlight().Select(call => new PlacedEntry(new RingEntry(call, 0), one.Container)));

    /// <summary>By time over all containers; a hole stays where it is in its own.</summary>
    private static List<PlacedEntry> InOrder(List<PlacedEntry> entries) =>
        entries.TrueForAll(entry => entry.Entry.Call is not null) ? [.. entries.OrderBy(entry => Math.Max(entry.Entry.Call!.ExitNs, entry.Entry.Call.EnterNs))] : entries;
}
