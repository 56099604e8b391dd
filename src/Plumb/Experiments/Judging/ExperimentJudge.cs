using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>The verdict: a pure function of the evidence, so that any verdict can be made again from what is stored.</summary>
public static class ExperimentJudge
{
    /// <summary>What the name of an experiment's check begins with; the experiment's name follows.</summary>
    public const string CheckPrefix = "experiment ";

    /// <param name="now">Stands in the findings' evidence where the judge itself adds something.</param>
    public static ExperimentResult Judge(ExperimentEvidence evidence, DateTimeOffset now)
    {
        var verdict = new Verdict(evidence, now);
        var downtime = ClientJudge.Downtime(evidence);
        var recovery = RecoveryJudge.Of(evidence);
        var phases = ClientJudge.Phases(evidence);
        Troubles(verdict);
        if (evidence.Marks.FaultSent is null)
        {
            Before(verdict, phases);
        }
        else
        {
            Probes(verdict, Phase.Before);
            During(verdict, downtime);
            Recovered(verdict, recovery);
            Probes(verdict, Phase.After);
            After(verdict, phases);
        }
        var summary = Summary.Of(evidence, verdict, downtime, recovery);
        var report = new CheckReport(CheckPrefix + evidence.Experiment, verdict.Outcome, summary, evidence.StartedAt, evidence.FinishedAt, verdict.Findings,
            Summary.BlindSpots(evidence, downtime), Summary.Decision(verdict.Outcome, evidence));
        var measures = new ExperimentMeasures(evidence.Title, evidence.Cluster, evidence.Settings.Variables, evidence.Steps,
            evidence.Marks is { FaultSent: { } sent, FaultAnswered: { } answered } ? Math.Round(answered - sent, 3) : null, evidence.Settings.HypothesisTitle,
            HypothesisTable.Of(evidence, phases, downtime, recovery), evidence.Settings.Client, phases, downtime, recovery, Sequence.Of(evidence), Summary.Undo(evidence), evidence.Trap, evidence.Fix);
        return new ExperimentResult(report, measures, evidence);
    }

    private static void Troubles(Verdict verdict)
    {
        var evidence = verdict.Evidence;
        foreach (var problem in evidence.Problems)
        {
            verdict.Add(Outcome.Error, "not-run", Severity.Warning, problem.ToString());
        }
        foreach (var problem in evidence.UndoProblems)
        {
            verdict.Add(Outcome.Error, "not-undone", Severity.Critical, problem.ToString());
        }
        if (evidence.Stopped is { } why)
        {
            verdict.Add(Outcome.Inconclusive, "stopped", Severity.Info, $"The run did not come to its end: {why}.");
        }
    }

    /// <summary>No fault was done: because the system was not as it should be, or because that could not be told.</summary>
    private static void Before(Verdict verdict, IReadOnlyList<ClientPhase> phases)
    {
        foreach (var probe in verdict.Evidence.Probes.Where(probe => probe.Phase == Phase.Before && probe.Holds != true))
        {
            verdict.Add(probe.Holds is null ? Outcome.Error : Outcome.Inconclusive, "not-steady", Severity.Warning, $"Before the fault: {Seen(probe)}", Evidence(verdict, probe));
        }
        if (phases.FirstOrDefault(phase => phase.Phase == Phase.Before) is { Failed: > 0 } client)
        {
            verdict.Add(Outcome.Inconclusive, "not-steady", Severity.Warning, $"Before the fault {client.Failed} of the outside client's {client.Requests} requests failed: {Reasons(client)}.");
        }
        verdict.Add(Outcome.Inconclusive);
    }

    private static void Probes(Verdict verdict, Phase phase)
    {
        var probes = verdict.Evidence.Probes.Where(probe => probe.Phase == phase).ToArray();
        if (probes.Length == 0)
        {
            // Never asked is not the same as held.
            verdict.Add(Outcome.Inconclusive);
        }
        foreach (var probe in probes)
        {
            verdict.Add(probe.Holds switch { true => Outcome.Pass, false => Outcome.Fail, null => Outcome.Error });
            if (probe.Holds != true)
            {
                verdict.Add(Outcome.Pass, $"hypothesis-{probe.Name}", Severity.Critical, $"{(phase == Phase.After ? "After the experiment" : "Before the fault")}: {Seen(probe)}", Evidence(verdict, probe));
            }
        }
    }

    private static void During(Verdict verdict, Downtime? downtime)
    {
        var settings = verdict.Evidence.Settings;
        if (settings.Client is null)
        {
            return;
        }
        if (downtime is null)
        {
            verdict.Add(Outcome.Inconclusive, "no-requests", Severity.Warning, "The outside client sent no request after the fault, so nothing is known about downtime.");
            return;
        }
        if (!downtime.IsOver)
        {
            verdict.Add(Outcome.Fail, "still-down", Severity.Critical, "The outside client's last request failed too: the outage was still on when measuring ended.", Measured(verdict, "downtime", downtime.Ms, "ms"));
        }
        if (settings.MaxDowntimeMs is { } most)
        {
            var outcome = DowntimeOutcome(downtime, most);
            verdict.Add(outcome);
            if (outcome != Outcome.Pass)
            {
                verdict.Add(Outcome.Pass, "downtime", outcome == Outcome.Fail ? Severity.Critical : Severity.Warning,
                    Text($"The outside client saw {downtime.Ms:0} ms (± {downtime.BoundMs:0}) of downtime; the limit is {most:0} ms{(outcome == Outcome.Inconclusive ? ", which is within the error bound: it cannot be told" : "")}."),
                    Measured(verdict, "downtime", downtime.Ms, "ms"));
            }
        }
        if (settings.MaxFailedPercent is { } percent)
        {
            var failed = downtime.Failed * 100.0 / downtime.Requests;
            verdict.Add(failed > percent ? Outcome.Fail : Outcome.Pass);
            if (failed > percent)
            {
                verdict.Add(Outcome.Pass, "failed-requests", Severity.Critical, Text($"{downtime.Failed} of {downtime.Requests} requests failed ({failed:0.##}%); the limit is {percent:0.##}%."),
                    Measured(verdict, "failed requests", downtime.Failed, "requests"));
            }
        }
    }

    /// <summary>A limit inside the error bound cannot be judged, unless no request failed at all.</summary>
    internal static Outcome DowntimeOutcome(Downtime downtime, double mostMs) =>
        downtime.Failed == 0 || downtime.Ms + downtime.BoundMs <= mostMs ? Outcome.Pass : downtime.Ms - downtime.BoundMs > mostMs ? Outcome.Fail : Outcome.Inconclusive;

    private static void Recovered(Verdict verdict, Recovery? recovery)
    {
        if (recovery is null || verdict.Evidence.Settings.MaxRecoveryMs is not { } most)
        {
            return;
        }
        var reached = verdict.Evidence.Settings.Service is null ? recovery.ReadyMs : recovery.ServingMs;
        if (reached is null)
        {
            var isBlind = verdict.Evidence.Gaps.Any(gap => gap.IsFinal) || verdict.Evidence.Stopped is not null;
            verdict.Add(isBlind ? Outcome.Inconclusive : Outcome.Fail, "recovery", Severity.Critical,
                isBlind ? "The replacement was not seen serving, and the watch ended before." : "The replacement was not seen serving before the wait ended.");
        }
        else if (reached > most)
        {
            verdict.Add(recovery.IsExact ? Outcome.Fail : Outcome.Inconclusive, "recovery", Severity.Critical, Text($"The replacement served after {reached:0} ms; the limit is {most:0} ms."), Measured(verdict, "recovery", reached.Value, "ms"));
        }
        else
        {
            verdict.Add(Outcome.Pass);
        }
    }

    private static void After(Verdict verdict, IReadOnlyList<ClientPhase> phases)
    {
        if (phases.FirstOrDefault(phase => phase.Phase == Phase.After) is not { } after || verdict.Evidence.Settings.MaxFailedPercent is not { } percent)
        {
            return;
        }
        if (after.Requests == 0)
        {
            verdict.Add(Outcome.Inconclusive, "no-requests-after", Severity.Warning, "The outside client sent no request after recovery.");
        }
        else if (after.Failed * 100.0 / after.Requests > percent)
        {
            verdict.Add(Outcome.Fail, "failed-requests-after", Severity.Critical, $"After recovery {after.Failed} of {after.Requests} requests still failed: {Reasons(after)}.");
        }
    }

    internal static string Seen(ProbeFact probe) => probe.Value is null
        ? $"'{probe.Name}' could not be told: {probe.Failure}"
        : $"'{probe.Name}' returned {probe.Value.ToJsonString()}{(probe.Failure is null ? "" : $" ({probe.Failure})")}, and it must be {probe.Tolerance}.";

    private static string Reasons(ClientPhase phase) => string.Join(", ", phase.Reasons.OrderByDescending(reason => reason.Value).Select(reason => $"{reason.Key} × {reason.Value}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static Evidence Evidence(Verdict verdict, ProbeFact probe) => new(probe.Name, probe.Value?.DeepClone(), "probe of the hypothesis", verdict.Evidence.StartedAt.AddMilliseconds(probe.AtMs));

    private static Evidence Measured(Verdict verdict, string what, double value, string unit) =>
        new(what, JsonValue.Create(value), "outside client and watch", verdict.Now, unit, new TimeWindow(verdict.Evidence.StartedAt, verdict.Evidence.FinishedAt));
}

/// <summary>The verdict while it is being made.</summary>
internal sealed class Verdict(ExperimentEvidence evidence, DateTimeOffset now)
{
    private readonly List<Outcome> _outcomes = [];
    private readonly List<Finding> _findings = [];

    public ExperimentEvidence Evidence => evidence;

    public DateTimeOffset Now => now;

    public IReadOnlyList<Finding> Findings => _findings;

    public Outcome Outcome => _outcomes.Worst();

    public void Add(Outcome outcome) => _outcomes.Add(outcome);

    public void Add(Outcome outcome, string kind, Severity severity, string summary, params IReadOnlyList<Evidence> measured)
    {
        _outcomes.Add(outcome);
        var subject = evidence.Settings.Service is { } service ? new Subject("Service", service, evidence.Settings.Namespace) : new Subject("Experiment", evidence.Experiment);
        _findings.Add(Finding.Of($"experiment {evidence.Experiment}", kind, severity, subject, summary, measured));
    }
}
