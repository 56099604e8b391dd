using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Ptrace;

/// <summary>A thread that is traced, and the call that it is in.</summary>
internal sealed class Tracee
{
    /// <summary>Which processor a call ran on is not known here.</summary>
    private const ushort NoCpu = ushort.MaxValue;

    /// <summary>After these calls a thread's name or user may be another.</summary>
    private static readonly HashSet<string> ChangeIdentity = ["execve", "execveat", "prctl", "setuid", "setreuid", "setresuid", "setfsuid"];

    private readonly byte[] _command = new byte[SlotLayout.CommandBytes];
    private byte[]? _slot;
    private uint _user;

    public Tracee(int thread)
    {
        Thread = thread;
        Process = thread;
        Identify();
    }

    public int Thread { get; }

    public int Process { get; private set; }

    /// <summary>The call that has not returned; null between calls.</summary>
    public RecordedCall? InFlight => _slot is null ? null : new RecordedCall([.. _slot], CallState.InFlight);

    public void Enter(ulong position, ReadOnlySpan<byte> info, bool buffers)
    {
        var slot = new byte[SlotLayout.Bytes];
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.Begin), position);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.End), position);
        info.Slice(SyscallInfo.Arguments, 6 * 8).CopyTo(slot.AsSpan(SlotLayout.Arguments));
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(SlotLayout.Process), Process);
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(SlotLayout.Thread), Thread);
        info.Slice(SyscallInfo.Number, 2).CopyTo(slot.AsSpan(SlotLayout.Number));
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(SlotLayout.Cpu), NoCpu);
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(SlotLayout.User), _user);
        _command.CopyTo(slot.AsSpan(SlotLayout.Command));
        new SlotWriter(Process, slot, buffers).AtEnter();
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(SlotLayout.EnterNs), Stopwatch.GetTimestamp());
        _slot = slot;
    }

    /// <summary>The call with its return; null when its entry was not seen.</summary>
    public RecordedCall? Return(long value, bool buffers)
    {
        if (_slot is not { } slot)
        {
            return null;
        }
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(SlotLayout.ExitNs), Stopwatch.GetTimestamp());
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(SlotLayout.Return), value);
        var call = new RecordedCall(slot, CallState.Returned);
        var name = CallTable.Of(call.Number).Name;
        // After an execve the addresses are those of a program that is gone.
        if (name is not ("execve" or "execveat"))
        {
            new SlotWriter(Process, slot, buffers).AtExit(value);
        }
        if (ChangeIdentity.Contains(name))
        {
            Identify();
        }
        _slot = null;
        return call;
    }

    /// <summary>The call that it is in will not return: the thread ends.</summary>
    public RecordedCall? End()
    {
        if (_slot is not { } slot)
        {
            return null;
        }
        _slot = null;
        var name = CallTable.Of(BinaryPrimitives.ReadUInt16LittleEndian(slot.AsSpan(SlotLayout.Number))).Name;
        return new RecordedCall(slot, name is "exit" or "exit_group" ? CallState.Final : CallState.ReturnLost);
    }

    private void Identify()
    {
        try
        {
            foreach (var line in File.ReadLines($"/proc/{Thread}/status"))
            {
                if (line.StartsWith("Tgid:", StringComparison.Ordinal))
                {
                    Process = int.Parse(line[5..], CultureInfo.InvariantCulture);
                }
                else if (line.StartsWith("Uid:", StringComparison.Ordinal))
                {
                    // Real, effective, saved, file system: the recorder keeps the real one everywhere.
                    _user = uint.Parse(line[4..].Split('\t', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
                    break;
                }
            }
            var name = Encoding.Latin1.GetBytes(File.ReadAllText($"/proc/{Thread}/comm", Encoding.Latin1).TrimEnd('\n'));
            Array.Clear(_command);
            name.AsSpan(0, Math.Min(name.Length, SlotLayout.CommandBytes - 1)).CopyTo(_command);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile: what was known stays.
        }
    }
}
