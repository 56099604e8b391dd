using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Core;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Experiments;

public sealed class ExperimentJudgeTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A run in which all is well: the fault at 1000 ms, a request each 20 ms from 0 to 2000, recovered at 1500.</summary>
    private static readonly ExperimentEvidence Healthy = new("kill-pod", "t", "lab",
        new RunSettings([], "it works", "POST http://x", 20, 2000, "payments", "app=ledger", "ledger", 2, 100, 1, 1000),
        Start, Start.AddSeconds(2), new Marks(0, 1000, 1004, 1500, 1500, 2000),
        [new StepFact("kubernetes.delete-pod", "delete pod payments/ledger-a", "half of it", "wait", "ledger-a", "ua", "rs")],
        [new ProbeFact(Phase.Before, "ready", 1, JsonValue.Create(true), null, "true", true), new ProbeFact(Phase.After, "ready", 1990, JsonValue.Create(true), null, "true", true)],
        [.. Enumerable.Range(0, 100).Select(i => new RequestFact(i * 20, 0.5, 8, 200, null, null))],
        [Pod(1, "ledger-a", "ua", "added", ready: true), Pod(1, "ledger-b", "ub", "added", ready: true), Pod(1005, "ledger-c", "uc", "added", phase: "Pending"),
            Pod(1200, "ledger-c", "uc", "modified"), Pod(1300, "ledger-c", "uc", "modified", ready: true), Pod(1400, "ledger-a", "ua", "deleted")],
        [new EndpointsFact(1, ["ledger-a", "ledger-b"]), new EndpointsFact(1040, ["ledger-b"]), new EndpointsFact(1310, ["ledger-b", "ledger-c"])],
        [new EventFact(1010, "Pod/ledger-a", "Killing", "Stopping container ledger", "kubelet")], [], [], [], null, "trap", "fix");

    [Fact]
    public void A_run_in_which_all_holds_is_a_pass_with_every_time_measured()
    {
        var result = Judge(Healthy);

        Assert.Equal(Outcome.Pass, result.Report.Outcome);
        Assert.Empty(result.Report.Findings);
        Assert.Equal((40, 200, 300, 310, 400, 4), (result.Measures.Recovery!.EndpointsChangedMs, result.Measures.Recovery.RunningMs, result.Measures.Recovery.ReadyMs,
            result.Measures.Recovery.ServingMs, result.Measures.Recovery.GoneMs, result.Measures.Recovery.BoundMs));
        Assert.Equal((0, 20.5), (result.Measures.Downtime!.Ms, result.Measures.Downtime.BoundMs));
    }

    [Fact]
    public void The_same_evidence_gives_the_same_result_after_it_was_stored()
    {
        var stored = JsonSerializer.Serialize(Failing(1000, 1200), EvidenceJson.Default.ExperimentEvidence);
        var read = JsonSerializer.Deserialize(stored, EvidenceJson.Default.ExperimentEvidence)!;

        Assert.Equal(Text(Judge(Failing(1000, 1200))), Text(Judge(read)));
    }

    [Fact]
    public void Downtime_runs_from_the_first_failed_request_to_the_next_that_succeeds()
    {
        var downtime = Judge(Failing(1000, 1100)).Measures.Downtime!;

        Assert.Equal((100, 100, 5, true), (downtime.Ms, downtime.LongestMs, downtime.Failed, downtime.IsOver));
        Assert.Equal(0, Assert.Single(downtime.Outages).FromMs);
    }

    [Fact]
    public void The_true_outage_is_always_within_the_error_bound()
    {
        // A server that is down from one moment to another, asked every 20 ms: whatever the moments are, the bound must hold the truth.
        Prop.ForAll(Arb.From(Gen.Choose(1000, 1400)), Arb.From(Gen.Choose(40, 500)), (from, length) =>
        {
            var downtime = Judge(Failing(from, from + length)).Measures.Downtime!;
            Assert.InRange(length, downtime.Ms - downtime.BoundMs, downtime.Ms + downtime.BoundMs);
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory]
    [InlineData(60, Outcome.Pass)]
    [InlineData(100, Outcome.Inconclusive)]
    [InlineData(400, Outcome.Fail)]
    public void A_downtime_whose_limit_lies_within_the_error_bound_cannot_be_judged(int lengthMs, Outcome expected)
    {
        var evidence = Failing(1000, 1000 + lengthMs);

        Assert.Equal(expected, Judge(evidence with { Settings = evidence.Settings with { MaxFailedPercent = null } }).Report.Outcome);
    }

    [Fact]
    public void A_recovery_over_its_limit_is_a_fail_and_not_exit_0()
    {
        var slow = Healthy with { Settings = Healthy.Settings with { MaxRecoveryMs = 309 } };

        Assert.Equal(Outcome.Fail, Judge(slow).Report.Outcome);
        Assert.Equal(ExitCode.Fail, ExitCode.Of(Judge(slow).Report.Outcome));
    }

    [Fact]
    public void A_replacement_that_never_serves_is_a_fail()
    {
        var dead = Healthy with { Endpoints = [.. Healthy.Endpoints.Take(2)] };

        Assert.Equal(Outcome.Fail, Judge(dead).Report.Outcome);
    }

    [Fact]
    public void A_replacement_that_nobody_could_see_is_inconclusive()
    {
        var blind = Healthy with { Endpoints = [.. Healthy.Endpoints.Take(2)], Gaps = [new WatchGap(1100, "endpointslices", "gone", IsFinal: true)] };

        Assert.Equal(Outcome.Inconclusive, Judge(blind).Report.Outcome);
    }

    [Fact]
    public void A_probe_that_returned_no_data_is_never_dropped_from_the_score()
    {
        var evidence = Healthy with { Probes = [Healthy.Probes[0], new ProbeFact(Phase.After, "ready", 1990, null, "connection refused", "true", null)] };

        Assert.Equal(Outcome.Error, Judge(evidence).Report.Outcome);
    }

    [Fact]
    public void An_application_that_is_dead_after_the_undo_is_a_fail_although_the_fault_went_well()
    {
        var evidence = Healthy with { Probes = [Healthy.Probes[0], new ProbeFact(Phase.After, "ready", 1990, JsonValue.Create(false), null, "true", false)] };

        Assert.Equal(Outcome.Fail, Judge(evidence).Report.Outcome);
    }

    [Fact]
    public void A_hypothesis_that_was_not_asked_after_the_fault_is_not_a_pass()
    {
        Assert.Equal(Outcome.Inconclusive, Judge(Healthy with { Probes = [Healthy.Probes[0]] }).Report.Outcome);
    }

    [Fact]
    public void No_requests_are_no_downtime_data_and_not_zero_downtime()
    {
        var result = Judge(Healthy with { Requests = [] });

        Assert.Equal(Outcome.Inconclusive, result.Report.Outcome);
        Assert.Null(result.Measures.Downtime);
    }

    [Fact]
    public void An_outage_that_is_still_on_at_the_end_is_a_fail_and_says_so()
    {
        var result = Judge(Failing(1900, 5000));

        Assert.Equal(Outcome.Fail, result.Report.Outcome);
        Assert.False(result.Measures.Downtime!.IsOver);
        Assert.Contains(result.Report.Findings, finding => finding.Kind == "still-down");
    }

    [Fact]
    public void A_system_that_was_not_steady_before_is_inconclusive_and_nothing_is_blamed_on_the_fault()
    {
        var evidence = Healthy with { Marks = new Marks(0, null, null, null, null, 10), Probes = [new ProbeFact(Phase.Before, "ready", 1, JsonValue.Create(false), null, "true", false)] };

        var result = Judge(evidence);

        Assert.Equal(Outcome.Inconclusive, result.Report.Outcome);
        Assert.StartsWith("No fault was done.", result.Report.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_not_taken_back_is_an_error_that_the_first_sentence_tells()
    {
        var result = Judge(Healthy with { UndoProblems = [new Problem("Not taken back: scale it back")] });

        Assert.Equal(Outcome.Error, result.Report.Outcome);
        Assert.Contains("NOT everything was taken back", result.Report.Summary, StringComparison.Ordinal);
        Assert.Contains(result.Report.Findings, finding => finding is { Kind: "not-undone", Severity: Severity.Critical });
    }

    [Fact]
    public void An_interrupted_run_is_inconclusive()
    {
        Assert.Equal(Outcome.Inconclusive, Judge(Healthy with { Stopped = "it was interrupted" }).Report.Outcome);
    }

    [Fact]
    public void A_request_that_the_fault_caught_in_flight_counts_as_during()
    {
        var evidence = Healthy with { Requests = [.. Healthy.Requests.Select(request => request.AtMs == 980 ? request with { TookMs = 30, Failure = "connection reset", Status = null } : request)] };

        var during = Judge(evidence).Measures.Requests.Single(phase => phase.Phase == Phase.During);

        Assert.Equal(1, during.Failed);
    }

    [Fact]
    public void A_pod_that_another_controller_made_is_not_the_replacement()
    {
        var evidence = Healthy with { Pods = [.. Healthy.Pods.Select(pod => pod.Uid == "uc" ? pod with { Controller = "other" } : pod)] };

        Assert.Null(Judge(evidence).Measures.Recovery!.ReadyMs);
    }

    [Fact]
    public void A_time_that_came_through_a_gap_is_not_called_exact()
    {
        Assert.False(Judge(Healthy with { Gaps = [new WatchGap(1100, "pods", "cut", IsFinal: false)] }).Measures.Recovery!.IsExact);
    }

    private static ExperimentResult Judge(ExperimentEvidence evidence) => ExperimentJudge.Judge(evidence, Start.AddHours(1));

    private static string Text(ExperimentResult result) =>
        JsonSerializer.Serialize(result.Report, CoreJson.Compact.CheckReport) + JsonSerializer.Serialize(result.Measures, MeasuresJson.Default.ExperimentMeasures);

    private static ExperimentEvidence Failing(int fromMs, int toMs) => Healthy with
    {
        Requests = [.. Healthy.Requests.Select(request => request.AtMs >= fromMs && request.AtMs < toMs ? request with { Status = null, Failure = "connection refused", Trace = "t" } : request)],
    };

    private static PodFact Pod(double at, string name, string uid, string change, bool ready = false, string phase = "Running") =>
        new(at, name, uid, "rs", change, phase, "node1", ready, false, null, false);
}
