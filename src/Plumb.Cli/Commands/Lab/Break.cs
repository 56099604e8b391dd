using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Lab.Scenes;

namespace Plumb.Cli.Commands.Lab;

internal sealed class Break : CliCommand
{
    private readonly Argument<string> _scene = new("scene") { Description = "a name that 'plumb lab scenes' shows" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "show what would be done, and do nothing" };

    public Break() => _scene.CompletionSources.Add([.. SceneCatalogue.Names]);

    public override string Name => "break";

    public override string Summary => "break one thing of the lab for a check to find";

    public override string Description => "Does what the scene says, for real: through the API of the lab's AWS as a colleague would, at a pod's own port, or in the lab's bill. Each step is "
        + "journaled before it is done; 'plumb lab reset' takes it back, also when this process was killed half-way.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb lab break open-port", "then: plumb drift \"$PLUMB_LAB_STATES\""),
        new("plumb lab break cost-spike", "then: plumb cost --from aws"),
        new("plumb lab break trace-gap --dry-run", "only show the steps"),
    ];

    public override IReadOnlyList<Argument> Arguments => [_scene];

    public override IReadOnlyList<Option> Options => [_dryRun];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var name = call.Get(_scene)!;
        if (SceneCatalogue.Find(name) is not { } scene)
        {
            return call.Fail(new Problem($"there is no scene '{name}'", $"{Nearest.Hint(name, SceneCatalogue.Names).TrimStart()} See 'plumb lab scenes'".TrimStart()));
        }
        var stage = OpenStage.Of(call);
        if (!stage.IsOk)
        {
            return call.Fail(stage.Problem);
        }
        using var open = stage.Value;
        if (call.Get(_dryRun))
        {
            return Show(call, open.Stage.PlanOf(scene));
        }
        if (await open.Stage.BreakAsync(scene, cancellation) is { } problem)
        {
            return call.Fail(problem);
        }
        if (call.Json)
        {
            call.Terminal.Json(new System.Text.Json.Nodes.JsonObject { ["scene"] = scene.Name, ["broken"] = true, ["foundBy"] = scene.FoundBy }, CoreJson.Indented.JsonObject);
            return ExitCode.Pass;
        }
        call.Terminal.Line($"{scene.Name}: {scene.Breaks}");
        call.Terminal.Line($"find it    {scene.FoundBy}    (in a shell with: eval \"$(plumb lab env)\")");
        call.Terminal.Line($"repair it  plumb lab reset {scene.Name}");
        return ExitCode.Pass;
    }

    private static int Show(Invocation call, Plan plan)
    {
        if (call.Json)
        {
            call.Terminal.Json(plan, CoreJson.Indented.Plan);
            return ExitCode.Pass;
        }
        foreach (var step in plan.Steps)
        {
            call.Terminal.Line($"{step.Title}");
            call.Terminal.Line($"    touches  {step.BlastRadius}");
            call.Terminal.Line($"    undo     {step.UndoTitle}");
        }
        return ExitCode.Pass;
    }
}
