using System.Runtime.InteropServices;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>
/// How far the sources' clocks are apart, from cause before effect: a callee's first line is written after its caller's first line, and a callee that is waited
/// for writes its last line before its caller's last. Each request bounds the difference of the two clocks from both sides, and the bounds of all requests
/// together leave an interval (the reasoning of NTP, with requests for packets).
/// </summary>
internal sealed class ClockEstimate
{
    /// <summary>Requests that are enough.</summary>
    private const int MostTraces = 20_000;

    /// <summary>A source is compared with at most so many others: a request rarely has more.</summary>
    private const int MostSourcesOfTrace = 32;

    /// <summary>Fewer requests between two sources say nothing about their clocks.</summary>
    private const int FewestRequests = 8;

    /// <summary>By as much may work that waits in a queue begin after its caller has ended, before it passes for skew.</summary>
    public static readonly TimeSpan Smallest = TimeSpan.FromMilliseconds(20);

    private readonly long[] _offsets;

    private ClockEstimate(long[] offsets, IReadOnlyList<ClockSkew> skews) => (_offsets, Skews) = (offsets, skews);

    /// <summary>Only those that were found; sources whose clocks agree are not in it.</summary>
    public IReadOnlyList<ClockSkew> Skews { get; }

    public static ClockEstimate None(int sources) => new(new long[sources], []);

    /// <summary>Ticks that a source's clock is ahead of the reference.</summary>
    public long Offset(int source) => _offsets[source];

    /// <summary>The time by the reference's clock.</summary>
    public long Correct(int source, long ticks) => ticks - _offsets[source];

    public static ClockEstimate Of(TraceStore store, IReadOnlyList<LogSource> sources)
    {
        if (sources.Count < 2)
        {
            return None(sources.Count);
        }
        var spans = Spans(store);
        var votes = new long[sources.Count];
        foreach (var trace in spans)
        {
            // The caller's lines enclose those of whom it calls, whatever the clocks say.
            votes[trace.MaxBy(span => span.Last - span.First).Source]++;
        }
        var pairs = Pairs(spans, votes, Usual(spans, sources.Count));
        var offsets = new long[sources.Count];
        var known = new HashSet<int> { Array.IndexOf(votes, votes.Max()) };
        var skews = new List<ClockSkew>();
        // The best known pair first, and from what is known to what is not yet: each round makes one more source known.
        while (pairs.Where(pair => known.Contains(pair.Key.From) != known.Contains(pair.Key.To)).OrderByDescending(pair => pair.Value.Count).FirstOrDefault() is { Value: not null } next)
        {
            var (from, to) = next.Key;
            var (estimate, low, high) = next.Value.Estimate();
            var forward = known.Contains(from);
            var (reference, source) = forward ? (from, to) : (to, from);
            offsets[source] = offsets[reference] + (forward ? estimate : -estimate);
            known.Add(source);
            if (offsets[source] != 0)
            {
                skews.Add(new ClockSkew(sources[source].Name, sources[reference].Name, Ms(offsets[source]), Ms(offsets[reference] + (forward ? low : -high)),
                    Ms(offsets[reference] + (forward ? high : -low)), next.Value.Count));
            }
        }
        return new ClockEstimate(offsets, skews);
    }

    private static double Ms(long ticks) => Math.Round(ticks / (double)TimeSpan.TicksPerMillisecond, 3);

    private static List<SourceSpan[]> Spans(TraceStore store)
    {
        var spans = new List<SourceSpan[]>();
        var of = new Dictionary<int, SourceSpan>();
        for (var trace = 0; trace < store.Count && spans.Count < MostTraces; trace++)
        {
            of.Clear();
            for (var entry = store.State(trace).Head; entry >= 0; entry = store.Entry(entry).Next)
            {
                ref var line = ref store.Entry(entry);
                var span = of.GetValueOrDefault(line.Source, new SourceSpan(line.Source, long.MaxValue, long.MinValue, 0, 0));
                span = line.Ticks < span.First ? span with { First = line.Ticks, FirstStep = line.Step } : span;
                of[line.Source] = line.Ticks >= span.Last ? span with { Last = line.Ticks, LastStep = line.Step } : span;
            }
            if (of.Count is > 1 and <= MostSourcesOfTrace)
            {
                spans.Add([.. of.Values]);
            }
        }
        return spans;
    }

    /// <summary>With which step each source usually begins and ends a request: where a line is lost, the next one must not pass for the beginning.</summary>
    private static (int First, int Last)[] Usual(List<SourceSpan[]> spans, int sources)
    {
        var (first, last) = (new Dictionary<(int Source, int Step), int>(), new Dictionary<(int Source, int Step), int>());
        foreach (var span in spans.SelectMany(trace => trace))
        {
            first[(span.Source, span.FirstStep)] = first.GetValueOrDefault((span.Source, span.FirstStep)) + 1;
            last[(span.Source, span.LastStep)] = last.GetValueOrDefault((span.Source, span.LastStep)) + 1;
        }
        return [.. Enumerable.Range(0, sources).Select(source => (Most(first, source), Most(last, source)))];
    }

    private static int Most(Dictionary<(int Source, int Step), int> counts, int source) =>
        counts.Where(count => count.Key.Source == source).OrderByDescending(count => count.Value).ThenBy(count => count.Key.Step).Select(count => count.Key.Step).FirstOrDefault();

    private static Dictionary<(int From, int To), Bounds> Pairs(List<SourceSpan[]> spans, long[] votes, (int First, int Last)[] usual)
    {
        var pairs = new Dictionary<(int From, int To), Bounds>();
        foreach (var trace in spans)
        {
            var outer = trace.MaxBy(span => votes[span.Source]);
            if (outer.FirstStep != usual[outer.Source].First || outer.LastStep != usual[outer.Source].Last)
            {
                continue;
            }
            foreach (var inner in trace)
            {
                if (inner.Source != outer.Source)
                {
                    if (!pairs.TryGetValue((outer.Source, inner.Source), out var bounds))
                    {
                        pairs[(outer.Source, inner.Source)] = bounds = new Bounds();
                    }
                    bounds.Add(outer, inner);
                }
            }
        }
        return pairs;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct SourceSpan(int Source, long First, long Last, int FirstStep, int LastStep);

    /// <summary>What all requests together say about the clock of an inner source against its outer one.</summary>
    private sealed class Bounds
    {
        private long _high = long.MaxValue;
        private long _lowWaited = long.MinValue;
        private long _lowStarted = long.MinValue;

        public int Count { get; private set; }

        public void Add(SourceSpan outer, SourceSpan inner)
        {
            Count++;
            _high = Math.Min(_high, inner.First - outer.First);
            _lowWaited = Math.Max(_lowWaited, inner.Last - outer.Last);
            _lowStarted = Math.Max(_lowStarted, inner.First - outer.Last);
        }

        /// <summary>Ticks that the inner clock is ahead. Nothing is claimed while equal clocks explain every request.</summary>
        public (long Estimate, long Low, long High) Estimate()
        {
            // A callee that works on after the answer breaks the narrow bound; one that also starts after it, as behind a queue, breaks both. So does a caller
            // that logs nothing before it calls. Where no difference of clocks explains every request, none is claimed.
            var waited = _lowWaited <= _high;
            var low = waited ? _lowWaited : _lowStarted;
            var explained = _high >= 0 && low <= (waited ? 0 : Smallest.Ticks);
            return Count < FewestRequests || low > _high || explained ? (0, low, _high) : (low + ((_high - low) / 2), low, _high);
        }
    }
}
