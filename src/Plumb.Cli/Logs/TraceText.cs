using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Logs;

namespace Plumb.Cli.Logs;

/// <summary>All requests for a person: what was learnt, what is wrong with how many, and the first of them one by one.</summary>
internal sealed class TraceText(Terminal terminal)
{
    private const int MostAlike = 3;

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

    /// <summary>Of requests that lack the same a few are enough: a hundred of one kind would hide the one of another.</summary>
    private void Traces(TraceReport evidence, int limit)
    {
        var table = new Table("TRACE", "BEGAN", "TOOK", "LINES", "WHAT");
        var alike = new Dictionary<string, int>(StringComparer.Ordinal);
        var shown = 0;
        foreach (var trace in evidence.Traces)
        {
            var what = string.Join("; ", trace.What);
            alike[what] = alike.GetValueOrDefault(what) + 1;
            if (alike[what] <= MostAlike && shown < limit)
            {
                shown++;
                table.Row(trace.Id, trace.Began.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"{trace.DurationMs:0.0} ms"),
                    trace.Lines.ToString(CultureInfo.InvariantCulture), what);
            }
        }
        table.Write(terminal);
        if (evidence.Anomalous > shown)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"and {evidence.Anomalous - shown:N0} more, most of them like these; -o json lists up to {TraceSurvey.MostTraces:N0}"));
        }
    }
}
