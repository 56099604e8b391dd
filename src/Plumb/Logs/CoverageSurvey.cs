using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;
using Plumb.Logs.Tracing;

namespace Plumb.Logs;

/// <summary>A statement that writes errors without an id.</summary>
/// <param name="Statement">The event, or the text with its values replaced by stars.</param>
/// <param name="Code">File, class or logger, where the lines name one.</param>
/// <param name="Where">The first such line: source and byte.</param>
public sealed record LostPattern(string Statement, string? Code, long Lines, string Where, string Text);

/// <summary>How many of a service's lines carry an id.</summary>
public sealed record ServiceCoverage(string Service, long Lines, long WithId, long ErrorLines, long ErrorsWithId, IReadOnlyList<LostPattern> Lost)
{
    /// <summary>0 to 1; null without error lines.</summary>
    public double? ErrorShare => ErrorLines == 0 ? null : ErrorsWithId / (double)ErrorLines;
}

/// <summary>The evidence about ids in all lines.</summary>
public sealed record CoverageReport(
    Accounting Accounting, IReadOnlyList<ServiceCoverage> Services, TimeWindow? Window, IReadOnlyList<LogSource> Sources, IReadOnlyList<string> Skipped, IReadOnlyList<string> Limits);

/// <summary>Counts, for each service, which error lines could be found by a request's id.</summary>
public sealed class CoverageSurvey(LogSources sources, DateTimeOffset now)
{
    public const string Check = "logs coverage";

    private const int PatternsOfService = 10;

    public CoverageReport Collect(CancellationToken cancellation)
    {
        using var files = new SourceLines(sources.All);
        var evidence = new TraceAnalysis(files, now).Run(null, adopt: false, cancellation);
        var services = evidence.Counts.Select((count, step) => (Count: count, Number: step, Step: evidence.Steps[step])).Where(entry => entry.Count.WithId + entry.Count.WithoutId > 0)
            .GroupBy(entry => entry.Step.Service).Select(service =>
            {
                var errors = service.Where(entry => entry.Step.Failed).ToArray();
                return new ServiceCoverage(evidence.Steps.Names[service.Key], service.Sum(entry => entry.Count.WithId + entry.Count.WithoutId), service.Sum(entry => entry.Count.WithId),
                    errors.Sum(entry => entry.Count.WithId + entry.Count.WithoutId), errors.Sum(entry => entry.Count.WithId),
                    [.. errors.Where(entry => entry.Count.WithoutId > 0).OrderByDescending(entry => entry.Count.WithoutId).ThenBy(entry => entry.Number).Take(PatternsOfService)
                        .Select(entry => Pattern(evidence.Steps.Event(entry.Number), entry.Count, files))]);
            });
        return new CoverageReport(evidence.Accounting, [.. services.OrderBy(service => service.ErrorShare ?? 2).ThenBy(service => service.Service, StringComparer.Ordinal)], evidence.Window,
            sources.All, sources.Skipped, evidence.Limits);
    }

    /// <param name="leastShare">0 to 1: the share of its error lines that must carry an id in each service.</param>
    public static CheckReport Judge(CoverageReport evidence, double leastShare, DateTimeOffset startedAt, DateTimeOffset finishedAt)
    {
        var (errors, with) = (evidence.Services.Sum(service => service.ErrorLines), evidence.Services.Sum(service => service.ErrorsWithId));
        var findings = evidence.Services.Where(service => service.ErrorShare < leastShare).Select(service => Of(service, evidence, finishedAt)).ToArray();
        var outcome = errors == 0 ? Outcome.Inconclusive : findings.Length > 0 ? Outcome.Fail : Outcome.Pass;
        outcome = evidence.Sources.Any(source => source.Damage is not null) ? outcome.And(Outcome.Error) : outcome;
        var summary = errors == 0 ? Text($"none of {evidence.Accounting.Lines} lines is an error, so nothing says whether errors carry ids.")
            : Text($"{with} of {errors} error lines carry an id ({with / (double)errors:P1}).");
        return new CheckReport(Check, outcome, summary, startedAt, finishedAt, findings,
            [.. TraceJudge.Common(evidence.Sources, evidence.Skipped, evidence.Limits), "An error path that never ran is not covered by any log: this judges the statements that wrote something."],
            findings.Length == 0 ? "Nothing to do now; run it again after the next incident, when other error paths have run."
                : "Give the id to the statements above, or decide that these errors belong to no request (start, shutdown, timers).");
    }

    private static Finding Of(ServiceCoverage service, CoverageReport evidence, DateTimeOffset at) => Finding.Of(Check, "error-without-id", Severity.Warning, new Subject("Service", service.Service),
        Text($"{service.ErrorLines - service.ErrorsWithId} of {service.ErrorLines} error lines of {service.Service} carry no id, so no search by id finds them."),
        [
            new Evidence("error lines with an id", JsonValue.Create(Math.Round((service.ErrorShare ?? 0) * 100, 1)), "plumb logs coverage", evidence.Window?.To ?? at, "percent", evidence.Window),
            .. service.Lost.Select(lost => new Evidence($"{lost.Statement}{(lost.Code is null ? "" : $" ({lost.Code})")}", JsonValue.Create(lost.Lines), lost.Where, evidence.Window?.To ?? at, "lines")),
        ]);

    private static LostPattern Pattern(string statement, StepCount count, SourceLines files)
    {
        var line = files.At(count.Source, count.Offset);
        var fields = new LineFields();
        new LineScanner(DateTimeOffset.UnixEpoch.AddYears(100)).Scan(line, Wanted.Grouping | Wanted.Everything, ref fields);
        return new LostPattern(statement, fields.Code.IsEmpty ? null : LineText.Plain(fields.Code), count.WithoutId, Text($"{files.Sources[count.Source].Name} at byte {count.Offset}"),
            LineText.Plain(fields.Message.IsEmpty ? line : fields.Message));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
