using System.Buffers.Binary;
using System.Text;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Masking;

namespace Plumb.Recorder.Ring;

/// <summary>What is known of a call's end.</summary>
public enum CallState
{
    Returned,

    /// <summary>It never returns: exit, exit_group.</summary>
    Final,

    /// <summary>It had not returned when the recording was read.</summary>
    InFlight,

    /// <summary>It began, but its slot was overwritten, or its thread went on, before its return could be read.</summary>
    ReturnLost,
}

/// <summary>One system call as it lay in the ring: a copy of its slot.</summary>
public sealed class RecordedCall
{
    /// <summary>An item that was not tried to be kept.</summary>
    internal const int NotTried = -1000;

    private readonly byte[] _slot;

    internal RecordedCall(byte[] slot, CallState state)
    {
        _slot = slot;
        State = state;
    }

    public CallState State { get; }

    /// <summary>Place in the recording, from 1; a hole in the sequence is a call that was overwritten.</summary>
    public ulong Position => BinaryPrimitives.ReadUInt64LittleEndian(_slot.AsSpan(SlotLayout.Begin));

    /// <summary>CLOCK_MONOTONIC, in nanoseconds.</summary>
    public ulong EnterNs => BinaryPrimitives.ReadUInt64LittleEndian(_slot.AsSpan(SlotLayout.EnterNs));

    /// <summary>CLOCK_MONOTONIC, in nanoseconds; 0 when it did not return.</summary>
    public ulong ExitNs => BinaryPrimitives.ReadUInt64LittleEndian(_slot.AsSpan(SlotLayout.ExitNs));

    /// <summary>How long it took; null when it did not return.</summary>
    public TimeSpan? Duration => State == CallState.Returned ? TimeSpan.FromTicks((long)(ExitNs - EnterNs) / 100) : null;

    public long Return => BinaryPrimitives.ReadInt64LittleEndian(_slot.AsSpan(SlotLayout.Return));

    /// <summary>The errno when it failed, otherwise 0.</summary>
    public int Error => State == CallState.Returned && Return is < 0 and >= -4095 ? (int)-Return : 0;

    public int ProcessId => BinaryPrimitives.ReadInt32LittleEndian(_slot.AsSpan(SlotLayout.Process));

    public int ThreadId => BinaryPrimitives.ReadInt32LittleEndian(_slot.AsSpan(SlotLayout.Thread));

    /// <summary>True for execve and execveat, which a container's recording begins with.</summary>
    public bool IsExec => Calls.IsExec(Number);

    public int Number => BinaryPrimitives.ReadUInt16LittleEndian(_slot.AsSpan(SlotLayout.Number));

    /// <summary>Null when it is not known.</summary>
    public int? Cpu => BinaryPrimitives.ReadUInt16LittleEndian(_slot.AsSpan(SlotLayout.Cpu)) is var cpu && cpu == ushort.MaxValue ? null : cpu;

    public uint UserId => BinaryPrimitives.ReadUInt32LittleEndian(_slot.AsSpan(SlotLayout.User));

    /// <summary>The low half of the id of the cgroup that it ran in.</summary>
    public uint CgroupId => BinaryPrimitives.ReadUInt32LittleEndian(_slot.AsSpan(SlotLayout.Cgroup));

    /// <summary>The thread's name, as it is: it may hold any byte.</summary>
    public string Command
    {
        get
        {
            var name = _slot.AsSpan(SlotLayout.Command, SlotLayout.CommandBytes);
            var end = name.IndexOf((byte)0);
            return Encoding.Latin1.GetString(end < 0 ? name : name[..end]);
        }
    }

    public ulong Argument(int index) => BinaryPrimitives.ReadUInt64LittleEndian(_slot.AsSpan(SlotLayout.Arguments + (index * 8)));

    /// <summary>Bytes that were kept of an item, or the negative errno of reading it, or <see cref="NotTried"/>.</summary>
    internal int ItemLength(int item) => BinaryPrimitives.ReadInt16LittleEndian(_slot.AsSpan(SlotLayout.Lengths + (item * 2)));

    /// <summary>What was kept of an item; empty when nothing was.</summary>
    internal ReadOnlySpan<byte> Item(CallSignature signature, int item)
    {
        var (offset, room) = signature.Place(item);
        return _slot.AsSpan(SlotLayout.Payload + offset, Math.Clamp(ItemLength(item), 0, room));
    }

    /// <summary>The slot as the kernel wrote it, with the position in this recording.</summary>
    internal ReadOnlySpan<byte> Slot => _slot;

    internal RecordedCall As(CallState state) => new(_slot, state);

    /// <summary>Without what is not shown by default (<see cref="Privacy.Default"/>); for what leaves the machine's memory.</summary>
    public RecordedCall Scrubbed() => Privacy.Default.Scrub(this);

    internal byte[] CopySlot() => [.. _slot];
}
