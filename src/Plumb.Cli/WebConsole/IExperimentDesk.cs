using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>The seam to the experiment runner: a plan first, then a run of exactly that plan.</summary>
internal interface IExperimentDesk
{
    IReadOnlyList<ExperimentView> Catalogue { get; }

    /// <summary>Plans without touching anything. Either a plan, or why there is none.</summary>
    Task<(PlanView? Plan, Problem? Problem)> PlanAsync(string experiment, CancellationToken cancellationToken);

    /// <summary>Runs a plan that was shown, telling each step; cancelling it runs its undo. Ends with the result, whatever it is.</summary>
    Task<ResultView> RunAsync(PlanView plan, Action<ProgressView> tell, CancellationToken cancellationToken);
}
