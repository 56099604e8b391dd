using System.Runtime.InteropServices;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>One line of a trace, as small as it can be.</summary>
/// <param name="Next">The trace's next entry; -1 at the end.</param>
[StructLayout(LayoutKind.Auto)]
internal record struct TraceEntry(long Ticks, int Step, int Source, int Next);

/// <summary>What is known of a trace while its lines are collected.</summary>
[StructLayout(LayoutKind.Auto)]
internal record struct TraceState
{
    public TraceKey Key;
    public long First;
    public long Last;

    /// <summary>Where its first line stands: its id is read from there when it is shown.</summary>
    public long FirstOffset;

    public int FirstSource;
    public int Head;
    public int Tail;
    public int Lines;
}

/// <summary>The open traces, in a few large arrays: no object for a line or a trace, so that the garbage collector has nothing to do.</summary>
internal sealed class TraceStore
{
    /// <summary>Lines of one trace whose order is kept; more are only counted.</summary>
    public const int MostEntriesOfTrace = 5_000;

    private const int FirstSlots = 1 << 16;
    private const int StatePage = 1 << 13;
    private const int EntryPage = 1 << 15;

    private readonly List<TraceState[]> _states = [];
    private readonly List<TraceEntry[]> _entries = [];
    private int[] _slots = new int[FirstSlots];

    public int Count { get; private set; }

    public int Entries { get; private set; }

    public ref TraceState State(int trace) => ref _states[trace / StatePage][trace % StatePage];

    public ref TraceEntry Entry(int entry) => ref _entries[entry / EntryPage][entry % EntryPage];

    /// <summary>The number of a trace, or -1.</summary>
    public int Find(TraceKey key)
    {
        var slots = _slots;
        for (var slot = Slot(key, slots.Length); slots[slot] != 0; slot = (slot + 1) & (slots.Length - 1))
        {
            if (State(slots[slot] - 1).Key.Matches(key))
            {
                return slots[slot] - 1;
            }
        }
        return -1;
    }

    public void Add(in LineRecord line, int source, long offset)
    {
        var trace = Find(line.Trace);
        if (trace < 0)
        {
            trace = NewTrace(line, source, offset);
        }
        ref var state = ref State(trace);
        state.First = Math.Min(state.First, line.Ticks);
        state.Last = Math.Max(state.Last, line.Ticks);
        state.Lines++;
        if (state.Key.High == 0)
        {
            // The full id came after its short form.
            state.Key = line.Trace;
        }
        if (state.Lines > MostEntriesOfTrace)
        {
            return;
        }
        var entry = Entries++;
        if (entry % EntryPage == 0 && entry / EntryPage == _entries.Count)
        {
            _entries.Add(new TraceEntry[EntryPage]);
        }
        Entry(entry) = new TraceEntry(line.Ticks, line.Step, source, -1);
        if (state.Tail >= 0)
        {
            Entry(state.Tail).Next = entry;
        }
        else
        {
            state.Head = entry;
        }
        state.Tail = entry;
    }

    /// <summary>Takes over a trace of another store.</summary>
    public void Copy(TraceStore from, int trace)
    {
        ref var state = ref from.State(trace);
        for (var entry = state.Head; entry >= 0; entry = from.Entry(entry).Next)
        {
            ref var line = ref from.Entry(entry);
            Add(new LineRecord(state.Key, line.Ticks, 0, 0, line.Step, LineKind.InTrace, default, false), line.Source, state.FirstOffset);
        }
        ref var copy = ref State(Find(state.Key));
        (copy.FirstSource, copy.FirstOffset, copy.Lines) = (state.FirstSource, state.FirstOffset, state.Lines);
    }

    /// <summary>Forgets everything; the memory is kept for what comes.</summary>
    public void Clear()
    {
        (Count, Entries) = (0, 0);
        Array.Clear(_slots);
    }

    private int NewTrace(in LineRecord line, int source, long offset)
    {
        if ((Count + 1) * 2 > _slots.Length)
        {
            Widen();
        }
        var trace = Count++;
        if (trace % StatePage == 0 && trace / StatePage == _states.Count)
        {
            _states.Add(new TraceState[StatePage]);
        }
        State(trace) = new TraceState { Key = line.Trace, First = line.Ticks, Last = line.Ticks, FirstSource = source, FirstOffset = offset, Head = -1, Tail = -1 };
        Place(_slots, trace, line.Trace);
        return trace;
    }

    private void Widen()
    {
        var slots = new int[_slots.Length * 2];
        for (var trace = 0; trace < Count; trace++)
        {
            Place(slots, trace, State(trace).Key);
        }
        _slots = slots;
    }

    private static void Place(int[] slots, int trace, TraceKey key)
    {
        var slot = Slot(key, slots.Length);
        while (slots[slot] != 0)
        {
            slot = (slot + 1) & (slots.Length - 1);
        }
        slots[slot] = trace + 1;
    }

    private static int Slot(TraceKey key, int slots) => (int)(TraceKey.Mix(key.Low) & (ulong)(slots - 1));
}
