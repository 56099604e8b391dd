using System.Globalization;
using Plumb.Core;
using Plumb.Experiments;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;

namespace Plumb.Cli.WebConsole;

/// <summary>Plans and results of experiments as the page shows them.</summary>
internal static class ExperimentPages
{
    internal static PlanView Of(ExperimentPlan plan) => new(
        plan.Plan.Id,
        plan.Definition.Name,
        plan.Definition.Title,
        plan.Cluster.IsLab ? "the lab" : plan.Cluster.Context,
        plan.Definition.Hypothesis.Title,
        plan.Client is { } client ? client.Words : null,
        string.Join("; ", plan.Faults.Select(s => s.BlastRadius).Distinct(StringComparer.Ordinal)),
        [.. plan.Plan.Steps.Select(s => new PlanStepView(s.Title, s.UndoTitle))],
        plan.Definition.Warnings);

    internal static ResultView Of(ExperimentResult result, string? evidence)
    {
        var (report, measures) = (result.Report, result.Measures);
        return new ResultView(
            report.Outcome.Word(),
            report.Summary,
            measures.Downtime?.Ms,
            measures.Downtime?.BoundMs,
            [.. Measures(measures)],
            [.. report.Findings.Select(f => new FindingView(f.Severity.ToString().ToLowerInvariant(), f.Summary))],
            [.. measures.Holds.Select(h => new ClaimView(h.Claim, h.Before?.Word(), h.During?.Word(), h.After?.Word(), h.Detail))],
            [.. measures.Sequence.Select(m => new MomentView(m.AtMs, m.Source, m.Text))],
            measures.Undo,
            report.BlindSpots,
            measures.Trap,
            measures.Fix,
            report.Decision,
            evidence);
    }

    internal static ResultView NotRun(string why) =>
        new(Outcome.Error.Word(), why, null, null, [], [], [], [], null, ["Everything: no fault was done and nothing was measured."], null, null, null, null);

    private static IEnumerable<MeasureView> Measures(ExperimentMeasures measures)
    {
        if (measures.Downtime is { } downtime)
        {
            yield return new("Requests failed from the fault on", string.Create(CultureInfo.InvariantCulture, $"{downtime.Failed} of {downtime.Requests}"), null);
        }

        if (measures.Recovery is not { } recovery)
        {
            yield break;
        }

        var late = recovery.IsExact ? null : "or earlier: a watch was interrupted";
        yield return new("Endpoints changed after", Ms(recovery.EndpointsChangedMs), late);
        yield return new("Replacement ran after", Ms(recovery.RunningMs), late);
        yield return new("Replacement Ready after", Ms(recovery.ReadyMs), late);
    }

    private static string Ms(double? ms) => ms is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0} ms") : "not seen";
}
