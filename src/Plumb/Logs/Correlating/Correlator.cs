using System.Globalization;
using Plumb.Core;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;
using Plumb.Logs.Tracing;

namespace Plumb.Logs.Correlating;

/// <summary>
/// Collects the evidence about one id: searches every byte for it, and then reads the lines around it, to find those of the same request that have lost the id, and
/// what the requests beside it have.
/// </summary>
public sealed class Correlator(LogSources sources, IdForms id, DateTimeOffset now)
{
    /// <summary>Evidence is never proof.</summary>
    private const double MostCertain = 0.99;

    private const int NearestIds = 3;
    private const int MostIdsCompared = 20_000;

    /// <summary>An id that stands nowhere is compared with the others only while all are read in a moment.</summary>
    private const long MostBytesForNearest = 1L << 30;

    public Correlation Run(CancellationToken cancellation)
    {
        using var files = new SourceLines(sources.All);
        var found = new IdSearch(files, id).Run(cancellation);
        if (found.Lines.Count == 0)
        {
            return new Correlation(id.Text, null, Accounting.None, found.Bytes, false, Nearest(files, cancellation), sources.All, sources.Skipped, []);
        }
        var lines = Read(found, files);
        var (first, last) = (long.MaxValue, 0L);
        foreach (var line in lines)
        {
            if (line.Belonging == Belonging.ById && line.Stated is not null)
            {
                (first, last) = (Math.Min(first, line.At.UtcTicks), Math.Max(last, line.At.UtcTicks));
            }
        }
        if (last == 0)
        {
            return new Correlation(id.Text, new Timeline(id.Text, [.. lines.OrderBy(line => line.At)], [], []), Accounting.None, found.Bytes, found.Truncated, [],
                sources.All, sources.Skipped, ["None of the lines with the id states a time, so nothing around them was looked at."]);
        }
        var slice = TimeSlice.Around(files, first, last, now);
        var evidence = new TraceAnalysis(files, now).Run(slice, adopt: true, cancellation);
        var path = evidence.Model.Paths.FirstOrDefault(path => path.Examples.Exists(example => example.Key.Matches(id.Key)));
        var missing = path is null ? [] : evidence.Judge.Missing(path).Select(step => Missing(step, evidence.Steps)).ToArray();
        lines.AddRange(Adopted(evidence, files));
        var timeline = new Timeline(id.Text, CausalOrder.Of(Corrected(lines, evidence.Clocks)), missing, evidence.Clocks.Skews);
        return new Correlation(id.Text, timeline, evidence.Accounting, found.Bytes, found.Truncated, [], sources.All, sources.Skipped, [.. evidence.Limits, .. Limits(timeline, evidence, path)]);
    }

    private List<TimelineLine> Read(Found found, SourceLines files)
    {
        var scanner = new LineScanner(now);
        var read = new List<TimelineLine>();
        foreach (var (source, offset) in found.Lines)
        {
            var line = files.At(source, offset);
            var fields = new LineFields();
            scanner.Scan(line, Wanted.Grouping | Wanted.Everything, ref fields);
            var belonging = fields.HasTrace && fields.Trace.Matches(id.Key) ? Belonging.ById : Belonging.Mention;
            // A line without a time was written about when the line before it was.
            var ticks = fields.Ticks > 0 || read.Count == 0 || read[^1].Source != files.Sources[source].Name ? fields.Ticks : read[^1].At.UtcTicks;
            read.Add(LineText.Of(line, in fields, files.Sources[source], offset, ticks, belonging));
        }
        return read;
    }

    private IEnumerable<TimelineLine> Adopted(TraceEvidence evidence, SourceLines files)
    {
        var scanner = new LineScanner(now);
        foreach (var adopted in evidence.Adopted.Where(adopted => adopted.Trace.Matches(id.Key)))
        {
            var orphan = evidence.Orphans[adopted.Orphan];
            var line = files.At(orphan.Source, orphan.Offset);
            yield return Show(line, scanner, files.Sources[orphan.Source], orphan, adopted);
        }
    }

    private static TimelineLine Show(byte[] line, LineScanner scanner, LogSource source, Orphan orphan, Adopted adopted)
    {
        var fields = new LineFields();
        scanner.Scan(line, Wanted.Grouping | Wanted.Everything, ref fields);
        return LineText.Of(line, in fields, source, orphan.Offset, orphan.Ticks, Belonging.Adopted, Math.Min(adopted.Confidence, MostCertain), Why(line, adopted));
    }

    private static string Why(ReadOnlySpan<byte> line, Adopted adopted)
    {
        var reasons = new List<string>();
        if (adopted.SameThread)
        {
            reasons.Add("the same thread");
        }
        if (adopted.GapTicks is { } gap)
        {
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"same source, {gap / (double)TimeSpan.TicksPerMillisecond:0.###} ms apart"));
        }
        if (adopted.EndedEarly)
        {
            reasons.Add("the request ends here, and lacks what its like have of this service");
        }
        if (adopted.OpenAttempt)
        {
            reasons.Add("an attempt there lacks its outcome");
        }
        if (adopted.Token != 0 && Tokens.Find(line, adopted.Token) is { } value)
        {
            reasons.Add(adopted.Sharing == 1 ? $"only this request has {value}" : $"shares {value} with {adopted.Sharing} requests");
        }
        return string.Join(", ", reasons);
    }

    private IEnumerable<TimelineLine> Corrected(List<TimelineLine> lines, ClockEstimate clocks) =>
        lines.Select(line => line with { At = line.At.AddTicks(-clocks.Offset(Source(line))) });

    private int Source(TimelineLine line)
    {
        for (var i = 0; i < sources.All.Count; i++)
        {
            if (sources.All[i].Name == line.Source)
            {
                return i;
            }
        }
        return 0;
    }

    private static MissingEvent Missing(MissingStep step, StepTable steps) =>
        new(steps.Service(step.Step), steps.Event(step.Step), step.After == 0 ? null : steps.Event(step.After), step.Share, step.Compared);

    private static IEnumerable<string> Limits(Timeline timeline, TraceEvidence evidence, RequestPath? path)
    {
        if (path is null || evidence.Model.Paths.Where(other => other.Entry == path.Entry).Sum(other => other.Count) < PathJudge.FewestCompared)
        {
            yield return $"Fewer than {PathJudge.FewestCompared} requests like this one stand beside it, so nothing says what it should have logged.";
        }
        if (evidence.Window is { } window && window.To - timeline.Lines[^1].At < TimeSpan.FromSeconds(1))
        {
            yield return "The logs end within a second of this request: its last lines may not be written yet.";
        }
    }

    private List<string> Nearest(SourceLines files, CancellationToken cancellation)
    {
        var near = new List<string>();
        if (sources.Bytes is 0 or > MostBytesForNearest)
        {
            return near;
        }
        var evidence = new TraceAnalysis(files, now).Run(null, adopt: false, cancellation);
        var ids = evidence.Model.Examples(MostIdsCompared).Select(example => TraceSurvey.Id(example, files)).ToHashSet(StringComparer.Ordinal);
        while (near.Count < NearestIds && Core.Nearest.To(id.Text, ids) is { } next)
        {
            near.Add(next);
            ids.Remove(next);
        }
        return near;
    }
}
