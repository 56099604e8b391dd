using System.Text.Json.Serialization;
using Plumb.Core;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;
using Plumb.Logs.Tracing;

namespace Plumb.Logs;

/// <summary>What is wrong with requests, and with how many.</summary>
/// <param name="Kind">error-line, missing-event, lost-id or slow.</param>
/// <param name="After">Of a missing event: what it should have followed.</param>
/// <param name="Examples">A few of the requests.</param>
public sealed record AnomalyGroup(string Kind, string Service, string Event, string? After, long Requests, double Share, long Compared, IReadOnlyList<string> Examples)
{
    public string Sentence => Kind switch
    {
        "missing-event" => After is null ? $"{Service} never logged {Event}" : $"{Service} never logged {Event} after {After}",
        "lost-id" => $"{Service} logged an error without the id: {Event}",
        "slow" => $"took far longer than others that begin with {Event}",
        _ => $"{Service} logged the error {Event}",
    };
}

/// <summary>One request with what is wrong with it.</summary>
public sealed record TraceAnomaly(string Id, DateTimeOffset Began, double DurationMs, int Lines, string Entry, IReadOnlyList<string> What);

/// <summary>What requests that begin alike have in common.</summary>
/// <param name="Usual">The events that nearly all of them have.</param>
public sealed record LearntPath(string Service, string Entry, long Requests, double MedianMs, IReadOnlyList<string> Usual);

/// <summary>One line that was given to a request.</summary>
/// <param name="Byte">Its first byte in the source.</param>
public sealed record AdoptedLine(string Source, long Byte, string Trace, double Confidence);

/// <summary>The evidence of a run over all lines.</summary>
/// <param name="Cut">Requests at the edges of the logs, which are not judged.</param>
/// <param name="Traces">Those with anomalies, by the time they began; at most <see cref="TraceSurvey.MostTraces"/>.</param>
public sealed record TraceReport(
    Accounting Accounting, long Requests, long Cut, long Anomalous, IReadOnlyList<AnomalyGroup> Groups, IReadOnlyList<TraceAnomaly> Traces,
    IReadOnlyList<LearntPath> Paths, IReadOnlyList<ClockSkew> Skews, TimeWindow? Window, IReadOnlyList<LogSource> Sources, IReadOnlyList<string> Skipped, IReadOnlyList<string> Limits)
{
    /// <summary>Every line that was given to a request.</summary>
    [JsonIgnore]
    public IEnumerable<AdoptedLine> Adopted { get; init; } = [];
}

/// <summary>Collects the evidence about all requests in the logs.</summary>
public sealed class TraceSurvey(LogSources sources, DateTimeOffset now)
{
    /// <summary>Requests with anomalies that are listed one by one; all are counted.</summary>
    public const int MostTraces = 1_000;

    private const int ExamplesOfGroup = 3;
    private const int SlowFactor = 10;
    private const int FewestForSlow = 50;

    public TraceReport Run(CancellationToken cancellation)
    {
        using var files = new SourceLines(sources.All);
        var evidence = new TraceAnalysis(files, now).Run(null, adopt: true, cancellation);
        var lost = evidence.Adopted.Where(line => evidence.Orphans[line.Orphan].Level == LogLevel.Error)
            .GroupBy(line => line.Trace).ToDictionary(group => group.Key, group => evidence.Orphans[group.First().Orphan].Step);
        var groups = new Dictionary<(string Kind, int Step, int After), Group>();
        var traces = new List<(TraceExample Example, List<string> What, int Entry)>();
        long anomalous = 0;
        foreach (var path in evidence.Model.Paths.OrderByDescending(path => path.Count).ThenBy(path => path.Entry))
        {
            var shared = OfPath(path, evidence, groups);
            anomalous += shared.Count > 0 ? path.Count : 0;
            var slow = Slow(path.Entry, evidence.Model);
            foreach (var example in path.Examples)
            {
                var isLost = lost.TryGetValue(example.Key, out var step);
                if (shared.Count == 0 && !isLost && example.DurationTicks <= slow)
                {
                    continue;
                }
                var what = new List<string>(shared.Select(found => found.Sentence));
                shared.ForEach(found => found.Group.Example(example));
                if (isLost)
                {
                    var group = Of(groups, "lost-id", step, 0);
                    group.Count++;
                    group.Example(example);
                    what.Remove($"{evidence.Steps.Service(step)} logged the error {evidence.Steps.Event(step)}");
                    what.Add(Sentence("lost-id", step, 0, evidence));
                }
                if (example.DurationTicks > slow)
                {
                    var group = Of(groups, "slow", path.Entry, 0);
                    group.Count++;
                    group.Example(example);
                    what.Add(Sentence("slow", path.Entry, 0, evidence));
                    anomalous += shared.Count > 0 ? 0 : 1;
                }
                traces.Add((example, what, path.Entry));
            }
        }
        return new TraceReport(evidence.Accounting, evidence.Traces, evidence.Model.Cut, anomalous, [.. Groups(groups, lost.Values, evidence, files)],
            [.. traces.OrderBy(trace => trace.Example.First).Take(MostTraces).Select(trace => Show(trace.Example, trace.What, trace.Entry, evidence, files))],
            [.. Learnt(evidence)], evidence.Clocks.Skews, evidence.Window, sources.All, sources.Skipped, evidence.Limits)
        {
            Adopted = evidence.Adopted.Select(line => new AdoptedLine(sources.All[evidence.Orphans[line.Orphan].Source].Name, evidence.Orphans[line.Orphan].Offset, line.Trace.ToString(), Math.Round(line.Confidence, 4))),
        };
    }

    private static List<(string Sentence, Group Group)> OfPath(RequestPath path, TraceEvidence evidence, Dictionary<(string Kind, int Step, int After), Group> groups)
    {
        var found = new List<(string, Group)>();
        foreach (var missing in evidence.Judge.Missing(path))
        {
            Add("missing-event", missing.Step, missing.After, missing);
        }
        foreach (var step in path.Steps.Where(step => evidence.Steps[step].Failed))
        {
            Add("error-line", step, 0, default);
        }
        return found;

        void Add(string kind, int step, int after, MissingStep missing)
        {
            var group = Of(groups, kind, step, after);
            (group.Count, group.Missing) = (group.Count + path.Count, missing);
            found.Add((Sentence(kind, step, after, evidence), group));
        }
    }

    private static Group Of(Dictionary<(string Kind, int Step, int After), Group> groups, string kind, int step, int after)
    {
        if (!groups.TryGetValue((kind, step, after), out var group))
        {
            groups[(kind, step, after)] = group = new Group(kind, step, after);
        }
        return group;
    }

    private static string Sentence(string kind, int step, int after, TraceEvidence evidence) =>
        new AnomalyGroup(kind, evidence.Steps.Service(step), evidence.Steps.Event(step), after == 0 ? null : evidence.Steps.Event(after), 0, 0, 0, []).Sentence;

    /// <summary>Ten times the median, in ticks; more than any where too few requests are known.</summary>
    private static long Slow(int entry, PathModel model) =>
        model.Paths.Where(path => path.Entry == entry).Sum(path => path.Count) >= FewestForSlow && model.Duration(entry, 0.5) is { } median ? SlowFactor * median.Ticks : long.MaxValue;

    /// <summary>An error that was adopted is told as a lost id, not as an error line a second time.</summary>
    private static IEnumerable<AnomalyGroup> Groups(Dictionary<(string Kind, int Step, int After), Group> groups, IEnumerable<int> lost, TraceEvidence evidence, SourceLines files)
    {
        var adopted = lost.GroupBy(step => step).ToDictionary(step => step.Key, step => (long)step.Count());
        foreach (var group in groups.Values.OrderByDescending(group => group.Count).ThenBy(group => group.Kind, StringComparer.Ordinal).ThenBy(group => group.Step))
        {
            var count = group.Count - (group.Kind == "error-line" ? adopted.GetValueOrDefault(group.Step) : 0);
            if (count > 0)
            {
                yield return new AnomalyGroup(group.Kind, evidence.Steps.Service(group.Step), evidence.Steps.Event(group.Step), group.After == 0 ? null : evidence.Steps.Event(group.After),
                    count, group.Missing.Share, group.Missing.Compared, [.. group.Examples.Select(example => Id(example, files))]);
            }
        }
    }

    private static TraceAnomaly Show(TraceExample example, List<string> what, int entry, TraceEvidence evidence, SourceLines files) => new(
        Id(example, files), new DateTimeOffset(example.First, TimeSpan.Zero), Math.Round(example.DurationTicks / (double)TimeSpan.TicksPerMillisecond, 3), example.Lines,
        $"{evidence.Steps.Service(entry)}/{evidence.Steps.Event(entry)}", what);

    internal static string Id(TraceExample example, SourceLines files)
    {
        var line = files.At(example.Source, example.Offset);
        var fields = new LineFields();
        new LineScanner(DateTimeOffset.UnixEpoch.AddYears(100)).Scan(line, Wanted.Grouping, ref fields);
        return fields.HasTrace ? LineScanner.Text(fields.TraceText) : example.Key.ToString();
    }

    private static IEnumerable<LearntPath> Learnt(TraceEvidence evidence)
    {
        foreach (var entry in evidence.Model.Paths.GroupBy(path => path.Entry).OrderByDescending(group => group.Sum(path => path.Count)).Take(10))
        {
            var usual = entry.SelectMany(path => path.Steps).Distinct().Where(step => evidence.Judge.Share(entry.Key, step) >= PathJudge.UsualShare);
            yield return new LearntPath(evidence.Steps.Service(entry.Key), evidence.Steps.Event(entry.Key), entry.Sum(path => path.Count),
                Math.Round((evidence.Model.Duration(entry.Key, 0.5) ?? TimeSpan.Zero).TotalMilliseconds, 1), [.. usual.Select(step => $"{evidence.Steps.Service(step)}/{evidence.Steps.Event(step)}")]);
        }
    }

    private sealed class Group(string kind, int step, int after)
    {
        public string Kind => kind;

        public int Step => step;

        public int After => after;

        public long Count { get; set; }

        public MissingStep Missing { get; set; }

        public List<TraceExample> Examples { get; } = [];

        public void Example(TraceExample example)
        {
            if (Examples.Count < ExamplesOfGroup)
            {
                Examples.Add(example);
            }
        }
    }
}
