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
        var spans = Spans(store, sources.Count);
        var votes = new int[sources.Count];
        foreach (var trace in spans)
        {
            // The caller's lines enclose those of whom it calls, whatever the clocks say.
            var widest = trace[0];
            foreach (var span in trace)
            {
                widest = span.Last - span.First > widest.Last - widest.First ? span : widest;
            }
            votes[widest.Source]++;
        }
        var pairs = Pairs(spans, votes, Usual(spans, sources.Count));
        var reference = 0;
        for (var source = 1; source < votes.Length; source++)
        {
            reference = votes[source] > votes[reference] ? source : reference;
        }
        return Chain(pairs, reference, sources);
    }

    private static double Ms(long ticks) => Math.Round(ticks / (double)TimeSpan.TicksPerMillisecond, 3);

    /// <summary>From what is known to what is not yet, the pair with the most requests first: each round makes one more source known.</summary>
    private static ClockEstimate Chain(List<Bounds> pairs, int reference, IReadOnlyList<LogSource> sources)
    {
        var offsets = new long[sources.Count];
        var known = new bool[sources.Count];
        known[reference] = true;
        var skews = new List<ClockSkew>();
        while (Next(pairs, known) is { } next)
        {
            var (estimate, low, high) = next.Estimate();
            var forward = known[next.Outer];
            var (near, far) = forward ? (next.Outer, next.Inner) : (next.Inner, next.Outer);
            offsets[far] = offsets[near] + (forward ? estimate : -estimate);
            known[far] = true;
            if (offsets[far] != 0)
            {
                skews.Add(new ClockSkew(sources[far].Name, sources[near].Name, Ms(offsets[far]), Ms(offsets[near] + (forward ? low : -high)),
                    Ms(offsets[near] + (forward ? high : -low)), next.Count));
            }
        }
        return new ClockEstimate(offsets, skews);
    }

    private static Bounds? Next(List<Bounds> pairs, bool[] known)
    {
        Bounds? next = null;
        foreach (var pair in pairs)
        {
            next = known[pair.Outer] != known[pair.Inner] && pair.Count > (next?.Count ?? 0) ? pair : next;
        }
        return next;
    }

    private static List<SourceSpan[]> Spans(TraceStore store, int sources)
    {
        var spans = new List<SourceSpan[]>();
        // For each source the place of its span among those of the trace, which are few.
        var places = new int[sources];
        var own = new SourceSpan[MostSourcesOfTrace + 1];
        for (var trace = 0; trace < store.Count && spans.Count < MostTraces; trace++)
        {
            var count = 0;
            for (var entry = store.State(trace).Head; entry >= 0 && count <= MostSourcesOfTrace; entry = store.Entry(entry).Next)
            {
                ref var line = ref store.Entry(entry);
                if (places[line.Source] is var place && (place >= count || own[place].Source != line.Source))
                {
                    places[line.Source] = place = count++;
                    own[place] = new SourceSpan(line.Source, line.Ticks, line.Ticks, line.Step, line.Step);
                }
                ref var span = ref own[place];
                span = line.Ticks < span.First ? span with { First = line.Ticks, FirstStep = line.Step } : span;
                span = line.Ticks >= span.Last ? span with { Last = line.Ticks, LastStep = line.Step } : span;
            }
            if (count is > 1 and <= MostSourcesOfTrace)
            {
                spans.Add(own[..count]);
            }
        }
        return spans;
    }

    /// <summary>With which step each source usually begins and ends a request: where a line is lost, the next one must not pass for the beginning.</summary>
    private static (int First, int Last)[] Usual(List<SourceSpan[]> spans, int sources)
    {
        var counts = new Dictionary<int, (int First, int Last)>[sources];
        foreach (var trace in spans)
        {
            foreach (var span in trace)
            {
                var own = counts[span.Source] ??= [];
                CollectionsMarshal.GetValueRefOrAddDefault(own, span.FirstStep, out _).First++;
                CollectionsMarshal.GetValueRefOrAddDefault(own, span.LastStep, out _).Last++;
            }
        }
        var usual = new (int First, int Last)[sources];
        for (var source = 0; source < sources; source++)
        {
            var (first, last) = (0, 0);
            foreach (var (step, (begins, ends)) in counts[source] ?? [])
            {
                var own = usual[source];
                (first, own.First) = begins > first || (begins == first && step < own.First) ? (begins, step) : (first, own.First);
                (last, own.Last) = ends > last || (ends == last && step < own.Last) ? (ends, step) : (last, own.Last);
                usual[source] = own;
            }
        }
        return usual;
    }

    private static List<Bounds> Pairs(List<SourceSpan[]> spans, int[] votes, (int First, int Last)[] usual)
    {
        var pairs = new List<Bounds>();
        var numbers = new Dictionary<long, int>();
        foreach (var trace in spans)
        {
            var outer = trace[0];
            foreach (var span in trace)
            {
                outer = votes[span.Source] > votes[outer.Source] ? span : outer;
            }
            if (outer.FirstStep != usual[outer.Source].First || outer.LastStep != usual[outer.Source].Last)
            {
                continue;
            }
            foreach (var inner in trace)
            {
                if (inner.Source != outer.Source)
                {
                    var key = ((long)outer.Source << 32) | (uint)inner.Source;
                    if (!numbers.TryGetValue(key, out var number))
                    {
                        numbers[key] = number = pairs.Count;
                        pairs.Add(new Bounds(outer.Source, inner.Source));
                    }
                    pairs[number].Add(outer, inner);
                }
            }
        }
        return pairs;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct SourceSpan(int Source, long First, long Last, int FirstStep, int LastStep);

    /// <summary>What all requests together say about the clock of an inner source against its outer one.</summary>
    private sealed class Bounds(int outer, int inner)
    {
        private long _high = long.MaxValue;
        private long _lowWaited = long.MinValue;
        private long _lowStarted = long.MinValue;

        public int Outer => outer;

        public int Inner => inner;

        public int Count { get; private set; }

        public void Add(SourceSpan caller, SourceSpan callee)
        {
            Count++;
            _high = Math.Min(_high, callee.First - caller.First);
            _lowWaited = Math.Max(_lowWaited, callee.Last - caller.Last);
            _lowStarted = Math.Max(_lowStarted, callee.First - caller.Last);
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
