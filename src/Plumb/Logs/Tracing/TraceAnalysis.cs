using Plumb.Core;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>Everything that one run over all lines came to.</summary>
internal sealed record TraceEvidence(
    Accounting Accounting, long Traces, PathModel Model, PathJudge Judge, StepTable Steps, IReadOnlyList<StepCount> Counts, ClockEstimate Clocks,
    IReadOnlyList<Orphan> Orphans, IReadOnlyList<Adopted> Adopted, IReadOnlyList<string> Limits, TimeWindow? Window);

/// <summary>Reads all lines once, learns the paths of the requests, and gives the lines without an id to the requests they belong to.</summary>
internal sealed class TraceAnalysis(SourceLines files, DateTimeOffset now) : ITraceSink
{
    /// <summary>Requests that the paths are learnt from before lines are adopted.</summary>
    private const int LearnFrom = 50_000;

    /// <summary>Requests this near to the beginning or the end of the logs may have lines outside them.</summary>
    private static readonly TimeSpan LeastMargin = TimeSpan.FromSeconds(1);

    private readonly StepTable _steps = new(new NameTable());
    private ClockEstimate? _clocks;
    private PathModel? _early;
    private PiecePlan? _plan;

    /// <param name="slice">The part that is read; null is all.</param>
    public TraceEvidence Run(TimeSlice? slice, bool adopt, CancellationToken cancellation)
    {
        var sources = files.Sources;
        var ranges = slice?.Ranges;
        _plan = PiecePlan.Of(sources, files.Handles, ranges, now);
        var ends = new long[sources.Count];
        for (var i = 0; i < ends.Length; i++)
        {
            ends[i] = ranges is null ? sources[i].Bytes : ranges[i].To;
        }
        var collector = new TraceCollector(sources.Count, this);
        new TracePass(sources, files.Handles, _steps, now).Run(_plan, ends, collector, cancellation);
        var store = collector.Open;
        if (collector.ClosedEarly > 0)
        {
            // So much was read that what it left behind is worth clearing away before the rest begins.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }
        var clocks = _clocks ?? ClockEstimate.Of(store, sources);
        var (from, to, reach) = Margins(store, clocks, collector.ClosedEarly > 0);
        if (slice is not null)
        {
            (from, to) = (Math.Min(from, slice.FirstTicks), Math.Max(to, slice.LastTicks));
        }
        var model = _early ?? new PathModel(_steps);
        List<Adopted> adopted = [];
        if (adopt && collector.Orphans.Count > 0)
        {
            var learnt = _early;
            if (learnt is null)
            {
                learnt = new PathModel(_steps);
                learnt.Add(store, clocks, from, to, LearnFrom);
            }
            double WithId(int step) => step < collector.Steps.Count && collector.Steps[step] is { } count && count.WithId + count.WithoutId > 0
                ? count.WithId / (double)(count.WithId + count.WithoutId) : 0;
            adopted = new AdoptionPass(sources, files.Handles, _steps, clocks, now).Run(collector.Orphans, collector.Index, ends,
                () => new Adoption(_steps, new PathJudge(learnt, _steps), WithId), Gap(store), reach, cancellation);
            foreach (var line in adopted)
            {
                var orphan = collector.Orphans[line.Orphan];
                if (store.Find(line.Trace) >= 0)
                {
                    store.Add(new LineRecord(line.Trace, orphan.Ticks, 0, 0, orphan.Step, LineKind.InTrace, orphan.Level, false), orphan.Source, orphan.Offset);
                }
            }
        }
        model.Add(store, clocks, from, to);
        return new TraceEvidence(Account(collector, adopted), model.Count, model, new PathJudge(model, _steps), _steps, collector.Steps, clocks,
            collector.Orphans, adopted, [.. Limits(collector, adopt ? reach : null)], Window());
    }

    /// <summary>Memory is short: the traces that are closed now are counted, with the clocks as they are known by now.</summary>
    void ITraceSink.Close(TraceStore store)
    {
        _clocks ??= ClockEstimate.Of(store, files.Sources);
        _early ??= new PathModel(_steps);
        _early.Add(store, _clocks, _plan!.FirstTicks + LeastMargin.Ticks, long.MaxValue);
    }

    private TimeWindow? Window() => _plan is { FirstTicks: > 0, LastTicks: > 0 } plan
        ? new TimeWindow(new DateTimeOffset(plan.FirstTicks, TimeSpan.Zero), new DateTimeOffset(Math.Max(plan.FirstTicks, plan.LastTicks), TimeSpan.Zero)) : null;

    /// <summary>Twice what nearly all requests take is the margin; three times what 99 of 100 take is how far a line's request is looked for.</summary>
    private (long From, long To, TimeSpan Reach) Margins(TraceStore store, ClockEstimate clocks, bool continued)
    {
        var probe = new PathModel(_steps);
        probe.Add(store, clocks, long.MinValue, long.MaxValue, LearnFrom);
        var usual = probe.Duration(0.95);
        var margin = Math.Max(LeastMargin.Ticks, Math.Min(2 * usual.Ticks, (_plan!.LastTicks - _plan.FirstTicks) / 4));
        // In a log of a few seconds a margin would leave nothing to judge.
        margin = Math.Min(margin, (_plan.LastTicks - _plan.FirstTicks) / 10);
        var longest = probe.Duration(0.99);
        var reach = TimeSpan.FromTicks(Math.Clamp(3 * longest.Ticks, AdoptionPass.NearestReach.Ticks, AdoptionPass.FarthestReach.Ticks));
        return (continued ? long.MinValue : _plan.FirstTicks + margin, _plan.LastTicks - margin, reach);
    }

    /// <summary>The usual time between two lines of one request in one source: the scale on which "near" is measured.</summary>
    private static TimeSpan Gap(TraceStore store)
    {
        const int Sample = 5_000;
        const long Shortest = 5 * TimeSpan.TicksPerMillisecond;
        const long Longest = TimeSpan.TicksPerSecond;
        var gaps = new List<int>(Sample);
        for (var trace = 0; trace < store.Count && gaps.Count < Sample; trace++)
        {
            ref var state = ref store.State(trace);
            if (state.Lines > 1)
            {
                gaps.Add((int)Math.Clamp((state.Last - state.First) / (state.Lines - 1), Shortest, Longest));
            }
        }
        gaps.Sort();
        return TimeSpan.FromTicks(gaps.Count == 0 ? Shortest : gaps[gaps.Count * 3 / 4]);
    }

    private static Accounting Account(TraceCollector collector, List<Adopted> adopted)
    {
        long lines = collector.Lines(LineKind.Continuation);
        var bytes = collector.Bytes(LineKind.Continuation);
        foreach (var line in adopted)
        {
            lines += collector.Orphans[line.Orphan].Lines;
            bytes += collector.Orphans[line.Orphan].Length;
        }
        var (total, totalBytes) = (0L, 0L);
        for (var kind = LineKind.Rejected; kind <= LineKind.Continuation; kind++)
        {
            (total, totalBytes) = (total + collector.Lines(kind), totalBytes + collector.Bytes(kind));
        }
        var (rejected, rejectedBytes) = (collector.Lines(LineKind.Rejected), collector.Bytes(LineKind.Rejected));
        var orphans = collector.Lines(LineKind.Orphan) - (lines - collector.Lines(LineKind.Continuation));
        var orphanBytes = collector.Bytes(LineKind.Orphan) - (bytes - collector.Bytes(LineKind.Continuation));
        return new Accounting(total, totalBytes, collector.Lines(LineKind.InTrace) + orphans, collector.Bytes(LineKind.InTrace) + orphanBytes,
            collector.Lines(LineKind.InTrace), lines, bytes, rejected, rejectedBytes);
    }

    private static IEnumerable<string> Limits(TraceCollector collector, TimeSpan? reach)
    {
        if (collector.ClosedEarly > 0)
        {
            yield return FormattableString.Invariant($"More than {TraceCollector.MostOpenLines:N0} lines of open requests: {collector.ClosedEarly:N0} requests that had been silent for {TraceCollector.Silence.TotalSeconds:0} s were closed early; a line that came later counts as another request, and lines without an id are not added to them.");
        }
        if (collector.OrphansDropped > 0)
        {
            yield return FormattableString.Invariant($"Only the first {TraceCollector.MostOrphans:N0} lines without an id were considered for a request; {collector.OrphansDropped:N0} were not.");
        }
        if (collector.ZoneMissing > 0)
        {
            yield return FormattableString.Invariant($"{collector.ZoneMissing:N0} lines state a time without a zone; it was read as UTC.");
        }
        if (reach is { } near)
        {
            yield return FormattableString.Invariant($"The request of a line without an id is looked for within {near.TotalMilliseconds:0} ms; a line that came later stays without.");
        }
    }
}
