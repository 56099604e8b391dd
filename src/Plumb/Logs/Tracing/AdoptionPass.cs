using Microsoft.Win32.SafeHandles;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>Goes through the lines without an id in the order of time, and reads what was written around each of them again.</summary>
internal sealed class AdoptionPass(IReadOnlyList<LogSource> sources, SafeFileHandle[] handles, StepTable steps, ClockEstimate clocks, DateTimeOffset now)
{
    /// <summary>No request is looked for farther from a line.</summary>
    public static readonly TimeSpan FarthestReach = TimeSpan.FromSeconds(2);

    public static readonly TimeSpan NearestReach = TimeSpan.FromMilliseconds(250);

    private const int MostOrphansOfGroup = 5_000;

    /// <param name="index">Where the lines of each time stand, for each source.</param>
    /// <param name="reach">How far around a line its request is looked for.</param>
    /// <param name="adoption">A judge of its own for each thread.</param>
    public List<Adopted> Run(
        IReadOnlyList<Orphan> orphans, List<Piece>[] index, IReadOnlyList<long> ends, Func<Adoption> adoption, TimeSpan gap, TimeSpan reach, CancellationToken cancellation)
    {
        var order = InTime(orphans);
        var groups = Groups(order, orphans, reach);
        var found = new List<Adopted>[groups.Count];
        var next = 0;
        Workers.Run(groups.Count, () =>
        {
            var (judge, window) = (adoption(), new AdoptionWindow(sources, handles, steps, clocks, now));
            while (Interlocked.Increment(ref next) - 1 is var taken && taken < groups.Count && !cancellation.IsCancellationRequested)
            {
                found[taken] = Judge(orphans, order.AsSpan(groups[taken].From, groups[taken].Count), window, index, ends, judge, gap, reach);
            }
        });
        cancellation.ThrowIfCancellationRequested();
        var all = new List<Adopted>();
        foreach (var group in found)
        {
            all.AddRange(group);
        }
        return all;
    }

    private int[] InTime(IReadOnlyList<Orphan> orphans)
    {
        var order = new int[orphans.Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }
        Array.Sort(order, (one, other) => Time(orphans[one]).CompareTo(Time(orphans[other])) is not 0 and var before ? before : one.CompareTo(other));
        return order;
    }

    /// <summary>Lines that lie so close together that they are judged from one reading of their surroundings.</summary>
    private List<(int From, int Count)> Groups(int[] order, IReadOnlyList<Orphan> orphans, TimeSpan reach)
    {
        var groups = new List<(int From, int Count)>();
        for (var from = 0; from < order.Length;)
        {
            var (begin, end) = (Time(orphans[order[from]]), from + 1);
            while (end < order.Length && end - from < MostOrphansOfGroup && Time(orphans[order[end]]) - Time(orphans[order[end - 1]]) <= 2 * reach.Ticks
                && Time(orphans[order[end]]) - begin <= 8 * reach.Ticks)
            {
                end++;
            }
            groups.Add((from, end - from));
            from = end;
        }
        return groups;
    }

    private List<Adopted> Judge(IReadOnlyList<Orphan> orphans, ReadOnlySpan<int> group, AdoptionWindow window, List<Piece>[] index, IReadOnlyList<long> ends, Adoption judge, TimeSpan gap, TimeSpan reach)
    {
        var adopted = new List<Adopted>();
        window.Clear();
        foreach (var orphan in group)
        {
            window.Seek(orphans[orphan]);
        }
        Load(window, index, ends, Time(orphans[group[0]]) - reach.Ticks, Time(orphans[group[^1]]) + reach.Ticks);
        // Twice: what the first round adopted is evidence in the second.
        for (var round = 0; round < 2; round++)
        {
            foreach (var orphan in group)
            {
                if (window.At(orphans[orphan].Source, orphans[orphan].Offset) is >= 0 and var line && window.Lines[line].Trace < 0
                    && judge.Judge(window, line, orphan, gap.Ticks) is { } found)
                {
                    adopted.Add(found);
                }
            }
        }
        return adopted;
    }

    private long Time(Orphan orphan) => clocks.Correct(orphan.Source, orphan.Ticks);

    private void Load(AdoptionWindow window, List<Piece>[] index, IReadOnlyList<long> ends, long from, long to)
    {
        for (var source = 0; source < index.Length; source++)
        {
            var own = index[source];
            for (var i = Math.Max(0, First(own, source, from) - 1); i < own.Count && clocks.Correct(source, own[i].Ticks) <= to;)
            {
                // Several stretches at once; each begins with a line, so that none is cut.
                var begin = i++;
                while (i < own.Count && own[i].Offset - own[begin].Offset < PiecePlan.PieceBytes && clocks.Correct(source, own[i].Ticks) <= to)
                {
                    i++;
                }
                var end = i < own.Count ? own[i].Offset : ends[source];
                window.Add(own[begin] with { Bytes = end - own[begin].Offset }, end, from, to);
            }
        }
    }

    /// <summary>The first stretch of a source that begins at or after a time.</summary>
    private int First(List<Piece> own, int source, long from)
    {
        var (low, high) = (0, own.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (clocks.Correct(source, own[middle].Ticks) < from)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }
}
