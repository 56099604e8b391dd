using System.Runtime.InteropServices;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>One line of a trace, as small as it can be.</summary>
/// <param name="Place">Its step and its source, in one number: there are millions of these.</param>
/// <param name="Next">The trace's next entry; -1 at the end.</param>
[StructLayout(LayoutKind.Auto)]
internal record struct TraceEntry(long Ticks, uint Place, int Next)
{
    private const int SourceBits = 15;

    public readonly int Step => (int)(Place >> SourceBits);

    public readonly int Source => (int)(Place & ((1 << SourceBits) - 1));

    /// <summary><see cref="StepTable.MostSteps"/> and <see cref="SourceFinder.MostFiles"/> keep both within their bits.</summary>
    public static TraceEntry Of(long ticks, int step, int source) => new(ticks, ((uint)step << SourceBits) | (uint)source, -1);
}

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

/// <summary>The arrays of which stores are made. What one store has no more use for the next one takes, so that the memory is that of the largest and not of all.</summary>
internal sealed class TracePages
{
    public const int States = 1 << 13;
    public const int Entries = 1 << 15;

    private readonly Stack<TraceState[]> _states = [];
    private readonly Stack<TraceEntry[]> _entries = [];

    public TraceState[] NewStates() => _states.TryPop(out var page) ? page : new TraceState[States];

    public TraceEntry[] NewEntries() => _entries.TryPop(out var page) ? page : new TraceEntry[Entries];

    public void Return(List<TraceState[]> states, List<TraceEntry[]> entries)
    {
        states.ForEach(_states.Push);
        entries.ForEach(_entries.Push);
        states.Clear();
        entries.Clear();
    }
}

/// <summary>The open traces, in a few large arrays: no object for a line or a trace, so that the garbage collector has nothing to do.</summary>
internal sealed class TraceStore(TracePages pages)
{
    /// <summary>Lines of one trace whose order is kept; more are only counted.</summary>
    public const int MostEntriesOfTrace = 5_000;

    private const int FirstSlots = 1 << 16;
    private readonly List<TraceState[]> _states = [];
    private readonly List<TraceEntry[]> _entries = [];
    private int[] _slots = new int[FirstSlots];

    public int Count { get; private set; }

    public int Entries { get; private set; }

    public ref TraceState State(int trace) => ref _states[trace / TracePages.States][trace % TracePages.States];

    public ref TraceEntry Entry(int entry) => ref _entries[entry / TracePages.Entries][entry % TracePages.Entries];

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
        if (entry % TracePages.Entries == 0 && entry / TracePages.Entries == _entries.Count)
        {
            _entries.Add(pages.NewEntries());
        }
        Entry(entry) = TraceEntry.Of(line.Ticks, line.Step, source);
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

    /// <summary>Forgets everything, and gives its pages back.</summary>
    public void Clear()
    {
        (Count, Entries) = (0, 0);
        pages.Return(_states, _entries);
        Array.Clear(_slots);
    }

    private int NewTrace(in LineRecord line, int source, long offset)
    {
        if ((Count + 1) * 2 > _slots.Length)
        {
            Widen();
        }
        var trace = Count++;
        if (trace % TracePages.States == 0 && trace / TracePages.States == _states.Count)
        {
            _states.Add(pages.NewStates());
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
