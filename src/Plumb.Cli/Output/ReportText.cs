using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;

namespace Plumb.Cli.Output;

/// <summary>Findings and reports for a person: verdict, evidence, blind spots, decision, always in this order.</summary>
internal static class ReportText
{
    public static void Write(Terminal terminal, CheckReport report)
    {
        terminal.Line($"{terminal.Paint(report.Outcome.Word(), Style.Of(report.Outcome))}  {report.Check}: {report.Summary}");
        foreach (var finding in report.Findings)
        {
            terminal.Line();
            Write(terminal, finding);
        }
        WriteEnd(terminal, report);
    }

    public static void Write(Terminal terminal, Finding finding)
    {
        terminal.Line($"{terminal.Paint(SeverityWord(finding.Severity), Style.Of(finding.Severity))}  {finding.Subject}: {finding.Summary}  {terminal.Paint($"({finding.Kind}, {finding.Id})", Style.Faint)}");
        foreach (var evidence in finding.Evidence)
        {
            terminal.Line($"    {Line(evidence)}");
        }
    }

    /// <summary>What was measured, by whom and when, in one line.</summary>
    public static string Line(Evidence evidence) =>
        $"{evidence.What}: {Value(evidence.Value)}{(evidence.Unit is null ? "" : $" {evidence.Unit}")}, measured by {evidence.By} {When(evidence)}{(evidence.Place is null ? "" : $", in {evidence.Place}")}";

    /// <summary>What the check could not see, and what a person has to decide.</summary>
    public static void WriteEnd(Terminal terminal, CheckReport report)
    {
        terminal.Line();
        terminal.Line(terminal.Paint("What this cannot see", Style.Strong));
        foreach (var blindSpot in report.BlindSpots)
        {
            terminal.Flow(blindSpot, "  - ", 4, 4);
        }
        terminal.Line();
        terminal.Line($"{terminal.Paint("For you to decide:", Style.Strong)} {report.Decision}");
    }

    public static string SeverityWord(Severity severity) => severity switch
    {
        Severity.Info => "info",
        Severity.Warning => "warning",
        _ => "critical",
    };

    /// <summary>2026-03-01 12:00:00Z</summary>
    public static string Time(DateTimeOffset time) => time.ToString("u", CultureInfo.InvariantCulture);

    private static string When(Evidence evidence) =>
        evidence.Window is { } window ? $"from {Time(window.From)} to {Time(window.To)}" : $"at {Time(evidence.At)}";

    private static string Value(JsonNode? value) => value switch
    {
        null => "nothing",
        JsonValue scalar => scalar.ToString(),
        _ => value.ToJsonString(CoreJson.Readable(indented: false)),
    };
}
