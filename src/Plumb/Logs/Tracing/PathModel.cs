using System.Runtime.InteropServices;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>One request that is kept as an example of its path.</summary>
/// <param name="Offset">Of its first line in its source.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TraceExample(TraceKey Key, int Source, long Offset, long First, long DurationTicks, int Lines);

/// <summary>A path that requests took: which steps, and which of them came last in their service. The order between services is not part of it, because clocks differ.</summary>
internal sealed class RequestPath(int entry, int[] steps, bool[] last)
{
    /// <summary>The step that the requests began with.</summary>
    public int Entry { get; } = entry;

    /// <summary>Different steps, ordered by number.</summary>
    public int[] Steps { get; } = steps;

    /// <summary>For each step whether it was the last of its service.</summary>
    public bool[] Last { get; } = last;

    public long Count { get; set; }

    public List<TraceExample> Examples { get; } = [];

    public bool Has(int step) => Array.BinarySearch(Steps, step) >= 0;
}

/// <summary>
/// Counts the paths that requests take. Memory depends on the number of different paths, not on that of requests, so it also holds for inputs that do not fit.
/// </summary>
internal sealed class PathModel(StepTable steps)
{
    /// <summary>Different paths that are kept apart; requests on further ones are counted in <see cref="Unkept"/>.</summary>
    public const int MostPaths = 20_000;

    /// <summary>Requests that are kept as examples, in all.</summary>
    public const int MostExamples = 400_000;

    /// <summary>Fewer traces are counted before a second thread has begun.</summary>
    private const int LeastForTwo = 20_000;

    private const int MostStepsOfPath = 256;
    private const int DurationBuckets = 64 * 8;

    private readonly Dictionary<ulong, RequestPath> _paths = [];
    private readonly Dictionary<int, long[]> _durations = [];
    private readonly List<long> _lines = [];
    private Step[] _steps = [];
    private TraceEntry[] _sorted = new TraceEntry[64];
    private int _examples;

    public IReadOnlyCollection<RequestPath> Paths => _paths.Values;

    public long Count { get; private set; }

    /// <summary>Lines of a step in the requests that are counted.</summary>
    public long LinesOf(int step) => step < _lines.Count ? _lines[step] : 0;

    /// <summary>Some requests of every path, the rare paths too.</summary>
    public IEnumerable<TraceExample> Examples(int atMost) => _paths.Values.OrderBy(path => path.Count).SelectMany(path => path.Examples).Take(atMost);

    /// <summary>Requests whose path was one too many.</summary>
    public long Unkept { get; private set; }

    /// <summary>Requests that began or ended with the logs: what they lack may stand before or behind.</summary>
    public long Cut { get; private set; }

    /// <param name="from">Requests that began before are cut.</param>
    /// <param name="to">Requests that ended after are cut.</param>
    /// <param name="atMost">Traces of the store that are looked at.</param>
    public void Add(TraceStore store, ClockEstimate clocks, long from, long to, int atMost = int.MaxValue)
    {
        var end = Math.Min(store.Count, atMost);
        var half = end >= LeastForTwo ? end / 2 : end;
        if (half == end)
        {
            Add(store, clocks, from, to, (0, end));
            return;
        }
        // Each half by a model of its own; the second one's paths come behind the first one's, as if one had seen all.
        var second = new PathModel(steps);
        var next = 0;
        Workers.Run(2, () =>
        {
            while (Interlocked.Increment(ref next) is var part and <= 2)
            {
                (part == 1 ? this : second).Add(store, clocks, from, to, part == 1 ? (0, half) : (half, end));
            }
        });
        Absorb(second);
    }

    private void Add(TraceStore store, ClockEstimate clocks, long from, long to, (int From, int To) part)
    {
        _steps = steps.Snapshot();
        CollectionsMarshal.SetCount(_lines, Math.Max(_lines.Count, _steps.Length));
        for (var trace = part.From; trace < part.To; trace++)
        {
            ref var state = ref store.State(trace);
            if (state.Head < 0)
            {
                continue;
            }
            Count++;
            if (state.First < from || state.Last > to)
            {
                Cut++;
                continue;
            }
            Add(store, ref state, clocks);
        }
    }

    private void Absorb(PathModel other)
    {
        (Count, Cut, Unkept) = (Count + other.Count, Cut + other.Cut, Unkept + other.Unkept);
        for (var step = 0; step < other._lines.Count; step++)
        {
            _lines[step] += other._lines[step];
        }
        foreach (var (hash, path) in other._paths)
        {
            if (!_paths.TryGetValue(hash, out var own))
            {
                if (_paths.Count >= MostPaths)
                {
                    Unkept += path.Count;
                    continue;
                }
                _paths[hash] = own = new RequestPath(path.Entry, path.Steps, path.Last);
            }
            own.Count += path.Count;
            var room = Math.Min(path.Examples.Count, MostExamples - _examples);
            own.Examples.AddRange(CollectionsMarshal.AsSpan(path.Examples)[..room]);
            _examples += room;
        }
        foreach (var (entry, buckets) in other._durations)
        {
            var own = CollectionsMarshal.GetValueRefOrAddDefault(_durations, entry, out _) ??= new long[DurationBuckets];
            for (var bucket = 0; bucket < buckets.Length; bucket++)
            {
                own[bucket] += buckets[bucket];
            }
        }
    }

    /// <summary>The duration below which a share of the requests with that entry stay; null with no requests.</summary>
    public TimeSpan? Duration(int entry, double share)
    {
        if (!_durations.TryGetValue(entry, out var buckets))
        {
            return null;
        }
        var left = (long)Math.Ceiling(Total(buckets) * share);
        for (var bucket = 0; bucket < buckets.Length; bucket++)
        {
            left -= buckets[bucket];
            if (left <= 0)
            {
                return TimeSpan.FromTicks((long)Math.Min(Math.Pow(2, (bucket + 1) / 8.0), long.MaxValue / 2));
            }
        }
        return null;
    }

    /// <summary>The longest of those of all entries; zero with no requests.</summary>
    public TimeSpan Duration(double share)
    {
        var longest = TimeSpan.Zero;
        foreach (var entry in _durations.Keys)
        {
            longest = Duration(entry, share) is { } own && own > longest ? own : longest;
        }
        return longest;
    }

    private static long Total(long[] buckets)
    {
        long total = 0;
        foreach (var count in buckets)
        {
            total += count;
        }
        return total;
    }

    private void Add(TraceStore store, ref TraceState state, ClockEstimate clocks)
    {
        var count = Sort(store, state.Head, clocks);
        var sorted = _sorted.AsSpan(0, count);
        Span<int> distinct = stackalloc int[MostStepsOfPath];
        Span<bool> last = stackalloc bool[MostStepsOfPath];
        var length = 0;
        for (var i = 0; i < count && length < MostStepsOfPath; i++)
        {
            length = Insert(distinct, last, length, sorted[i].Step);
            _lines[sorted[i].Step]++;
        }
        MarkLast(sorted, distinct[..length], last);
        var duration = sorted[^1].Ticks - sorted[0].Ticks;
        var path = Find(sorted[0].Step, distinct[..length], last[..length]);
        if (path is null)
        {
            Unkept++;
            return;
        }
        path.Count++;
        if (_examples < MostExamples)
        {
            _examples++;
            path.Examples.Add(new TraceExample(state.Key, state.FirstSource, state.FirstOffset, sorted[0].Ticks, duration, state.Lines));
        }
        if (!_durations.TryGetValue(path.Entry, out var buckets))
        {
            _durations[path.Entry] = buckets = new long[DurationBuckets];
        }
        buckets[duration <= 1 ? 0 : Math.Min((int)(Math.Log2(duration) * 8), DurationBuckets - 1)]++;
    }

    private int Sort(TraceStore store, int head, ClockEstimate clocks)
    {
        var count = 0;
        for (var entry = head; entry >= 0; entry = store.Entry(entry).Next)
        {
            if (count == _sorted.Length)
            {
                Array.Resize(ref _sorted, _sorted.Length * 2);
            }
            ref var line = ref store.Entry(entry);
            var at = count++;
            var ticks = clocks.Correct(line.Source, line.Ticks);
            // Nearly in order already: each source is.
            while (at > 0 && _sorted[at - 1].Ticks > ticks)
            {
                _sorted[at] = _sorted[at - 1];
                at--;
            }
            _sorted[at] = line with { Ticks = ticks };
        }
        return count;
    }

    private static int Insert(Span<int> distinct, Span<bool> last, int length, int step)
    {
        var at = length;
        while (at > 0 && distinct[at - 1] >= step)
        {
            at--;
        }
        if (at < length && distinct[at] == step)
        {
            return length;
        }
        distinct[at..length].CopyTo(distinct[(at + 1)..]);
        distinct[at] = step;
        last[length] = false;
        return length + 1;
    }

    private void MarkLast(ReadOnlySpan<TraceEntry> sorted, ReadOnlySpan<int> distinct, Span<bool> last)
    {
        for (var i = sorted.Length - 1; i >= 0; i--)
        {
            var service = _steps[sorted[i].Step].Service;
            var seen = false;
            for (var later = i + 1; later < sorted.Length && !seen; later++)
            {
                // An error does not go on with what was tried: the attempt before it still lacks its outcome.
                seen = _steps[sorted[later].Step] is { Failed: false } next && next.Service == service;
            }
            if (!seen && distinct.BinarySearch(sorted[i].Step) is >= 0 and var at)
            {
                last[at] = true;
            }
            if (sorted.Length > MostStepsOfPath && i < sorted.Length - MostStepsOfPath)
            {
                return;
            }
        }
    }

    private RequestPath? Find(int entry, ReadOnlySpan<int> distinct, ReadOnlySpan<bool> last)
    {
        unchecked
        {
            var hash = TraceKey.Mix((ulong)entry + 1);
            for (var i = 0; i < distinct.Length; i++)
            {
                hash = TraceKey.Mix(hash + ((ulong)distinct[i] << 1) + (last[i] ? 1UL : 0));
            }
            if (!_paths.TryGetValue(hash, out var path) && _paths.Count < MostPaths)
            {
                _paths[hash] = path = new RequestPath(entry, distinct.ToArray(), last.ToArray());
            }
            return path;
        }
    }
}
