using System.Buffers.Binary;

namespace Plumb.Recorder.Ring;

/// <summary>What reading gave next: a call, or how many calls are missing at this place.</summary>
/// <param name="Call">Null for a hole.</param>
/// <param name="Missing">Calls overwritten before they were read.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct RingEntry(RecordedCall? Call, ulong Missing);

/// <summary>
/// Reads the ring while the kernel writes it, without stopping it. A call appears once, when it has returned; one that cannot return or whose return is lost appears as that;
/// what was overwritten before it could be read is counted and told at its place. A reader belongs to the container that had the ring when it was made: when the ring is
/// given to another one it says how many calls it did not read any more, and then nothing.
/// </summary>
public sealed unsafe class RingReader
{
    /// <summary>Times that a slot which was claimed but never filled is waited for before it counts as torn.</summary>
    private const int MostWaits = 200;

    private readonly SortedDictionary<ulong, RecordedCall> _inFlight = [];
    private readonly Dictionary<int, ulong> _ofThread = [];
    private readonly nint _ring;

    /// <summary>Whose ring it is: a cgroup's id may be used again.</summary>
    private readonly (ulong Cgroup, ulong BeganNs) _owner;

    /// <summary>Positions of the container that had the ring before.</summary>
    private readonly ulong _base;

    private readonly ulong _before;
    private ulong _next;
    private int _waits;
    private ulong _overwritten;
    private ulong _torn;
    private ulong _lostReturns;

    /// <summary>The header when the ring was last ours.</summary>
    private (ulong Head, ulong NotWhole, ulong Compat, ulong Yields) _seen;

    /// <param name="ring">Address of the slots, with the header behind them.</param>
    /// <param name="fromNow">Leave out what the ring holds already.</param>
    internal RingReader(nint ring, bool fromNow = false)
    {
        _ring = ring;
        _owner = (Header(HeaderLayout.Cgroup), Header(HeaderLayout.BeganNs));
        _base = Header(HeaderLayout.Base);
        _before = fromNow ? Header(HeaderLayout.Head) : _base;
        _next = _before + 1;
        _seen.Head = _before;
    }

    private enum SlotState
    {
        Ready,
        NotYetFilled,
        Overwritten,
    }

    private ulong Head => Header(HeaderLayout.Head);

    /// <summary>Calls that were not read yet.</summary>
    public ulong Backlog => Look() ? _seen.Head + 1 - _next : 0;

    /// <summary>Until now, or until the ring was given to another container.</summary>
    public RecordingCounters Counters
    {
        get
        {
            Look();
            return new(_seen.Head - _before, _overwritten, _lostReturns, _torn + _seen.NotWhole, _seen.Compat, _seen.Yields);
        }
    }

    /// <summary>Everything new, in the order of return within this batch.</summary>
    public IReadOnlyList<RingEntry> ReadNew()
    {
        var batch = new List<RingEntry>();
        LookAgain(batch);
        if (!Look())
        {
            return Leave(batch);
        }
        var head = _seen.Head;
        if (head + 1 - _next > SlotLayout.Slots)
        {
            var missing = head + 1 - _next - SlotLayout.Slots;
            Miss(batch, missing);
            _next += missing;
        }
        while (_next <= head)
        {
            switch (TryCopy(_next, out var call))
            {
                case SlotState.Ready:
                    Take(batch, call!);
                    break;
                case SlotState.Overwritten:
                    Miss(batch, 1);
                    break;
                default:
                    if (++_waits < MostWaits)
                    {
                        return InOrder(batch);
                    }
                    _torn++;
                    batch.Add(new RingEntry(null, 1));
                    break;
            }
            _waits = 0;
            _next++;
        }
        return InOrder(batch);
    }

    /// <summary>The calls that have not returned, oldest first; for the end of a recording.</summary>
    public IReadOnlyList<RecordedCall> InFlight() => [.. _inFlight.Values];

    /// <returns>Whether the ring is still ours: then every position up to the head is, too. One that was taken back, and not yet given away, holds what it held.</returns>
    private bool Look()
    {
        var header = (Head, Header(HeaderLayout.LateExits) + Header(HeaderLayout.Unclaimed), Header(HeaderLayout.CompatCalls), Header(HeaderLayout.Yields));
        if (Header(HeaderLayout.BeganNs) != _owner.BeganNs || (Header(HeaderLayout.Cgroup) is var cgroup && cgroup != _owner.Cgroup && cgroup != 0))
        {
            return false;
        }
        _seen = header;
        return true;
    }

    /// <summary>The next container's calls begin behind this base. If there were several since the last reading, theirs are in the count too.</summary>
    private List<RingEntry> Leave(List<RingEntry> batch)
    {
        var end = Header(HeaderLayout.Base);
        if (end >= _next)
        {
            Miss(batch, end + 1 - _next);
            _seen.Head = end;
        }
        _next = ulong.MaxValue;
        return InOrder(batch);
    }

    private void Miss(List<RingEntry> batch, ulong missing)
    {
        _overwritten += missing;
        batch.Add(new RingEntry(null, missing));
    }

    private void Take(List<RingEntry> batch, RecordedCall call)
    {
        // A thread makes one call after the other: when it makes the next, the one before has returned, seen or not.
        if (_ofThread.Remove(call.ThreadId, out var before) && _inFlight.Remove(before, out var lost))
        {
            Finish(batch, lost, before);
        }
        if (call.State == CallState.InFlight)
        {
            _inFlight.Add(_next, call);
            _ofThread[call.ThreadId] = _next;
        }
        else
        {
            batch.Add(new RingEntry(call, 0));
        }
    }

    private void LookAgain(List<RingEntry> batch)
    {
        foreach (var (position, call) in _inFlight.ToArray())
        {
            var state = TryCopy(position, out var now);
            if (state == SlotState.Ready && now!.State != CallState.InFlight)
            {
                Forget(position, call);
                batch.Add(new RingEntry(now, 0));
            }
            else if (state == SlotState.Overwritten)
            {
                Forget(position, call);
                _lostReturns++;
                batch.Add(new RingEntry(call.As(CallState.ReturnLost), 0));
            }
        }
    }

    private void Finish(List<RingEntry> batch, RecordedCall call, ulong position)
    {
        if (TryCopy(position, out var now) == SlotState.Ready && now!.State == CallState.Returned)
        {
            batch.Add(new RingEntry(now, 0));
            return;
        }
        _lostReturns++;
        batch.Add(new RingEntry(call.As(CallState.ReturnLost), 0));
    }

    private void Forget(ulong position, RecordedCall call)
    {
        _inFlight.Remove(position);
        _ofThread.Remove(call.ThreadId);
    }

    private SlotState TryCopy(ulong position, out RecordedCall? call)
    {
        call = null;
        var slot = (byte*)_ring + ((int)((position - 1) % SlotLayout.Slots) * SlotLayout.Bytes);
        var begin = Volatile.Read(ref *(ulong*)(slot + SlotLayout.Begin));
        if (begin > position)
        {
            return SlotState.Overwritten;
        }
        if (begin < position || Volatile.Read(ref *(ulong*)(slot + SlotLayout.End)) != position)
        {
            return SlotState.NotYetFilled;
        }
        // The time of the return is written last, so it is read before the rest.
        var returned = Volatile.Read(ref *(ulong*)(slot + SlotLayout.ExitNs)) != 0;
        var copy = new ReadOnlySpan<byte>(slot, SlotLayout.Bytes).ToArray();
        Thread.MemoryBarrier();
        if (Volatile.Read(ref *(ulong*)(slot + SlotLayout.Begin)) != position)
        {
            return SlotState.Overwritten;
        }
        BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan(SlotLayout.Begin), position - _base);
        var number = copy[SlotLayout.Number] | (copy[SlotLayout.Number + 1] << 8);
        call = new RecordedCall(copy, returned ? CallState.Returned : Calls.IsFinal(number) ? CallState.Final : CallState.InFlight);
        return SlotState.Ready;
    }

    private ulong Header(int offset) => Volatile.Read(ref *(ulong*)((byte*)_ring + HeaderLayout.Start + offset));

    private static List<RingEntry> InOrder(List<RingEntry> batch)
    {
        if (batch.TrueForAll(entry => entry.Call is not null))
        {
            batch.Sort((one, other) => End(one.Call!).CompareTo(End(other.Call!)));
        }
        return batch;
    }

    private static ulong End(RecordedCall call) => call.ExitNs != 0 ? call.ExitNs : call.EnterNs;
}
