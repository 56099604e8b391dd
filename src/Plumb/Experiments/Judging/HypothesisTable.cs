using System.Globalization;
using Plumb.Core;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>Each claim before, during and after.</summary>
internal static class HypothesisTable
{
    public static IReadOnlyList<HypothesisRow> Of(ExperimentEvidence evidence, IReadOnlyList<ClientPhase> phases, Downtime? downtime, Recovery? recovery)
    {
        var rows = evidence.Probes.Where(probe => probe.Tolerance is not null).GroupBy(probe => probe.Name)
            .Select(group => new HypothesisRow(group.Key, Word(group, Phase.Before), null, Word(group, Phase.After), group.LastOrDefault(probe => probe.Holds != true) is { } bad ? ExperimentJudge.Seen(bad) : null)).ToList();
        var settings = evidence.Settings;
        if (settings.Client is not null && settings.MaxFailedPercent is { } percent)
        {
            rows.Add(new HypothesisRow(Text($"at most {percent:0.##}% of requests fail"), Share(phases, Phase.Before, percent),
                downtime is null ? null : downtime.Failed * 100.0 / downtime.Requests > percent ? Outcome.Fail : Outcome.Pass, Share(phases, Phase.After, percent), null));
        }
        if (settings.Client is not null && settings.MaxDowntimeMs is { } most)
        {
            rows.Add(new HypothesisRow(Text($"at most {most:0} ms of downtime"), null, downtime is null ? null : ExperimentJudge.DowntimeOutcome(downtime, most), null, null));
        }
        if (settings.MaxRecoveryMs is { } limit && recovery is not null)
        {
            var reached = settings.Service is null ? recovery.ReadyMs : recovery.ServingMs;
            rows.Add(new HypothesisRow(Text($"serving again within {limit / 1000:0.###} s"), null, reached <= limit ? Outcome.Pass : Outcome.Fail, null, null));
        }
        return rows;
    }

    private static Outcome? Word(IEnumerable<ProbeFact> probes, Phase phase) => probes.LastOrDefault(probe => probe.Phase == phase) is { } probe
        ? probe.Holds switch { true => Outcome.Pass, false => Outcome.Fail, null => Outcome.Error } : null;

    private static Outcome? Share(IReadOnlyList<ClientPhase> phases, Phase phase, double percent) =>
        phases.FirstOrDefault(item => item.Phase == phase) is not { Requests: > 0 } measured ? null : measured.Failed * 100.0 / measured.Requests > percent ? Outcome.Fail : Outcome.Pass;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
