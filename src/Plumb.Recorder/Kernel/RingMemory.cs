using System.Text;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Kernel;

/// <summary>One ring: the kernel's map, and its memory here.</summary>
internal sealed unsafe class RingMemory : IDisposable
{
    private readonly MappedMemory _memory;
    private readonly int _descriptor;

    private RingMemory(int number, int descriptor, MappedMemory memory) => (Number, _descriptor, _memory) = (number, descriptor, memory);

    /// <summary>Its place in the map of rings.</summary>
    public int Number { get; }

    public nint Address => (nint)_memory.Pointer;

    /// <summary>Id of the cgroup that it records, or recorded last; 0: none yet.</summary>
    public ulong Cgroup => Header(HeaderLayout.Cgroup);

    /// <summary>CLOCK_MONOTONIC, in nanoseconds.</summary>
    public ulong BeganNs => Header(HeaderLayout.BeganNs);

    /// <summary>CLOCK_MONOTONIC, in nanoseconds; 0 while the cgroup is there.</summary>
    public ulong EndedNs => Header(HeaderLayout.EndedNs);

    /// <summary>The cgroup's path below the hierarchy's root.</summary>
    public string Path
    {
        get
        {
            var bytes = *(uint*)(Head + HeaderLayout.PathBytes);
            return bytes is 0 or > HeaderLayout.LongestPath ? "" : Encoding.UTF8.GetString(Head + HeaderLayout.Path, (int)bytes - 1);
        }
    }

    private byte* Head => _memory.Pointer + HeaderLayout.Start;

    /// <summary>Null when the kernel refuses; <see cref="Native.LastError"/> says why.</summary>
    /// <param name="descriptor">Of the map; this takes it over.</param>
    public static RingMemory? Of(int number, int descriptor, bool writable)
    {
        if (MappedMemory.Of(descriptor, HeaderLayout.RingBytes, writable) is { } memory)
        {
            return new RingMemory(number, descriptor, memory);
        }
        _ = Native.close(descriptor);
        return null;
    }

    public static int Create() => Bpf.CreateMap(new BpfMapDefinition("plumb_ring", Bpf.ArrayMap, 4, SlotLayout.Bytes, HeaderLayout.RingSlots, Bpf.MapMmapable));

    public int Descriptor => _descriptor;

    /// <summary>What the kernel does in give_ring, for a container that ran before, or a single target.</summary>
    /// <param name="path">Of the cgroup; null for a single target.</param>
    public void Give(ulong cgroup, string? path, bool fromExec, ulong nowNs)
    {
        var bytes = Encoding.UTF8.GetBytes((path ?? "") + "\0");
        if (bytes.Length <= HeaderLayout.LongestPath)
        {
            bytes.CopyTo(new Span<byte>(Head + HeaderLayout.Path, HeaderLayout.LongestPath));
            *(uint*)(Head + HeaderLayout.PathBytes) = (uint)bytes.Length;
        }
        *(ulong*)(Head + HeaderLayout.Base) = *(ulong*)(Head + HeaderLayout.Head);
        foreach (var counter in (ReadOnlySpan<int>)[HeaderLayout.LostExits, HeaderLayout.CompatCalls, HeaderLayout.LateExits, HeaderLayout.Yields, HeaderLayout.Unclaimed, HeaderLayout.EndedNs])
        {
            *(ulong*)(Head + counter) = 0;
        }
        *(ulong*)(Head + HeaderLayout.BeganNs) = nowNs;
        *(int*)(Head + HeaderLayout.WaitForExec) = fromExec ? 1 : 0;
        Volatile.Write(ref *(ulong*)(Head + HeaderLayout.Cgroup), cgroup);
    }

    /// <summary>It belongs to nobody from now on; what it holds stays until it is given away.</summary>
    public void Free() => Volatile.Write(ref *(ulong*)(Head + HeaderLayout.Cgroup), 0);

    public void Dispose()
    {
        _memory.Dispose();
        _ = Native.close(_descriptor);
    }

    private ulong Header(int offset) => Volatile.Read(ref *(ulong*)(Head + offset));
}
