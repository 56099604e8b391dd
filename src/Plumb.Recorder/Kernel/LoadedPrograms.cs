using System.Runtime.InteropServices;
using Plumb.Core;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Kernel;

/// <summary>What the programs do.</summary>
internal enum ProgramSet
{
    /// <summary>Record one target in ring 0.</summary>
    Target,

    /// <summary>Record every container in a ring of its own.</summary>
    Every,

    /// <summary>Nothing: the floor of the benchmark.</summary>
    Floor,
}

/// <summary>
/// The recorder's programs and maps in the kernel. Everything hangs on descriptors of this process, whose end, however it ends, takes it all away; unless it was pinned
/// (<see cref="Pins"/>).
/// </summary>
internal sealed class LoadedPrograms : IDisposable
{
    private readonly List<int> _descriptors = [];
    private readonly Dictionary<string, int> _links = [];
    private readonly Dictionary<string, int> _programs = [];
    private readonly SortedDictionary<int, RingMemory> _rings = [];

    private LoadedPrograms(ProgramSet set) => Set = set;

    public ProgramSet Set { get; }

    public MappedMemory Control { get; private set; } = null!;

    public IReadOnlyDictionary<int, RingMemory> Rings => _rings;

    /// <summary>False when the kernel has no type information and the untyped tracepoints serve.</summary>
    public bool IsTyped { get; private set; }

    /// <summary>Whether it can be loaded on such a machine.</summary>
    public static bool IsMachine => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Descriptors of the maps that the programs share with us, by the names in recorder.bpf.c, and "control".</summary>
    internal Dictionary<string, int> Maps { get; } = [];

    /// <summary>Descriptors of what is attached, by tracepoint.</summary>
    internal IReadOnlyDictionary<string, int> Links => _links;

    /// <summary>Loads everything; nothing runs before <see cref="Attach"/>.</summary>
    public static Result<LoadedPrograms> Load(ProgramSet set = ProgramSet.Target)
    {
        if (!IsMachine)
        {
            return new Problem("the recorder runs on Linux, on x86-64 and arm64; other machines are not supported");
        }
        var loaded = new LoadedPrograms(set);
        var problem = loaded.LoadAll();
        if (problem is null)
        {
            return loaded;
        }
        loaded.Dispose();
        return problem;
    }

    /// <summary>What another process pinned.</summary>
    /// <param name="descriptors">Of the maps; this takes them over.</param>
    internal static Result<LoadedPrograms> Adopt(IReadOnlyDictionary<string, int> descriptors, IReadOnlyDictionary<string, int> links, IReadOnlyDictionary<int, int> rings, bool writable)
    {
        var adopted = new LoadedPrograms(ProgramSet.Every) { IsTyped = true };
        foreach (var (name, descriptor) in descriptors)
        {
            adopted.Maps[name] = adopted.Keep(descriptor);
        }
        foreach (var (name, descriptor) in links)
        {
            adopted._links[name] = descriptor;
        }
        var error = MappedMemory.Of(descriptors["control"], ControlLayout.Bytes, writable) is { } control && (adopted.Control = control) is not null ? 0 : Native.LastError;
        foreach (var (number, descriptor) in rings)
        {
            if (RingMemory.Of(number, descriptor, writable) is { } ring)
            {
                adopted._rings[number] = ring;
            }
            else
            {
                error = error == 0 ? Native.LastError : error;
            }
        }
        if (error == 0)
        {
            return adopted;
        }
        adopted.Dispose();
        return Refused("map what is pinned into memory", error, null);
    }

    /// <summary>Makes one more ring, 1 MiB of the kernel's memory.</summary>
    public Result<RingMemory> AddRing()
    {
        var number = Enumerable.Range(0, MostRings).First(free => !_rings.ContainsKey(free));
        var descriptor = RingMemory.Create();
        if (descriptor < 0)
        {
            return Refused("create a ring", -descriptor, null);
        }
        if (RingMemory.Of(number, descriptor, writable: true) is not { } ring)
        {
            return Refused("map a ring into memory", Native.LastError, null);
        }
        var put = Bpf.Update(Maps["rings"], BitConverter.GetBytes(number), BitConverter.GetBytes(descriptor));
        if (put < 0)
        {
            ring.Dispose();
            return Refused("put a ring into the map of rings", -put, null);
        }
        _rings[number] = ring;
        return ring;
    }

    /// <summary>A ring that its recorder made since.</summary>
    internal void Take(RingMemory ring) => _rings[ring.Number] = ring;

    /// <summary>Takes a ring that belongs to nobody out of the kernel.</summary>
    public void RemoveRing(int number)
    {
        _ = Bpf.Delete(Maps["rings"], BitConverter.GetBytes(number));
        if (_rings.Remove(number, out var ring))
        {
            ring.Dispose();
        }
    }

    /// <summary>From now on the calls of this cgroup go to that ring.</summary>
    public Problem? Assign(ulong cgroup, int ring)
    {
        var put = Bpf.Update(Maps["ring_of"], BitConverter.GetBytes(cgroup), BitConverter.GetBytes((ulong)ring));
        return put < 0 ? Refused("note a container's ring", -put, null) : null;
    }

    /// <summary>The one target's cgroup, for kernels that compare it so.</summary>
    public Problem? SetTarget(string directory)
    {
        var cgroup = Native.OpenToRead(directory);
        if (cgroup < 0)
        {
            return new Problem($"the cgroup {directory} went away");
        }
        var put = Bpf.Update(Maps["target"], BitConverter.GetBytes(0), BitConverter.GetBytes(cgroup));
        _ = Native.close(cgroup);
        return put < 0 ? Refused("note the target's cgroup", -put, null) : null;
    }

    /// <summary>Null when the programs run from now on.</summary>
    public Problem? Attach()
    {
        // Returns first: a call that is seen to begin is then also seen to return.
        foreach (var (tracepoint, program) in _programs.OrderBy(pair => pair.Key == "sys_exit" ? 0 : 1))
        {
            var link = Bpf.Attach(program, IsTyped ? null : tracepoint);
            if (link < 0)
            {
                return Refused($"attach to {tracepoint}", -link, null);
            }
            _links[tracepoint] = link;
        }
        return null;
    }

    /// <summary>Stops recording, when nothing is pinned; what is in the rings can still be read.</summary>
    public void Detach()
    {
        Close(_links.Values);
        _links.Clear();
    }

    public void Dispose()
    {
        Detach();
        foreach (var ring in _rings.Values)
        {
            ring.Dispose();
        }
        Control?.Dispose();
        Close(_descriptors);
    }

    /// <summary>As RINGS in recorder.bpf.c.</summary>
    public const int MostRings = 512;

    private Problem? LoadAll()
    {
        var file = BpfObject.Parse(ObjectFile());
        var inner = RingMemory.Create();
        if (Keep(inner) < 0)
        {
            return Refused("create a ring", -inner, null);
        }
        foreach (var definition in file.Maps)
        {
            if (Keep(Bpf.CreateMap(definition, definition.Name == "rings" ? inner : 0)) is var map && map < 0)
            {
                return Refused($"create the map '{definition.Name}'", -map, null);
            }
            Maps[definition.Name] = map;
        }
        var variables = Keep(Bpf.CreateVariables(file.VariableBytes));
        if (variables < 0)
        {
            return Refused("create the map of its variables", -variables, null);
        }
        Maps["control"] = variables;
        if (MappedMemory.Of(variables, (int)file.VariableBytes) is not { } control)
        {
            return Refused("map its variables into memory", Native.LastError, null);
        }
        Control = control;
        return LoadPrograms(file);
    }

    /// <summary>The programs for a new kernel, else those for 5.10, else those without types; only trying tells which a kernel takes.</summary>
    private Problem? LoadPrograms(BpfObject file)
    {
        if (KernelTypes.OfThisKernel() is { } types && KernelFields.Find(types) is { } offsets)
        {
            IsTyped = true;
            var problem = Set == ProgramSet.Floor ? LoadPrograms(file, "tp_btf/floor_", types, offsets) : LoadPrograms(file, "tp_btf/", types, offsets);
            return problem is null || Set == ProgramSet.Floor || LoadPrograms(file, "locked/", types, offsets) is null ? null : problem;
        }
        if (Set != ProgramSet.Target)
        {
            return new Problem("this kernel has no type information that fits (/sys/kernel/btf/vmlinux), so containers cannot be recorded from their first call on", "One target can be: plumb trace pod/NAME");
        }
        return LoadPrograms(file, "raw_tp/", null, null);
    }

    private Problem? LoadPrograms(BpfObject file, string kind, KernelTypes? types, short[]? offsets)
    {
        foreach (var tracepoint in (string[])(Set == ProgramSet.Every ? ["sys_enter", "sys_exit", "cgroup_mkdir", "cgroup_rmdir"] : ["sys_enter", "sys_exit"]))
        {
            var type = types?.Typedefs($"btf_trace_{tracepoint}");
            if (types is not null && type is null)
            {
                return new Problem($"this kernel has no tracepoint {tracepoint}; kernel {KernelRelease()}");
            }
            var section = kind.EndsWith('_') ? kind + tracepoint[4..] : kind + tracepoint;
            var code = Relocation.Apply(file.Programs.FirstOrDefault(program => program.Section == section) ?? file.Programs.Single(program => program.Section == $"tp_btf/{tracepoint}"),
                Maps, Maps["control"]);
            if (offsets is not null)
            {
                KernelFields.Put(code, offsets);
            }
            var program = Keep(Bpf.Load($"plumb_{tracepoint}", code, type, out var refusal));
            if (program < 0)
            {
                return Refused("load its program", -program, refusal);
            }
            _programs[tracepoint] = program;
        }
        return null;
    }

    private static void Close(IEnumerable<int> descriptors)
    {
        foreach (var descriptor in descriptors)
        {
            _ = Native.close(descriptor);
        }
    }

    private int Keep(int descriptor)
    {
        if (descriptor >= 0)
        {
            _descriptors.Add(descriptor);
        }
        return descriptor;
    }

    internal static Problem Refused(string what, int error, string? reason)
    {
        var words = Marshal.GetPInvokeErrorMessage(error).ToLowerInvariant();
        return error switch
        {
            Native.EPerm => new Problem("the kernel does not let this user record system calls: it needs root, or CAP_BPF and CAP_PERFMON", "Run it with sudo; a program or a process can be traced without them: 'plumb trace -- PROGRAM' then uses ptrace"),
            Native.ENoSys => new Problem("this kernel is built without eBPF (bpf(2) is missing), so nothing can be recorded here"),
            Native.EInval => new Problem($"the kernel refuses to {what}: {words}{(reason is null ? "" : $" ({reason})")}; the recorder needs Linux 5.10 or later, this is {KernelRelease()}"),
            _ => new Problem($"the kernel refuses to {what}: {words}{(reason is null ? "" : $" ({reason})")}; kernel {KernelRelease()}"),
        };
    }

    private static string KernelRelease() => File.Exists("/proc/sys/kernel/osrelease") ? File.ReadAllText("/proc/sys/kernel/osrelease").Trim() : "unknown";

    /// <summary>What clang made of recorder.bpf.c.</summary>
    internal static byte[] ObjectFile()
    {
        using var stream = typeof(LoadedPrograms).Assembly.GetManifestResourceStream($"Plumb.Recorder.{(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x86_64")}.o")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
