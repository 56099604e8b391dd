using System.Runtime.InteropServices;
using Plumb.Core;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Kernel;

/// <summary>
/// The recorder's programs and maps in the kernel. Everything hangs on descriptors of this process: nothing is pinned, so the end of the process, however it ends,
/// takes it all away.
/// </summary>
internal sealed class LoadedPrograms : IDisposable
{
    private readonly List<int> _descriptors = [];
    private readonly List<int> _links = [];

    private LoadedPrograms()
    {
    }

    public MappedMemory Ring { get; private set; } = null!;

    public MappedMemory Control { get; private set; } = null!;

    /// <summary>False when the kernel has no type information and the untyped tracepoints serve.</summary>
    public bool IsTyped { get; private set; }

    private (int Enter, int Exit) Programs { get; set; }

    /// <summary>Loads everything; nothing runs before <see cref="Attach"/>.</summary>
    /// <param name="floor">Load two programs that do nothing, for a benchmark.</param>
    public static Result<LoadedPrograms> Load(bool floor = false)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || !OperatingSystem.IsLinux())
        {
            return new Problem("the recorder runs on Linux on x86-64 only; other machines are not supported yet");
        }
        var loaded = new LoadedPrograms();
        var problem = loaded.LoadAll(floor);
        if (problem is null)
        {
            return loaded;
        }
        loaded.Dispose();
        return problem;
    }

    /// <summary>Null when the programs run from now on.</summary>
    public Problem? Attach()
    {
        // Returns first: a call that is seen to begin is then also seen to return.
        foreach (var (program, tracepoint) in ((int, string)[])[(Programs.Exit, "sys_exit"), (Programs.Enter, "sys_enter")])
        {
            var link = Bpf.Attach(program, IsTyped ? null : tracepoint);
            if (link < 0)
            {
                return Refused($"attach to {tracepoint}", -link, null);
            }
            _links.Add(link);
        }
        return null;
    }

    /// <summary>Stops recording; what is in the ring can still be read.</summary>
    public void Detach()
    {
        Close(_links);
    }

    public void Dispose()
    {
        Detach();
        Ring?.Dispose();
        Control?.Dispose();
        Close(_descriptors);
    }

    private Problem? LoadAll(bool floor)
    {
        var file = BpfObject.Parse(Resource("x86_64.o"));
        var maps = new Dictionary<string, int>();
        foreach (var definition in file.Maps)
        {
            if (Keep(Bpf.CreateMap(definition)) is var map && map < 0)
            {
                return Refused($"create the map '{definition.Name}'", -map, null);
            }
            maps[definition.Name] = map;
        }
        var variables = Keep(Bpf.CreateVariables(file.VariableBytes));
        if (variables < 0)
        {
            return Refused("create the map of its variables", -variables, null);
        }
        if (MappedMemory.Of(maps["ring"], SlotLayout.Slots * SlotLayout.Bytes) is not { } ring || MappedMemory.Of(variables, (int)file.VariableBytes) is not { } control)
        {
            return Refused("map its ring into memory", Native.LastError, null);
        }
        (Ring, Control) = (ring, control);
        var types = File.Exists(KernelTypes.Path) ? File.ReadAllBytes(KernelTypes.Path) : [];
        return LoadPair(file, maps, variables, KernelTypes.TypedefNumber(types, "btf_trace_sys_enter"), KernelTypes.TypedefNumber(types, "btf_trace_sys_exit"), floor);
    }

    private Problem? LoadPair(BpfObject file, Dictionary<string, int> maps, int variables, uint? enterType, uint? exitType, bool floor)
    {
        IsTyped = enterType is not null && exitType is not null;
        var kind = floor ? "floor" : IsTyped ? "tp_btf/sys" : "raw_tp/sys";
        var (enterSection, exitSection) = floor ? ("tp_btf/floor_enter", "tp_btf/floor_exit") : ($"{kind}_enter", $"{kind}_exit");
        var enter = LoadOne(file, enterSection, "plumb_enter", maps, variables, IsTyped ? enterType : null, out var refusal);
        if (enter < 0)
        {
            return Refused("load its program", -enter, refusal);
        }
        var exit = LoadOne(file, exitSection, "plumb_exit", maps, variables, IsTyped ? exitType : null, out refusal);
        Programs = (enter, exit);
        return exit < 0 ? Refused("load its program", -exit, refusal) : null;
    }

    private int LoadOne(BpfObject file, string section, string name, Dictionary<string, int> maps, int variables, uint? type, out string? refusal) =>
        Keep(Bpf.Load(name, Relocation.Apply(file.Programs.Single(program => program.Section == section), maps, variables), type, out refusal));

    private static void Close(List<int> descriptors)
    {
        foreach (var descriptor in descriptors)
        {
            _ = Native.close(descriptor);
        }
        descriptors.Clear();
    }

    private int Keep(int descriptor)
    {
        if (descriptor >= 0)
        {
            _descriptors.Add(descriptor);
        }
        return descriptor;
    }

    private static Problem Refused(string what, int error, string? reason)
    {
        var words = Marshal.GetPInvokeErrorMessage(error).ToLowerInvariant();
        return error switch
        {
            Native.EPerm => new Problem("the kernel does not let this user record system calls: it needs root, or CAP_BPF and CAP_PERFMON", "Run it with sudo. A fallback without these rights is not supported yet"),
            Native.ENoSys => new Problem("this kernel is built without eBPF (bpf(2) is missing), so nothing can be recorded here"),
            Native.EInval => new Problem($"the kernel refuses to {what}: {words}{(reason is null ? "" : $" ({reason})")}; the recorder needs Linux 5.12 or later, this is {KernelRelease()}"),
            _ => new Problem($"the kernel refuses to {what}: {words}{(reason is null ? "" : $" ({reason})")}; kernel {KernelRelease()}"),
        };
    }

    private static string KernelRelease() => File.Exists("/proc/sys/kernel/osrelease") ? File.ReadAllText("/proc/sys/kernel/osrelease").Trim() : "unknown";

    private static byte[] Resource(string name)
    {
        using var stream = typeof(LoadedPrograms).Assembly.GetManifestResourceStream($"Plumb.Recorder.{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
