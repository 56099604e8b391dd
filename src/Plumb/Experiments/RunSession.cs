using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments.Activities;
using Plumb.Experiments.Format;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments;

/// <summary>The measuring of one run: it collects, and concludes nothing but whether there is a point in going on.</summary>
internal sealed class RunSession : IRunLog, IAsyncDisposable
{
    private static readonly TimeSpan RecoveryPoll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ProbePoll = TimeSpan.FromMilliseconds(500);

    private readonly ExperimentPlan _plan;
    private readonly RunClock _clock;
    private readonly IProgress<RunEvent>? _progress;
    private readonly Probes _probes;
    private readonly OutsideClient? _client;
    private readonly ClusterRecorder? _recorder;
    private readonly Lock _lock = new();
    private readonly Lock _telling = new();
    private readonly List<ProbeFact> _probeFacts = [];
    private readonly List<Problem> _problems = [];
    private readonly List<Problem> _undoProblems = [];
    private Marks _marks = new(null, null, null, null, null, null);
    private int? _wantedReady;
    private string? _stopped;

    public RunSession(ExperimentPlan plan, ClusterDoor door, RunClock clock, IProgress<RunEvent>? progress)
    {
        (_plan, _clock, _progress) = (plan, clock, progress);
        _probes = new Probes(door, plan.Cluster);
        _client = plan.Client is { } client ? new OutsideClient(client, clock) : null;
        // The planner has opened the same door, so a cluster that cannot be opened never comes here.
        _recorder = plan.Watch is { } watch && door.Open(plan.Cluster).Value is { } kube ? new ClusterRecorder(kube, watch, clock) { OnFact = Look } : null;
    }

    public void FaultSent(string step)
    {
        lock (_lock)
        {
            // Of several faults the first one counts: all times are told from there.
            _marks = _marks with { FaultSent = _marks.FaultSent ?? Round(_clock.Now) };
        }
    }

    public void FaultAnswered()
    {
        lock (_lock)
        {
            _marks = _marks with { FaultAnswered = _marks.FaultAnswered ?? Round(_clock.Now) };
        }
    }

    public void Probed(string name, ProbeAnswer answer)
    {
        lock (_lock)
        {
            _probeFacts.Add(new ProbeFact(Phase.During, name, Round(_clock.Now), answer.Value, answer.Failure, null, null));
        }
    }

    public void Tell(RunStage stage, string text)
    {
        lock (_telling)
        {
            _progress?.Report(new RunEvent(Round(_clock.Now), stage, text));
        }
    }

    public void Stop(string why) => _stopped = why;

    /// <returns>False: the fault must not be done, because the system is not as it should be or cannot be seen.</returns>
    public async Task<bool> BeforeAsync(CancellationToken cancellation)
    {
        _marks = _marks with { Before = Round(_clock.Now) };
        Tell(RunStage.Before, $"looking whether it holds now: {_plan.Definition.Hypothesis.Title}");
        if (_recorder is not null && await _recorder.StartAsync(cancellation) is { } blind)
        {
            _problems.Add(new Problem($"The cluster cannot be watched: {blind.Message.TrimEnd('.')}", blind.Next.TrimEnd('.')));
            return false;
        }
        if (!await AskAsync(Phase.Before, cancellation))
        {
            return false;
        }
        if (_client is not null)
        {
            Tell(RunStage.Before, $"the outside client starts: {_plan.Client!.Words}");
            _client.Start();
            await Task.Delay(_plan.Definition.Extension.Phases.Before, _clock.Time, cancellation);
            var requests = _client.Requests;
            var limits = _plan.Definition.Extension.Limits;
            if (requests.Count == 0 || requests.Count(request => request.Failure is not null) * 100.0 / requests.Count > (limits.FailedPercent ?? 50))
            {
                return false;
            }
        }
        _wantedReady = _recorder?.Serving([]);
        return true;
    }

    /// <summary>Waits until as many pods serve as before, without the deleted ones; or until the longest wait is over.</summary>
    public async Task RecoveryAsync(CancellationToken cancellation)
    {
        Tell(RunStage.During, "waiting for recovery");
        var victims = _plan.Faults.Select(step => step.Arguments["uid"]?.ToString()).OfType<string>().ToHashSet();
        var deadline = _clock.Now + _plan.Definition.Extension.Phases.During.TotalMilliseconds;
        while (_clock.Now < deadline && !await HasRecoveredAsync(victims, cancellation))
        {
            await Task.Delay(_recorder is null ? ProbePoll : RecoveryPoll, _clock.Time, cancellation);
        }
        _marks = _marks with { Recovered = Round(_clock.Now) };
    }

    public void UndoStarts()
    {
        _marks = _marks with { UndoStarted = Round(_clock.Now) };
        Tell(RunStage.Undo, string.Join("; ", _plan.Plan.Steps.Where(step => step.Undo is not null).Select(step => step.UndoTitle).Distinct().DefaultIfEmpty("nothing to take back")));
    }

    public void Undone(Applied applied) => _undoProblems.AddRange(applied.Problems);

    public void Failed(Applied applied, bool wasInterrupted)
    {
        _stopped = wasInterrupted ? "it was interrupted" : null;
        (applied.State == PlanState.Undone ? _problems : _undoProblems).AddRange(wasInterrupted && applied.State == PlanState.Undone ? [] : applied.Problems);
    }

    public async Task AfterAsync(CancellationToken cancellation)
    {
        Tell(RunStage.After, "measuring after recovery");
        if (_client is not null)
        {
            await Task.Delay(_plan.Definition.Extension.Phases.After, _clock.Time, cancellation);
        }
        await AskAsync(Phase.After, cancellation);
    }

    public async Task<ExperimentEvidence> EvidenceAsync()
    {
        if (_client is not null)
        {
            await _client.FinishAsync();
        }
        _marks = _marks with { End = Round(_clock.Now) };
        var (definition, extension) = (_plan.Definition, _plan.Definition.Extension);
        var facts = _recorder?.Facts() ?? ([], [], [], []);
        return new ExperimentEvidence(definition.Name, definition.Title, _plan.Cluster.Context,
            new RunSettings(_plan.Variables.DeepClone().AsObject(), definition.Hypothesis.Title, _plan.Client is { } client ? client.Words : null,
                _plan.Client?.Interval.TotalMilliseconds, _plan.Client?.Timeout.TotalMilliseconds, _plan.Watch?.Namespace, _plan.Watch?.Selector, _plan.Watch?.Service, _wantedReady,
                extension.Limits.Downtime?.TotalMilliseconds, extension.Limits.FailedPercent, extension.Limits.Recovery?.TotalMilliseconds),
            _clock.StartedAt, _clock.Time.GetUtcNow(), _marks, [.. _plan.Faults.Select(Fact)], [.. _probeFacts], _client?.Requests ?? [],
            facts.Pods, facts.Endpoints, facts.Events, facts.Gaps, _problems, _undoProblems, _stopped, extension.Trap, extension.Fix);
    }

    public async ValueTask DisposeAsync()
    {
        _probes.Dispose();
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }
        if (_recorder is not null)
        {
            await _recorder.DisposeAsync();
        }
    }

    private static StepFact Fact(PlanStep step) => new(step.Kind, step.Title, step.BlastRadius, step.UndoTitle,
        step.Kind == DeletePod.StepKind ? step.Arguments["name"]?.ToString() : null, step.Arguments["uid"]?.ToString(), step.Arguments["controller"]?.ToString());

    /// <summary>Asks every probe of the hypothesis, also when one does not hold: all are told.</summary>
    private async Task<bool> AskAsync(Phase phase, CancellationToken cancellation)
    {
        var allHold = true;
        foreach (var probe in _plan.Probes)
        {
            await Task.Delay(probe.PauseBefore, _clock.Time, cancellation);
            var answer = await _probes.AskAsync(probe.Provider, cancellation);
            var holds = answer.Value is null ? null : probe.Tolerance!.Accepts(answer.Value);
            allHold &= holds == true;
            lock (_lock)
            {
                _probeFacts.Add(new ProbeFact(phase, probe.Name, Round(_clock.Now), answer.Value, answer.Failure, probe.Tolerance!.Words, holds));
            }
            Tell(phase == Phase.Before ? RunStage.Before : RunStage.After, $"{probe.Name}: {(holds is null ? "cannot be told" : holds.Value ? "holds" : "does not hold")}");
            await Task.Delay(probe.PauseAfter, _clock.Time, cancellation);
        }
        return allHold;
    }

    private async Task<bool> HasRecoveredAsync(HashSet<string> victims, CancellationToken cancellation)
    {
        if (_recorder is not null)
        {
            return _recorder.Serving(victims) >= _wantedReady;
        }
        foreach (var probe in _plan.Probes)
        {
            if ((await _probes.AskAsync(probe.Provider, cancellation)).Value is not { } value || probe.Tolerance!.Accepts(value) != true)
            {
                return false;
            }
        }
        return true;
    }

    private void Look(object fact)
    {
        var text = fact switch
        {
            PodFact pod => Sequence.Words(pod),
            EndpointsFact endpoints => $"endpoints: {endpoints.Ready.Count} ready",
            EventFact item => $"{item.Source}: {item.Reason} {item.About}: {item.Message}",
            _ => "",
        };
        if (_marks.FaultSent is not null)
        {
            Tell(_marks.Recovered is null ? RunStage.During : RunStage.After, text);
        }
    }

    private static double Round(double ms) => Math.Round(ms, 3);
}
