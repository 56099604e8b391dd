using System.Diagnostics;
using System.Text;
using Plumb.Core;
using Plumb.Recorder.Kernel;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Targets;

namespace Plumb.Recorder.Always;

/// <summary>
/// Records every container below a place in the cgroup hierarchy, each from its first execve, in a ring of its own. The kernel gives a new container's cgroup a ring from
/// a small stock; <see cref="Tend"/> fills the stock again and takes back the rings of containers that ended long ago. Everything is pinned: when this process is killed
/// the kernel records on, and the next <see cref="Start"/> with the same name picks it up.
/// </summary>
/// <remarks>
/// One thread at a time: <see cref="Tend"/> changes what <see cref="Containers"/> and <see cref="Read"/> look at. A process that tends it while it does other things gives
/// the recorder to one loop, and what others learn comes to that loop through a queue.
/// </remarks>
public sealed unsafe class FlightRecorder : IDisposable
{
    /// <summary>Rings of ended containers that are kept, 1 MiB each; the oldest go first.</summary>
    public const int MostEnded = 16;

    private readonly LoadedPrograms _programs;

    /// <summary>Says to others that this recorder has a living process; the kernel takes it back however that ends.</summary>
    private readonly LockFile _owner;
    private readonly string _directory;
    private readonly UnifiedHierarchy _hierarchy;
    private readonly string _prefix;
    private readonly HashSet<int> _inStock = [];
    private ulong _withoutRing;
    private bool _disposed;

    private FlightRecorder(LoadedPrograms programs, LockFile owner, string directory, UnifiedHierarchy hierarchy, string prefix) =>
        (_programs, _owner, _directory, _hierarchy, _prefix) = (programs, owner, directory, hierarchy, prefix);

    /// <summary>True when a killed predecessor's rings were there and go on.</summary>
    public bool PickedUp { get; private set; }

    /// <summary>Why a killed predecessor's rings were there and are lost; else null.</summary>
    public Problem? Discarded { get; private set; }

    /// <summary>Containers whose first calls are missing, because the stock was empty when they began.</summary>
    public ulong Late => _withoutRing;

    /// <summary>Rings in the kernel, 1 MiB each: of containers that run, of some that ended, and the stock.</summary>
    public int Rings => _programs.Rings.Count;

    /// <summary>Why every container of this machine cannot be recorded; null when it can. It is tried: the kernel checks the programs, nothing is attached.</summary>
    public static Problem? WhyNot()
    {
        var hierarchy = UnifiedHierarchy.Find();
        if (!hierarchy.IsOk)
        {
            return hierarchy.Problem;
        }
        var programs = LoadedPrograms.Load(ProgramSet.Every);
        if (!programs.IsOk)
        {
            return programs.Problem;
        }
        programs.Value.Dispose();
        return null;
    }

    /// <param name="name">Of this recorder on this machine; a successor has the same.</param>
    /// <param name="prefix">How the cgroup paths of the containers begin: /plumb-1 or /kubepods.</param>
    public static Result<FlightRecorder> Start(string name, string prefix)
    {
        var hierarchy = UnifiedHierarchy.Find();
        if (!hierarchy.IsOk)
        {
            return hierarchy.Problem;
        }
        if (Encoding.UTF8.GetByteCount(prefix) > ControlLayout.PrefixBytes)
        {
            return new Problem($"the cgroup prefix '{prefix}' is longer than {ControlLayout.PrefixBytes} bytes");
        }
        var owner = BpfFileSystem.Claim(name);
        if (!owner.IsOk)
        {
            return owner.Problem;
        }
        var directory = BpfFileSystem.Prepare(name);
        if (!directory.IsOk)
        {
            owner.Value.Dispose();
            return directory.Problem;
        }
        var (programs, pickedUp, discarded) = Take(directory.Value);
        if (!programs.IsOk)
        {
            BpfFileSystem.Remove(directory.Value);
            owner.Value.Dispose();
            return programs.Problem;
        }
        var recorder = new FlightRecorder(programs.Value, owner.Value, directory.Value, hierarchy.Value, prefix) { PickedUp = pickedUp, Discarded = discarded };
        if (recorder.Begin() is not { } problem)
        {
            return recorder;
        }
        recorder.Dispose();
        return problem;
    }

    /// <summary>A killed predecessor's, when a whole one of this version is there; else new programs.</summary>
    private static (Result<LoadedPrograms> Programs, bool PickedUp, Problem? Discarded) Take(string directory)
    {
        Problem? discarded = null;
        if (Pins.IsThere(directory))
        {
            var old = Pins.Open(directory, writable: true);
            if (old.IsOk)
            {
                return (old, true, null);
            }
            discarded = new Problem($"what a killed recorder left in the kernel cannot be picked up and was taken out: {old.Problem.What}");
        }
        else if (Pins.IsOfAnotherVersion(directory))
        {
            discarded = new Problem("a killed recorder of another version of Plumb was in the kernel and was taken out; what it had not saved is lost", "Before an upgrade end it with 'plumb down', or with SIGTERM on a node");
        }
        // Half of a recorder, or nothing.
        Pins.Clear(directory);
        return (LoadedPrograms.Load(ProgramSet.Every), false, discarded);
    }

    /// <summary>Every container that has a ring, the ended ones too, oldest first.</summary>
    public IReadOnlyList<ContainerRing> Containers() => [.. Owned().Select(ContainerRing.Of).OrderBy(ring => ring.BeganNs)];

    /// <summary>What the container's ring holds now; null when the ring is somebody else's by now.</summary>
    public RingSnapshot? Read(ContainerRing container) => RingSnapshot.Of(_programs, container);

    /// <summary>To be called every <see cref="Pause"/>: the stock is full again afterwards, and containers that found it empty have a ring.</summary>
    /// <returns>Null, or why the stock could not be filled.</returns>
    public Problem? Tend()
    {
        // Nothing was taken, so nothing began: the usual case, twenty times a second.
        if (IsFull() && Volatile.Read(ref *(ulong*)(Control + ControlLayout.WithoutRing)) == _withoutRing)
        {
            return null;
        }
        TakeBack();
        if (Adopt() is { } problem)
        {
            return problem;
        }
        return Fill();
    }

    /// <summary>Short enough that a burst of new containers does not empty the stock.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Takes everything out of the kernel.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _programs.Dispose();
            BpfFileSystem.Remove(_directory);
            _owner.Dispose();
        }
    }

    private byte* Control => _programs.Control.Pointer;

    private IEnumerable<RingMemory> Owned() => _programs.Rings.Values.Where(ring => ring.Cgroup != 0);

    private Problem? Begin()
    {
        *(int*)(Control + ControlLayout.Every) = 1;
        *(int*)(Control + ControlLayout.NotProcess) = Environment.ProcessId;
        *(int*)(Control + ControlLayout.Level) = LeastLevel;
        KeptItems.Configure(Control, buffers: false);
        SetPrefix();
        if (!PickedUp)
        {
            var problem = Fill() ?? _programs.Attach() ?? Pins.PinAll(_programs, _directory);
            return problem ?? AdoptAll();
        }
        // The predecessor's stock: rings that nobody took.
        for (var place = 0; place < ControlLayout.StockPlaces; place++)
        {
            if (Stock(place) is var number and not 0)
            {
                _inStock.Add((int)number - 1);
            }
        }
        return Tend() ?? AdoptAll();
    }

    /// <summary>Containers lie at least two levels below the root: lab/pod/container, kubepods/…/container.</summary>
    private const int LeastLevel = 2;

    private void SetPrefix()
    {
        var prefix = Encoding.UTF8.GetBytes(_prefix);
        var to = new Span<byte>(Control + ControlLayout.Prefix, ControlLayout.PrefixBytes);
        var mask = new Span<byte>(Control + ControlLayout.PrefixMask, ControlLayout.PrefixBytes);
        to.Clear();
        mask.Clear();
        prefix.CopyTo(to);
        mask[..prefix.Length].Fill(0xFF);
    }

    private ref ulong Place(int place) => ref *(ulong*)(Control + ControlLayout.Stock + (place * 8));

    private ulong Stock(int place) => Volatile.Read(ref Place(place));

    private bool IsFull()
    {
        for (var place = 0; place < ControlLayout.StockPlaces; place++)
        {
            if (Stock(place) == 0)
            {
                return false;
            }
        }
        return true;
    }

    private Problem? Fill()
    {
        for (var place = 0; place < ControlLayout.StockPlaces; place++)
        {
            if (Stock(place) != 0)
            {
                continue;
            }
            var ring = Free();
            if (!ring.IsOk)
            {
                return ring.Problem;
            }
            _inStock.Add(ring.Value);
            Volatile.Write(ref Place(place), (ulong)ring.Value + 1);
        }
        return null;
    }

    /// <summary>A ring that belongs to nobody, made when there is none.</summary>
    private Result<int> Free()
    {
        var stocked = Enumerable.Range(0, ControlLayout.StockPlaces).Select(place => (int)Stock(place) - 1).ToHashSet();
        // One that was taken has its owner's cgroup a moment later.
        _inStock.RemoveWhere(number => !stocked.Contains(number) && _programs.Rings[number].Cgroup != 0);
        if (_programs.Rings.Values.FirstOrDefault(ring => ring.Cgroup == 0 && !_inStock.Contains(ring.Number)) is { } free)
        {
            return free.Number;
        }
        if (_programs.Rings.Count >= LoadedPrograms.MostRings)
        {
            return new Problem($"{LoadedPrograms.MostRings} containers are recorded, which is the most that the recorder takes");
        }
        var made = _programs.AddRing();
        if (!made.IsOk)
        {
            return made.Problem;
        }
        return _directory.Length > 0 && _programs.Links.Count > 0 && Pins.PinRing(made.Value, _directory) is { } problem ? problem : made.Value.Number;
    }

    /// <summary>The rings of the containers that ended first, beyond those that are kept, are free again; free ones beyond a stock leave the kernel.</summary>
    private void TakeBack()
    {
        var ended = Owned().Where(ring => ring.EndedNs != 0).OrderBy(ring => ring.EndedNs).ToList();
        foreach (var ring in ended.Take(Math.Max(0, ended.Count - MostEnded)))
        {
            ring.Free();
        }
        var free = _programs.Rings.Values.Where(ring => ring.Cgroup == 0 && !_inStock.Contains(ring.Number)).Skip(ControlLayout.StockPlaces).Select(ring => ring.Number).ToList();
        foreach (var number in free)
        {
            Pins.UnpinRing(number, _directory);
            _programs.RemoveRing(number);
        }
    }

    /// <summary>Looks for containers without a ring only when the kernel counted one.</summary>
    private Problem? Adopt()
    {
        var without = Volatile.Read(ref *(ulong*)(Control + ControlLayout.WithoutRing));
        if (without == _withoutRing)
        {
            return null;
        }
        _withoutRing = without;
        return AdoptAll();
    }

    private Problem? AdoptAll()
    {
        var known = Owned().Select(ring => ring.Cgroup).ToHashSet();
        foreach (var (directory, path) in ContainerDirectories.Below(_hierarchy, _prefix))
        {
            if (UnifiedHierarchy.WholeIdOf(directory) is not { } id || known.Contains(id))
            {
                continue;
            }
            var free = Free();
            if (!free.IsOk)
            {
                return free.Problem;
            }
            _programs.Rings[free.Value].Give(id, path, fromExec: false, (ulong)Stopwatch.GetTimestamp());
            foreach (var below in Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories).Prepend(directory))
            {
                if (UnifiedHierarchy.WholeIdOf(below) is { } inner && _programs.Assign(inner, free.Value) is { } problem)
                {
                    return problem;
                }
            }
        }
        return null;
    }
}
