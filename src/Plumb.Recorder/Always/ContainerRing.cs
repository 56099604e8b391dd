using Plumb.Recorder.Kernel;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Always;

/// <summary>One container's ring, present or past.</summary>
/// <param name="Path">The cgroup's path below the hierarchy's root.</param>
/// <param name="BeganNs">CLOCK_MONOTONIC: when its recording began.</param>
/// <param name="EndedNs">CLOCK_MONOTONIC: when its cgroup was removed; 0 while it is there.</param>
public sealed record ContainerRing(int Number, ulong CgroupId, string Path, ulong BeganNs, ulong EndedNs)
{
    private const int IdCharacters = 64;
    private const string Scope = ".scope";

    /// <summary>The runtime's id: the 64 hexadecimal digits in the cgroup's name.</summary>
    public string ContainerId { get; } = IdOf(Path);

    /// <summary>The pod's uid, from the directory above: podUID, or PREFIX-podUID.slice with underscores.</summary>
    public string? PodUid { get; } = UidOf(Path);

    internal static ContainerRing Of(RingMemory ring) => new(ring.Number, ring.Cgroup, ring.Path, ring.BeganNs, ring.EndedNs);

    /// <summary>Whether the ring is this container's now: numbers of rings are used again, and ids of cgroups may be.</summary>
    internal bool Has(RingMemory ring) => ring.Cgroup == CgroupId && ring.BeganNs == BeganNs;

    private static string IdOf(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        name = name.EndsWith(Scope, StringComparison.Ordinal) ? name[..^Scope.Length] : name;
        return name.Length > IdCharacters ? name[^IdCharacters..] : name;
    }

    private static string? UidOf(string path)
    {
        const int UidCharacters = 36;
        foreach (var part in path.Split('/').Reverse().Skip(1))
        {
            var at = part.LastIndexOf("pod", StringComparison.Ordinal);
            var rest = at < 0 ? "" : part[(at + 3)..].Replace(".slice", "", StringComparison.Ordinal).Replace('_', '-');
            if (rest.Length == UidCharacters)
            {
                return rest;
            }
        }
        return null;
    }
}

/// <summary>What a ring held at one moment.</summary>
/// <param name="Entries">Calls, and where calls are missing, how many; calls that have not returned stand at the end.</param>
public sealed record RingSnapshot(ContainerRing Ring, IReadOnlyList<RingEntry> Entries, RecordingCounters Counters)
{
    /// <summary>Null when the ring is somebody else's by now.</summary>
    internal static RingSnapshot? Of(LoadedPrograms programs, ContainerRing container)
    {
        if (!programs.Rings.TryGetValue(container.Number, out var ring) || !container.Has(ring))
        {
            return null;
        }
        const int MostReadings = 300;
        var reader = new RingReader(ring.Address);
        var entries = new List<RingEntry>();
        // Reading pauses where a call is being written; in a busy container there is always one more.
        for (var readings = 0; readings < MostReadings && (readings == 0 || reader.Backlog > 0) && entries.Count <= SlotLayout.Slots; readings++)
        {
            entries.AddRange(reader.ReadNew());
        }
        entries.AddRange(reader.InFlight().Select(call => new RingEntry(call, 0)));
        return container.Has(ring) ? new RingSnapshot(ContainerRing.Of(ring), entries, reader.Counters) : null;
    }
}
