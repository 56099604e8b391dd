using System.CommandLine;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Experiments;
using Plumb.Lab.Experiments;

namespace Plumb.Cli.Commands.Experiment;

internal sealed class Run : CliCommand
{
    private readonly Argument<string> _experiment = new("experiment") { Description = "a name of the catalogue, or a file in the Chaos Toolkit's format" };
    private readonly Option<string[]> _set = new("--set") { Description = "give a variable of the experiment a value", HelpName = "NAME=VALUE" };
    private readonly Option<bool> _yes = new("--yes") { Description = "do it on a cluster that is not the lab's; without it the plan is only shown" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "show the plan and do nothing, also on the lab" };
    private readonly TargetOptions _target = new();

    public Run() => _experiment.CompletionSources.Add([.. Catalogue.Names]);

    public override string Name => "run";

    public override string Summary => "do a fault, and measure what a client outside the cluster sees";

    public override string Description =>
        "Measures before, during and after a fault, takes the fault back, and says whether the hypothesis held. On the lab it runs at once. On any other cluster it needs "
        + "--context and --allow-namespace, and shows its plan until --yes is given; kube-system and the namespace that Plumb runs in are never touched. Every step is "
        + "journaled before it is done: Ctrl-C, a failure and even a killed process leave nothing behind.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb experiment run kill-pod", "delete a ledger pod of the lab"),
        new("plumb experiment run kill-pod -o junit > experiment.xml", "for a pipeline's list of tests"),
        new("plumb experiment run kill-pod -o json | jq .experiment.downtime", "the numbers"),
        new("plumb experiment run mine.yaml --context staging --allow-namespace shop --set gateway=https://shop.example", "the plan on a real cluster; --yes does it"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => VerdictExitCodes;

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Report;

    public override IReadOnlyList<Argument> Arguments => [_experiment];

    public override IReadOnlyList<Option> Options => [_set, _dryRun, _yes, .. _target.All];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var definition = ExperimentAccess.Find(call.Get(_experiment)!);
        var given = Variables(call.Get(_set) ?? []);
        if ((definition.Problem ?? given.Problem) is { } wrong)
        {
            return call.Fail(wrong);
        }
        foreach (var warning in definition.Value!.Warnings)
        {
            call.Terminal.Problem(new Problem(warning));
        }
        var access = ExperimentAccess.Open(_target.Read(call), call.Home, call.Time);
        if (!access.IsOk)
        {
            return call.Fail(access.Problem!);
        }
        using var open = access.Value;
        var recovered = await open.Runner.RecoverAsync(cancellation);
        foreach (var problem in recovered.SelectMany(plan => plan.Problems))
        {
            // An earlier run's remains could spoil what this one measures.
            return call.Fail(new Problem($"an earlier run is not wholly taken back: {problem}", "Run 'plumb experiment undo'"));
        }
        foreach (var left in open.ForeignPlans)
        {
            call.Terminal.Problem(left);
        }
        if (recovered.Count > 0)
        {
            call.Terminal.Problem(new Problem("an earlier run had ended without taking its fault back; that is done now", "If this run says that something is not Ready yet, wait a moment and repeat it"));
        }
        var plan = await open.PlanAsync(definition.Value, given.Value!, cancellation);
        if (!plan.IsOk)
        {
            return call.Fail(plan.Problem!);
        }
        return call.Get(_dryRun) || !(open.Cluster.IsLab || call.Get(_yes)) ? DryRun(call, plan.Value) : await RunAsync(call, open, plan.Value, cancellation);
    }

    private int DryRun(Invocation call, ExperimentPlan plan)
    {
        if (call.Format is OutputFormat.Sarif or OutputFormat.Junit)
        {
            return call.Fail(new Problem($"-o {call.Format.Word()} is for a verdict, and a plan that nobody runs has none", call.Get(_dryRun) ? "Use -o json or text with --dry-run" : "Add --yes to run it, or look at the plan with -o text"));
        }
        if (call.Json)
        {
            call.Terminal.Json(ExperimentJson.DryRun(plan), CoreJson.Indented.JsonObject);
        }
        else
        {
            new ExperimentText(call.Terminal).WritePlan(plan);
        }
        if (call.Get(_dryRun))
        {
            return ExitCode.Pass;
        }
        // Somebody who asked for a run and got a plan has no verdict, and that is not a pass.
        call.Terminal.Problem(new Problem($"nothing was done: {plan.Cluster.Context} is not the lab", "If the plan is right, add --yes"));
        return ExitCode.Inconclusive;
    }

    private static async Task<int> RunAsync(Invocation call, ExperimentAccess open, ExperimentPlan plan, CancellationToken cancellation)
    {
        Plumb.Experiments.Judging.ExperimentResult result;
        using (var progress = new Progress(call.Terminal, call.Time))
        {
            result = await open.Runner.RunAsync(plan, new ProgressLines(progress), cancellation);
        }
        var evidence = EvidenceFiles.Save(call.Home, result.Evidence);
        if (evidence.Problem is { } notStored)
        {
            call.Terminal.Problem(notStored);
        }
        open.Findings.Save(result.Report);
        return call.Answer(result.Report, text: () => new ExperimentText(call.Terminal).Write(result, evidence.Value),
            json: () => call.Terminal.Json(ExperimentJson.Of(result, evidence.Value), CoreJson.Indented.JsonObject));
    }

    private static Result<Dictionary<string, string>> Variables(string[] given)
    {
        var variables = new Dictionary<string, string>();
        foreach (var pair in given)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                return new Problem($"--set takes NAME=VALUE, not '{pair}'");
            }
            variables[pair[..at]] = pair[(at + 1)..];
        }
        return variables;
    }

    /// <summary>The run's events as progress lines on standard error.</summary>
    private sealed class ProgressLines(Progress progress) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value.Stage is RunStage.Before or RunStage.Fault or RunStage.Undo or RunStage.After)
            {
                progress.Done(value.Text);
            }
            else if (value.Stage == RunStage.During)
            {
                progress.Now(value.Text);
            }
        }
    }
}
