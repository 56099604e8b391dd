using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments.Activities;
using Plumb.Experiments.Format;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments;

/// <summary>
/// Runs a plan: measure before, do the fault, measure until the cluster has recovered, take back, measure after. The undo runs however
/// the run ends; what a killed process leaves open, <see cref="RecoverAsync"/> takes back.
/// </summary>
public sealed class ExperimentRunner(ClusterDoor door, NamespaceGuard guard, IJournal journal, TimeProvider time)
{
    /// <summary>The kinds of steps that an experiment is made of.</summary>
    public static IReadOnlyList<string> StepKinds { get; } = [DeletePod.StepKind, Scale.StepKind, Pause.StepKind, MethodProbe.StepKind, Rollback.StepKind];

    /// <summary>Takes back what dead processes left open. Called before each run, and by <c>plumb experiment undo</c>.</summary>
    public Task<IReadOnlyList<Applied>> RecoverAsync(CancellationToken cancellation) => new Applier(journal, Handlers(door, guard, null, time), time).RecoverAsync(cancellation);

    /// <summary>What does and undoes the steps of experiments, for whoever recovers plans at the program's start.</summary>
    public static IReadOnlyList<IStepHandler> Handlers(ClusterDoor door, NamespaceGuard guard, IRunLog? log, TimeProvider time)
    {
        var (delete, scale) = (new DeletePod(door, guard, log, time), new Scale(door, guard, log));
        var probe = new MethodProbe(cluster => new Probes(door, cluster), log);
        return [delete, scale, new Pause(time), probe, new Rollback(new Dictionary<string, IStepHandler> { [delete.Kind] = delete, [scale.Kind] = scale })];
    }

    /// <param name="progress">Told each step as it happens, on the run's own threads; null tells nobody.</param>
    /// <param name="cancellation">Ends the run early; the undo runs all the same, and the result says so.</param>
    public async Task<ExperimentResult> RunAsync(ExperimentPlan plan, IProgress<RunEvent>? progress, CancellationToken cancellation)
    {
        var session = new RunSession(plan, door, new RunClock(time), progress);
        await using (session)
        {
            var applier = new Applier(journal, Handlers(door, guard, session, time), time);
            try
            {
                if (await session.BeforeAsync(cancellation))
                {
                    await FaultAsync(session, applier, plan, cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                session.Stop("it was interrupted");
            }
            var evidence = await session.EvidenceAsync();
            var result = ExperimentJudge.Judge(evidence, time.GetUtcNow());
            session.Tell(RunStage.Done, $"{result.Report.Outcome.Word()}: {result.Report.Summary}");
            return result;
        }
    }

    private static async Task FaultAsync(RunSession session, Applier applier, ExperimentPlan plan, CancellationToken cancellation)
    {
        foreach (var step in plan.Faults)
        {
            session.Tell(RunStage.Fault, step.Title);
        }
        var applied = await applier.ApplyAsync(plan.Plan, cancellation);
        if (!applied.IsOk)
        {
            // It has been taken back already, as far as that went.
            session.Failed(applied, wasInterrupted: cancellation.IsCancellationRequested);
            return;
        }
        var isUndone = false;
        try
        {
            if (!plan.IsSelfHealing)
            {
                isUndone = true;
                await UndoAsync(session, applier, plan);
            }
            await session.RecoveryAsync(cancellation);
        }
        finally
        {
            if (!isUndone)
            {
                await UndoAsync(session, applier, plan);
            }
        }
        await session.AfterAsync(cancellation);
    }

    private static async Task UndoAsync(RunSession session, Applier applier, ExperimentPlan plan)
    {
        session.UndoStarts();
        session.Undone(await applier.UndoAsync(plan.Plan.Id));
    }
}
