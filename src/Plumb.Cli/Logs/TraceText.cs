using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Logs;

namespace Plumb.Cli.Logs;

/// <summary>All requests for a person: what was learnt, what is wrong with how many, and the first of them one by one.</summary>
internal sealed class TraceText(Terminal terminal)
{
    public void Write(CheckReport report, TraceReport evidence, int limit)
    {
        if (evidence.Window is { } window)
        {
            terminal.Line($"{evidence.Requests.ToString("N0", CultureInfo.InvariantCulture)} requests in {evidence.Sources.Count} sources, {ReportText.Time(window.From)} to {ReportText.Time(window.To)}");
        }
        foreach (var path in evidence.Paths.Where(path => path.Usual.Count > 1).Take(5))
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {path.Requests:N0} begin with {path.Service}/{path.Entry}, take {path.MedianMs:0.#} ms at the median and usually have {path.Usual.Count} events"));
        }
        foreach (var skew in evidence.Skews)
        {
            terminal.Line(ClockText.Of(skew));
        }
        if (evidence.Groups.Count > 0)
        {
            terminal.Line();
            Groups(evidence);
        }
        if (evidence.Traces.Count > 0 && limit > 0)
        {
            terminal.Line();
            Traces(evidence, limit);
        }
        terminal.Line();
        terminal.Line(AccountingText.Sum(evidence.Accounting));
        terminal.Line();
        terminal.Line($"{terminal.Paint(report.Outcome.Word(), Style.Of(report.Outcome))}  {report.Summary}");
        ReportText.WriteEnd(terminal, report);
    }

    private void Groups(TraceReport evidence)
    {
        var table = new Table("REQUESTS", "KIND", "WHAT", "EXAMPLE");
        foreach (var group in evidence.Groups.Take(20))
        {
            var share = group.Compared == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({group.Share:P1} of {group.Compared:N0} have it)");
            table.Row(group.Requests.ToString("N0", CultureInfo.InvariantCulture), new Cell(group.Kind, Style.Warn), group.Sentence + share, group.Examples.Count > 0 ? group.Examples[0] : "");
        }
        table.Write(terminal);
    }

    private void Traces(TraceReport evidence, int limit)
    {
        var table = new Table("TRACE", "BEGAN", "TOOK", "LINES", "WHAT");
        foreach (var trace in evidence.Traces.Take(limit))
        {
            table.Row(trace.Id, trace.Began.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"{trace.DurationMs:0.0} ms"),
                trace.Lines.ToString(CultureInfo.InvariantCulture), string.Join("; ", trace.What));
        }
        table.Write(terminal);
        if (evidence.Anomalous > limit)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"and {evidence.Anomalous - Math.Min(limit, evidence.Traces.Count):N0} more; --limit shows up to {TraceSurvey.MostTraces}"));
        }
    }
}
