using Plumb.Core;
using Plumb.Recorder.Kernel;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Always;

/// <summary>Reads the rings of a flight recorder that another process runs, or that goes on alone in the kernel. It changes nothing.</summary>
public sealed class FlightView : IDisposable
{
    private readonly string _directory;
    private readonly LoadedPrograms _rings;

    private FlightView(string directory, LoadedPrograms rings) => (_directory, _rings) = (directory, rings);

    /// <summary>Whether a recorder of this name is in the kernel.</summary>
    public static bool IsThere(string name) => BpfFileSystem.Directories().Any(path => Path.GetFileName(path) == name);

    /// <param name="name">The recorder's.</param>
    public static Result<FlightView> Open(string name)
    {
        if (BpfFileSystem.Directories().FirstOrDefault(path => Path.GetFileName(path) == name) is not { } directory)
        {
            return new Problem($"the flight recorder '{name}' is not in the kernel", Environment.IsPrivilegedProcess ? null : "Its rings can be read by root only");
        }
        if (Pins.IsOfAnotherVersion(directory))
        {
            return new Problem($"the flight recorder '{name}' is another version's, whose rings this one cannot read", "Use that version, or start the recorder again with this one");
        }
        var opened = Pins.Open(directory, writable: false);
        return opened.IsOk ? new FlightView(directory, opened.Value) : opened.Problem;
    }

    /// <summary>Every container that has a ring, the ended ones too, oldest first.</summary>
    public IReadOnlyList<ContainerRing> Containers() => [.. _rings.Rings.Values.Where(ring => ring.Cgroup != 0).Select(ContainerRing.Of).OrderBy(ring => ring.BeganNs)];

    /// <summary>What the container's ring holds now; null when the ring is somebody else's by now.</summary>
    public RingSnapshot? Read(ContainerRing container) => RingSnapshot.Of(_rings, container);

    /// <summary>Looks for rings that were made since.</summary>
    /// <returns>False when the recorder has ended.</returns>
    public bool Refresh()
    {
        if (!Directory.Exists(_directory) || !Pins.IsThere(_directory))
        {
            return false;
        }
        foreach (var ring in Pins.NewRings(_directory, _rings.Rings))
        {
            _rings.Take(ring);
        }
        return true;
    }

    /// <summary>A reader of one container's ring.</summary>
    /// <param name="fromNow">Only what comes from now on.</param>
    /// <returns>Null when the ring is somebody else's by now.</returns>
    public RingReader? Follow(ContainerRing container, bool fromNow)
    {
        if (!_rings.Rings.TryGetValue(container.Number, out var ring))
        {
            return null;
        }
        var reader = new RingReader(ring.Address, fromNow);
        // Afterwards: then it was also the container's when the reader was made.
        return container.Has(ring) ? reader : null;
    }

    public void Dispose() => _rings.Dispose();
}
