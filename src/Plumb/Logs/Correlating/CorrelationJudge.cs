using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;

namespace Plumb.Logs.Correlating;

/// <summary>Says what the evidence about one id amounts to.</summary>
public static class CorrelationJudge
{
    public const string Check = "logs correlate";

    public static CheckReport Report(Correlation correlation, DateTimeOffset startedAt, DateTimeOffset finishedAt)
    {
        var findings = Findings(correlation, finishedAt).ToArray();
        var damaged = correlation.Sources.Where(source => source.Damage is not null).ToArray();
        var outcome = correlation.Timeline is null ? Outcome.Inconclusive : findings.Any(finding => finding.Severity > Severity.Info) ? Outcome.Fail : Outcome.Pass;
        outcome = damaged.Length > 0 ? outcome.And(Outcome.Error) : outcome;
        return new CheckReport(Check, outcome, Summary(correlation, findings), startedAt, finishedAt, findings, [.. BlindSpots(correlation)], Decision(correlation, findings));
    }

    private static string Summary(Correlation correlation, Finding[] findings)
    {
        if (correlation.Timeline is not { } timeline)
        {
            var near = correlation.Nearest.Count == 0 ? "" : $" Near it: {string.Join(", ", correlation.Nearest)}.";
            return Text($"{correlation.Id} stands in none of {Count(correlation.Sources.Count, "source")} ({correlation.BytesSearched} bytes).{near}");
        }
        var services = timeline.Services.Count();
        var own = timeline.Lines.Count(line => line.Belonging != Belonging.Mention);
        var lines = Text($"{Count(own, "line")} of {Count(services, "service")} in {timeline.Duration.TotalMilliseconds:0.###} ms");
        return findings.Length == 0 ? $"{lines}; nothing is missing that others of its kind have, and no line is an error." : $"{lines}. {string.Join(" ", findings.Select(finding => finding.Summary))}";
    }

    private static IEnumerable<Finding> Findings(Correlation correlation, DateTimeOffset at)
    {
        if (correlation.Timeline is not { } timeline)
        {
            yield break;
        }
        var subject = new Subject("trace", correlation.Id);
        foreach (var missing in timeline.Missing)
        {
            var where = missing.After is null ? "" : $" after {missing.After}";
            yield return Finding.Of(Check, $"missing-event:{missing.Service}/{missing.Event}", Severity.Warning, subject,
                Text($"{missing.Service} never logged {missing.Event}{where}: {missing.Share * 100:0.#}% of {missing.Compared} requests like this have it."),
                new Evidence("requests that have the event", JsonValue.Create(Math.Round(missing.Share * 100, 1)), "plumb logs", at, "percent"));
        }
        foreach (var line in timeline.Lines.Where(line => line.Belonging == Belonging.Adopted && line.Level == "error"))
        {
            yield return Finding.Of(Check, $"lost-id:{line.Service}/{line.Event}", Severity.Warning, subject,
                Text($"{line.Service} logged an error without the id, which belongs here with {line.Confidence * 100:0}% confidence: {line.Text}"),
                new Evidence("confidence", JsonValue.Create(Math.Round(line.Confidence ?? 0, 3)), $"{line.Source} at byte {line.Line}", line.At));
        }
        foreach (var line in timeline.Lines.Where(line => line.Belonging == Belonging.ById && line.Level == "error"))
        {
            yield return Finding.Of(Check, $"error-line:{line.Service}/{line.Event}", Severity.Warning, subject,
                $"{line.Service} logged the error {line.Event}.", new Evidence("error line", JsonValue.Create(line.Text), $"{line.Source} at byte {line.Line}", line.At));
        }
    }

    private static IEnumerable<string> BlindSpots(Correlation correlation)
    {
        foreach (var spot in TraceJudge.Common(correlation.Sources, correlation.Skipped, correlation.Limits))
        {
            yield return spot;
        }
        if (correlation.Truncated)
        {
            yield return $"The id stands in more than {IdSearch.MostLines} lines; the later ones are not shown.";
        }
    }

    private static string Decision(Correlation correlation, Finding[] findings) =>
        correlation.Timeline is null ? "Is the id right, and are these the logs of that time? Kubernetes keeps only the present and the previous container's log."
        : findings.Length == 0 ? "If a user saw a failure all the same, it happened where nothing is logged: at the client, in between, or in a service whose log is not here."
        : "Whether the failed part makes the whole request a failure depends on the design: a soft dependency may fail, a hard one should have stopped the request.";

    internal static string Count(long number, string what) => Text($"{number} {what}{(number == 1 ? "" : "s")}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
