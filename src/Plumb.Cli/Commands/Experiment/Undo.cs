using System.CommandLine;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Core.Acting;

namespace Plumb.Cli.Commands.Experiment;

internal sealed class Undo : CliCommand
{
    private readonly TargetOptions _target = new();

    public override string Name => "undo";

    public override string Summary => "take back what a killed run left behind";

    public override string Description => "An experiment takes its fault back however it ends. If the program itself was killed, the journal knows what was done; this takes it back, in reverse order. The next run does it too.";

    public override IReadOnlyList<Example> Examples => [new("plumb experiment undo", "says what was open and whether it is taken back")];

    public override IReadOnlyList<Option> Options => _target.All;

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var access = ExperimentAccess.Open(_target.Read(call), call.Home, call.Time);
        if (!access.IsOk)
        {
            return call.Fail(access.Problem!);
        }
        using var open = access.Value;
        var recovered = await open.Runner.RecoverAsync(cancellation);
        if (call.Json)
        {
            call.Terminal.Json(ExperimentJson.Undone(recovered), CoreJson.Indented.JsonObject);
        }
        else if (recovered.Count == 0 && open.ForeignPlans.Count == 0)
        {
            call.Terminal.Line("Nothing was left behind.");
        }
        foreach (var plan in call.Json ? [] : recovered)
        {
            call.Terminal.Line(plan.State == PlanState.Open ? $"plan {plan.PlanId}: NOT wholly taken back" : $"plan {plan.PlanId}: taken back");
        }
        foreach (var problem in recovered.SelectMany(plan => plan.Problems))
        {
            call.Terminal.Problem(problem);
        }
        var foreign = open.ForeignPlans;
        foreach (var problem in foreign)
        {
            call.Terminal.Problem(problem);
        }
        return foreign.Count > 0 || recovered.Any(plan => plan.State == PlanState.Open) ? ExitCode.Error : ExitCode.Pass;
    }
}
