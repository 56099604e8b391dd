using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Experiments;
using Plumb.Experiments.Judging;

namespace Plumb.Cli.Experiments;

/// <summary>A result as a person reads it: the verdict first, then what it rests on, then what it cannot know.</summary>
internal sealed class ExperimentText(Terminal terminal)
{
    private const int Widest = 80;

    private int Width => Math.Min(Widest, terminal.TextWidth);

    public void Write(ExperimentResult result, string? evidenceFile)
    {
        var (report, measures) = (result.Report, result.Measures);
        terminal.Line($"{result.Evidence.Experiment}: {terminal.Paint(report.Outcome.Word().ToUpperInvariant(), Style.Of(report.Outcome))}   {measures.Title}");
        Paragraph("", report.Summary);
        foreach (var finding in report.Findings)
        {
            Paragraph($"  {terminal.Paint(finding.Severity.ToString().ToLowerInvariant(), Style.Of(finding.Severity))}  ", finding.Summary, indent: 2);
        }
        Claims(measures);
        Fault(measures);
        Client(measures);
        Cluster(measures);
        Story(measures);
        Heading("Undo");
        Paragraph("  ", measures.Undo, indent: 2);
        Heading("What this cannot see");
        foreach (var spot in report.BlindSpots)
        {
            Paragraph("  - ", spot, indent: 4);
        }
        if (measures is { Trap: { } trap, Fix: { } fix })
        {
            Heading("Lesson");
            Paragraph("  The trap: ", trap, indent: 2);
            Paragraph("  The fix: ", fix, indent: 2);
        }
        Heading("Decision");
        Paragraph("  ", report.Decision, indent: 2);
        if (evidenceFile is not null)
        {
            Heading("Evidence");
            terminal.Line($"  {evidenceFile}");
        }
    }

    public void WritePlan(ExperimentPlan plan)
    {
        terminal.Line($"{plan.Definition.Name}   {plan.Definition.Title}");
        terminal.Line($"cluster {plan.Cluster.Context}{(plan.Cluster.IsLab ? " (the lab)" : "")}");
        for (var i = 0; i < plan.Plan.Steps.Count; i++)
        {
            var step = plan.Plan.Steps[i];
            Paragraph(string.Create(CultureInfo.InvariantCulture, $"{i + 1,3}. "), step.Title, indent: 5);
            Paragraph("     can hurt: ", step.BlastRadius, indent: 7);
            Paragraph("     undo: ", step.UndoTitle, indent: 7);
        }
    }

    private void Claims(ExperimentMeasures measures)
    {
        Heading($"Hypothesis: {measures.Hypothesis}");
        var table = new Table("CLAIM", "BEFORE", "DURING", "AFTER");
        foreach (var row in measures.Holds)
        {
            table.Row(row.Claim, Word(row.Before), Word(row.During), Word(row.After));
        }
        table.Write(terminal);
    }

    private void Fault(ExperimentMeasures measures)
    {
        Heading("Fault");
        if (measures.FaultAnsweredMs is null)
        {
            terminal.Line("  none was done");
        }
        foreach (var step in measures.FaultAnsweredMs is null ? [] : measures.Fault)
        {
            Paragraph("  ", $"{step.Title}, in cluster {measures.Cluster}; it could hurt {step.BlastRadius}.", indent: 2);
        }
    }

    private void Client(ExperimentMeasures measures)
    {
        if (measures.Client is null)
        {
            return;
        }
        Heading("Seen from outside");
        Paragraph("  ", measures.Client, indent: 2);
        var table = new Table("WHEN", "REQUESTS", "FAILED", "P50", "P99", "SLOWEST", "WHY");
        foreach (var phase in measures.Requests)
        {
            var why = string.Join(", ", phase.Reasons.OrderByDescending(reason => reason.Value).Select(reason => $"{reason.Key} × {reason.Value}"));
            table.Row(phase.Phase.ToString().ToLowerInvariant(), Count(phase.Requests), new Cell(Count(phase.Failed), phase.Failed > 0 ? Style.Bad : null), Ms(phase.P50Ms), Ms(phase.P99Ms), Ms(phase.MaxMs), why);
        }
        table.Write(terminal);
        if (measures.Downtime is { } downtime)
        {
            Paragraph("  ", string.Create(CultureInfo.InvariantCulture,
                $"Downtime {downtime.Ms:0} ms ± {downtime.BoundMs:0} ms in {downtime.Outages.Count} outages, the longest {downtime.LongestMs:0} ms; {downtime.Failed} of {downtime.Requests} requests failed.{(downtime.IsOver ? "" : " It was still on at the end.")} {downtime.How}"), indent: 2);
            if (downtime.FailedTraces.Count > 0)
            {
                Paragraph("  Traces of failed requests: ", string.Join(" ", downtime.FailedTraces), indent: 4);
            }
        }
    }

    private void Cluster(ExperimentMeasures measures)
    {
        if (measures.Recovery is not { } recovery)
        {
            return;
        }
        Heading(string.Create(CultureInfo.InvariantCulture, $"Seen in the cluster, since the fault (± {recovery.BoundMs:0.#} ms{(recovery.IsExact ? "" : ", and late by an interrupted watch")})"));
        foreach (var (label, ms) in new[]
        {
            ("the Service's endpoints changed", recovery.EndpointsChangedMs), ("the replacement was Running", recovery.RunningMs), ("the replacement was Ready", recovery.ReadyMs),
            ("the replacement was in the endpoints", recovery.ServingMs), ("what was deleted is gone", recovery.GoneMs),
        })
        {
            terminal.Line($"  {Ms(ms),9}  {label}");
        }
    }

    private void Story(ExperimentMeasures measures)
    {
        if (measures.Sequence.Count == 0)
        {
            return;
        }
        Heading("Sequence, since the fault");
        foreach (var moment in measures.Sequence)
        {
            Paragraph($"  {Ms(moment.AtMs),9}  {moment.Source,-9}  ", moment.Text, indent: 24);
        }
    }

    private void Heading(string text)
    {
        terminal.Line();
        terminal.Line(terminal.Paint(text, Style.Strong));
    }

    /// <summary>Words, wrapped; the first line begins with <paramref name="lead"/>, the others are indented.</summary>
    private void Paragraph(string lead, string text, int indent = 0)
    {
        var line = lead;
        var used = Printed(lead);
        var isFirst = true;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!isFirst && used + 1 + word.Length > Width)
            {
                terminal.Line(line.TrimEnd());
                (line, used, isFirst) = (new string(' ', indent), indent, true);
            }
            line += isFirst ? word : " " + word;
            used += word.Length + (isFirst ? 0 : 1);
            isFirst = false;
        }
        terminal.Line(line.TrimEnd());
    }

    /// <summary>Columns that a text takes; colour codes take none.</summary>
    private static int Printed(string text)
    {
        var columns = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\u001b')
            {
                i = text.IndexOf('m', i);
                continue;
            }
            columns++;
        }
        return columns;
    }

    private static Cell Word(Outcome? outcome) => outcome switch
    {
        null => "-",
        Outcome.Pass => new Cell("holds", Style.Good),
        Outcome.Fail => new Cell("broken", Style.Bad),
        _ => new Cell("unknown", Style.Warn),
    };

    private static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Ms(double? ms) => ms is { } known ? Human.Duration(TimeSpan.FromMilliseconds(known)) : "not seen";
}
