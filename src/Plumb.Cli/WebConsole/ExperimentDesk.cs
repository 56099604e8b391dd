using Plumb.Cli.Experiments;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Experiments;
using Plumb.Platform.Storage;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// The experiments of the catalogue, run by the same runner as <c>plumb experiment run</c>. The state is opened for a plan and closed after
/// its run, so that an idle console holds nothing open.
/// </summary>
internal sealed class ExperimentDesk(ExperimentTarget target, PlumbHome home, TimeProvider time) : IExperimentDesk, IDisposable
{
    private readonly Lock _lock = new();
    private (ExperimentAccess Access, ExperimentPlan Plan)? _planned;

    public IReadOnlyList<ExperimentView> Catalogue { get; } =
    [
        .. Plumb.Lab.Experiments.Catalogue.Names.Select(name => ExperimentAccess.Find(name) is { IsOk: true, Value: { } found }
            ? new ExperimentView(name, found.Title, found.Description, null)
            : new ExperimentView(name, name, "", "This experiment's file cannot be read.")),
    ];

    public async Task<(PlanView? Plan, Problem? Problem)> PlanAsync(string experiment, CancellationToken cancellationToken)
    {
        var definition = ExperimentAccess.Find(experiment);
        if (!definition.IsOk)
        {
            return (null, definition.Problem);
        }

        var opened = ExperimentAccess.Open(target, home, time);
        if (!opened.IsOk)
        {
            return (null, opened.Problem);
        }

        var access = opened.Value;
        var plan = await access.PlanAsync(definition.Value, new Dictionary<string, string>(StringComparer.Ordinal), cancellationToken);
        if (!plan.IsOk)
        {
            access.Dispose();
            return (null, plan.Problem);
        }

        Keep((access, plan.Value));
        return (ExperimentPages.Of(plan.Value), null);
    }

    public async Task<ResultView> RunAsync(PlanView plan, Action<ProgressView> tell, CancellationToken cancellationToken)
    {
        if (Take(plan.PlanId) is not { } planned)
        {
            return ExperimentPages.NotRun("Another plan was made meanwhile. Nothing was done.");
        }

        using var access = planned.Access;
        // An earlier run's remains could spoil what this one measures.
        if ((await access.Runner.RecoverAsync(cancellationToken)).SelectMany(p => p.Problems).FirstOrDefault() is { } left)
        {
            return ExperimentPages.NotRun($"An earlier run is not wholly taken back: {left}. Nothing was done. Run 'plumb experiment undo'.");
        }

        var result = await access.Runner.RunAsync(planned.Plan, new Teller(tell), cancellationToken);
        var evidence = EvidenceFiles.Save(home, result.Evidence);
        access.Findings.Save(result.Report);
        return ExperimentPages.Of(result, evidence.Value);
    }

    public void Dispose() => Keep(null);

    private void Keep((ExperimentAccess Access, ExperimentPlan Plan)? next)
    {
        lock (_lock)
        {
            _planned?.Access.Dispose();
            _planned = next;
        }
    }

    private (ExperimentAccess Access, ExperimentPlan Plan)? Take(string planId)
    {
        lock (_lock)
        {
            var taken = _planned is { } planned && planned.Plan.Plan.Id == planId ? _planned : null;
            _planned = taken is null ? _planned : null;
            return taken;
        }
    }

    private sealed class Teller(Action<ProgressView> tell) : IProgress<RunEvent>
    {
        public void Report(RunEvent value) => tell(new ProgressView(value.AtMs, value.Stage.ToString().ToLowerInvariant(), value.Text));
    }
}
