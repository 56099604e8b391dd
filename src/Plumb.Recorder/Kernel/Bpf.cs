using System.Buffers.Binary;
using System.Text;

namespace Plumb.Recorder.Kernel;

/// <summary>The commands of bpf(2) that the recorder needs. Each returns a descriptor, or the negative errno.</summary>
internal static unsafe class Bpf
{
    public const uint ArrayMap = 2;
    public const uint MapMmapable = 1024;
    private const uint TracingProgram = 26;
    private const uint RawTracepointProgram = 17;
    private const uint AttachToRawTracepoint = 23;
    private const int ProgramAttributes = 120;
    private const int MapAttributes = 72;
    private const int NameBytes = 15;

    /// <summary>Kernels before 6.4 refuse a program whose log does not fit, instead of keeping the log's end.</summary>
    private const int LogBytes = 16 * 1024 * 1024;

    /// <param name="inner">For a map of maps: the descriptor of a map such as it will hold.</param>
    public static int CreateMap(BpfMapDefinition map, int inner = 0)
    {
        Span<byte> attributes = stackalloc byte[MapAttributes];
        attributes.Clear();
        U32(attributes, 0, map.Type);
        U32(attributes, 4, map.KeyBytes);
        U32(attributes, 8, map.ValueBytes);
        U32(attributes, 12, map.Entries);
        U32(attributes, 16, map.Flags);
        U32(attributes, 20, (uint)inner);
        Name(attributes[28..], map.Name);
        return Charged(Native.MapCreate, attributes);
    }

    /// <summary>The map that holds a program's variables; it can be mapped into memory.</summary>
    public static int CreateVariables(uint bytes) => CreateMap(new BpfMapDefinition("plumb_control", ArrayMap, 4, bytes, 1, MapMmapable));

    /// <param name="tracepointType">BTF number of the tracepoint's type; null loads it for the untyped raw tracepoint.</param>
    /// <param name="refusal">The last line of the kernel's reason, when it gave one.</param>
    public static int Load(string name, ulong[] instructions, uint? tracepointType, out string? refusal)
    {
        refusal = null;
        var result = Load(name, instructions, tracepointType, null);
        if (result < 0)
        {
            var log = new byte[LogBytes];
            _ = Load(name, instructions, tracepointType, log);
            var end = Array.IndexOf(log, (byte)0);
            refusal = Encoding.UTF8.GetString(log, 0, Math.Max(0, end)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .LastOrDefault(line => !line.StartsWith("processed ", StringComparison.Ordinal));
        }
        return result;
    }

    private static int Load(string name, ulong[] instructions, uint? tracepointType, byte[]? log)
    {
        Span<byte> attributes = stackalloc byte[ProgramAttributes];
        attributes.Clear();
        fixed (ulong* code = instructions)
        fixed (byte* license = "GPL\0"u8)
        fixed (byte* logText = log)
        {
            U32(attributes, 0, tracepointType is null ? RawTracepointProgram : TracingProgram);
            U32(attributes, 4, (uint)instructions.Length);
            U64(attributes, 8, (ulong)code);
            U64(attributes, 16, (ulong)license);
            if (log is not null)
            {
                U32(attributes, 24, 1);
                U32(attributes, 28, (uint)log.Length);
                U64(attributes, 32, (ulong)logText);
            }
            Name(attributes[48..], name);
            if (tracepointType is { } type)
            {
                U32(attributes, 68, AttachToRawTracepoint);
                U32(attributes, 108, type);
            }
            return Charged(Native.ProgramLoad, attributes);
        }
    }

    /// <summary>Attaches a loaded program; it stays attached until the descriptor is closed, by us or by the end of the process.</summary>
    /// <param name="tracepoint">Name of the raw tracepoint; null for a typed program, which knows its own.</param>
    public static int Attach(int program, string? tracepoint)
    {
        Span<byte> attributes = stackalloc byte[16];
        attributes.Clear();
        var text = tracepoint is null ? null : Encoding.ASCII.GetBytes(tracepoint + "\0");
        fixed (byte* name = text)
        {
            U64(attributes, 0, (ulong)name);
            U32(attributes, 8, (uint)program);
            return Call(Native.RawTracepointOpen, attributes);
        }
    }

    /// <summary>Puts a value, as the map's key and value sizes say.</summary>
    public static int Update(int map, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Element(Native.MapUpdate, map, key, value);

    public static int Delete(int map, ReadOnlySpan<byte> key) => Element(Native.MapDelete, map, key, default);

    /// <summary>Gives a map or a link a name in a bpf file system, which keeps it when this process ends.</summary>
    public static int Pin(string path, int descriptor) => Object(Native.ObjectPin, path, descriptor);

    /// <summary>Opens what was pinned, to read and to write: the kernel maps the memory of a map that is open for reading only into nobody's.</summary>
    public static int Get(string path) => Object(Native.ObjectGet, path, 0);

    private static int Element(int command, int map, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Span<byte> attributes = stackalloc byte[32];
        attributes.Clear();
        fixed (byte* keyBytes = key)
        fixed (byte* valueBytes = value)
        {
            U32(attributes, 0, (uint)map);
            U64(attributes, 8, (ulong)keyBytes);
            U64(attributes, 16, (ulong)valueBytes);
            return Call(command, attributes);
        }
    }

    private static int Object(int command, string path, int descriptor)
    {
        Span<byte> attributes = stackalloc byte[16];
        attributes.Clear();
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            U64(attributes, 0, (ulong)name);
            U32(attributes, 8, (uint)descriptor);
            return Call(command, attributes);
        }
    }

    /// <summary>
    /// Before 5.11 the kernel counts maps and programs against the limit of locked memory, 64 KiB as a rule, and refuses with EPERM. The limit is lifted for this call only:
    /// what is started meanwhile and later is to have its own.
    /// </summary>
    private static int Charged(int command, ReadOnlySpan<byte> attributes)
    {
        var result = Call(command, attributes);
        Native.Limit before, lifted = new(Native.NoLimit, Native.NoLimit);
        if (result != -Native.EPerm || Native.prlimit(0, Native.LockedMemory, &lifted, &before) != 0)
        {
            return result;
        }
        result = Call(command, attributes);
        _ = Native.prlimit(0, Native.LockedMemory, &before, null);
        return result;
    }

    private static int Call(int command, ReadOnlySpan<byte> attributes)
    {
        fixed (byte* pointer = attributes)
        {
            var result = Native.Bpf(command, pointer, attributes.Length);
            return result >= 0 ? result : -Native.LastError;
        }
    }

    private static void Name(Span<byte> to, string name) => Encoding.ASCII.GetBytes(name.AsSpan(0, Math.Min(NameBytes, name.Length)), to);

    private static void U32(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);

    private static void U64(Span<byte> bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
