using System.Runtime.InteropServices;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>Closed traces go here: those of the store that have entries. They are valid only during the call.</summary>
internal interface ITraceSink
{
    void Close(TraceStore store);
}

/// <summary>How often a statement wrote a line with an id, and without.</summary>
/// <param name="Source">Where the first line without an id stands.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StepCount(long WithId, long WithoutId, int Source, long Offset);

/// <summary>Puts lines into traces, keeps those without an id, and accounts for every byte.</summary>
internal sealed class TraceCollector : ILineSink
{
    /// <summary>Lines of open traces in memory; beyond it those are closed that have been silent for long.</summary>
    public const int MostOpenLines = 3_000_000;

    /// <summary>Lines without an id that are kept for adoption; more are counted as parsed only.</summary>
    public const int MostOrphans = 2_000_000;

    /// <summary>A trace that is closed early because memory is short has been silent for at least this long, where that is enough.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private const int IndexBytes = 16 * 1024;

    /// <summary>Places of one source that are kept; when there are more, every second one goes.</summary>
    private const int MostIndexed = 1 << 15;

    private readonly ITraceSink _closed;
    private readonly (LineKind Kind, TraceKey Trace, int Orphan)[] _before;
    private readonly int[] _spacing;
    private readonly long[] _lines = new long[(int)LineKind.Continuation + 1];
    private readonly long[] _bytes = new long[(int)LineKind.Continuation + 1];
    private TraceStore _store;
    private TraceStore _spare;
    private long _reached;

    public TraceCollector(int sources, ITraceSink closed)
    {
        var pages = new TracePages();
        (_closed, _store, _spare) = (closed, new TraceStore(pages), new TraceStore(pages));
        (_before, _spacing, Index) = (new (LineKind, TraceKey, int)[sources], new int[sources], new List<Piece>[sources]);
        for (var source = 0; source < sources; source++)
        {
            (_spacing[source], Index[source]) = (IndexBytes, []);
        }
    }

    /// <summary>For each step its lines with an id, without one, and where the first of those stands.</summary>
    public List<StepCount> Steps { get; } = [];

    /// <summary>For each source where its lines of each time stand, every <see cref="IndexBytes"/> or more: to read the surroundings of a line again, and no more.</summary>
    public List<Piece>[] Index { get; }

    public List<Orphan> Orphans { get; } = [];

    /// <summary>Orphans that were not kept.</summary>
    public long OrphansDropped { get; private set; }

    /// <summary>Traces that were closed before the end of the input.</summary>
    public long ClosedEarly { get; private set; }

    public long ZoneMissing { get; private set; }

    /// <summary>The traces that are open now.</summary>
    public TraceStore Open => _store;

    public long Lines(LineKind kind) => _lines[(int)kind];

    public long Bytes(LineKind kind) => _bytes[(int)kind];

    public void Take(Block block)
    {
        ref var before = ref _before[block.Source];
        var index = Index[block.Source];
        var indexed = -_spacing[block.Source] - 1L;
        foreach (ref readonly var line in block.Lines)
        {
            var kind = line.Kind;
            if (block.Offset + line.Start - indexed >= _spacing[block.Source] && line.Ticks > 0)
            {
                indexed = block.Offset + line.Start;
                Thin(index, ref _spacing[block.Source]);
                index.Add(new Piece(block.Source, indexed, 0, index.Count == 0 ? line.Ticks : Math.Max(index[^1].Ticks, line.Ticks)));
            }
            if (kind == LineKind.Continuation)
            {
                kind = Continue(in line, in before);
            }
            else if (kind == LineKind.InTrace)
            {
                _store.Add(in line, block.Source, block.Offset + line.Start);
                before = (kind, line.Trace, -1);
            }
            else
            {
                before = (kind, default, kind == LineKind.Orphan ? Keep(in line, block) : -1);
            }
            if (kind is LineKind.InTrace or LineKind.Orphan && line.Kind == kind)
            {
                Count(line.Step, kind == LineKind.InTrace, block.Source, block.Offset + line.Start);
            }
            _lines[(int)kind]++;
            _bytes[(int)kind] += line.Length;
            ZoneMissing += line.ZoneMissing ? 1 : 0;
            _reached = Math.Max(_reached, line.Ticks);
        }
        if (_store.Entries > MostOpenLines)
        {
            CloseSilent();
        }
    }

    private static void Thin(List<Piece> index, ref int spacing)
    {
        if (index.Count < MostIndexed)
        {
            return;
        }
        for (var i = 0; i < MostIndexed / 2; i++)
        {
            index[i] = index[2 * i];
        }
        index.RemoveRange(MostIndexed / 2, index.Count - (MostIndexed / 2));
        spacing *= 2;
    }

    private void Count(int step, bool withId, int source, long offset)
    {
        while (Steps.Count <= step)
        {
            Steps.Add(default);
        }
        ref var count = ref CollectionsMarshal.AsSpan(Steps)[step];
        count = withId ? count with { WithId = count.WithId + 1 }
            : count with { WithoutId = count.WithoutId + 1, Source = count.WithoutId == 0 ? source : count.Source, Offset = count.WithoutId == 0 ? offset : count.Offset };
    }

    /// <summary>It belongs where the line before it belongs.</summary>
    private LineKind Continue(in LineRecord line, in (LineKind Kind, TraceKey Trace, int Orphan) before)
    {
        if (before.Orphan >= 0 && before.Kind == LineKind.Orphan)
        {
            var orphan = Orphans[before.Orphan];
            Orphans[before.Orphan] = orphan with { Length = orphan.Length + line.Length, Lines = orphan.Lines + 1 };
            return LineKind.Orphan;
        }
        return before.Kind switch
        {
            LineKind.InTrace => LineKind.Continuation,
            LineKind.Orphan => LineKind.Orphan,
            _ => LineKind.Rejected,
        };
    }

    private int Keep(in LineRecord line, Block block)
    {
        if (Orphans.Count >= MostOrphans)
        {
            OrphansDropped++;
            return -1;
        }
        Orphans.Add(new Orphan(block.Source, block.Offset + line.Start, line.Length, line.Ticks, line.Step, line.Level, 1));
        return Orphans.Count - 1;
    }

    /// <summary>Closes the traces that have been silent for long; when too few are, the older half of all.</summary>
    private void CloseSilent()
    {
        var cut = _reached - Silence.Ticks;
        var open = 0;
        for (var trace = 0; trace < _store.Count; trace++)
        {
            open += _store.State(trace).Last >= cut ? _store.State(trace).Lines : 0;
        }
        if (open > MostOpenLines / 2)
        {
            var last = new long[_store.Count];
            for (var trace = 0; trace < last.Length; trace++)
            {
                last[trace] = _store.State(trace).Last;
            }
            Array.Sort(last);
            cut = last[last.Length / 2];
        }
        // The spare store takes those that stay open; both are used again.
        for (var trace = 0; trace < _store.Count; trace++)
        {
            if (_store.State(trace).Last >= cut)
            {
                _spare.Copy(_store, trace);
                _store.State(trace).Head = -1;
            }
            else
            {
                ClosedEarly++;
            }
        }
        _closed.Close(_store);
        _store.Clear();
        (_store, _spare) = (_spare, _store);
    }
}
