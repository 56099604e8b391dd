using System.CommandLine;
using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;
using Plumb.Lab.Scenes;

namespace Plumb.Cli.Commands.Lab;

internal sealed class Reset : CliCommand
{
    private readonly Argument<string?> _scene = new("scene") { Description = "a broken scene; without it, all of them", Arity = ArgumentArity.ZeroOrOne };

    public Reset() => _scene.CompletionSources.Add([.. SceneCatalogue.Names]);

    public override string Name => "reset";

    public override string Summary => "repair what 'plumb lab break' broke";

    public override string Description => "Takes back the steps of a broken scene, last first, by the journal: also those of a break that was killed half-way. What cannot be taken back now "
        + "stays in the journal, and the next reset tries again.";

    public override IReadOnlyList<Example> Examples => [new("plumb lab reset", "everything"), new("plumb lab reset open-port", "one scene")];

    public override IReadOnlyList<Argument> Arguments => [_scene];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var name = call.Get(_scene);
        if (name is not null && SceneCatalogue.Find(name) is null)
        {
            return call.Fail(new Problem($"there is no scene '{name}'", $"{Nearest.Hint(name, SceneCatalogue.Names).TrimStart()} See 'plumb lab scenes'".TrimStart()));
        }
        var stage = OpenStage.Of(call);
        if (!stage.IsOk)
        {
            return call.Fail(stage.Problem);
        }
        using var open = stage.Value;
        var repaired = await open.Stage.ResetAsync(name, cancellation);
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject
            {
                ["scenes"] = new JsonArray([.. repaired.Select(scene => new JsonObject { ["name"] = scene.Scene, ["repaired"] = scene.Problem is null, ["problem"] = scene.Problem?.ToString() })]),
            }, CoreJson.Indented.JsonObject);
        }
        else if (repaired.Count == 0 && open.ForeignPlans.Count == 0)
        {
            call.Terminal.Line(name is null ? "Nothing is broken." : $"{name} is whole.");
        }
        foreach (var (scene, problem) in repaired)
        {
            if (problem is not null)
            {
                call.Terminal.Problem(new Problem($"{scene}: {problem.What}", problem.Remedy));
            }
            else if (!call.Json)
            {
                call.Terminal.Line($"{scene}: repaired");
            }
        }
        var foreign = open.ForeignPlans;
        foreach (var left in foreign)
        {
            call.Terminal.Problem(left);
        }
        return foreign.Count > 0 || repaired.Any(scene => scene.Problem is not null) ? ExitCode.Error : ExitCode.Pass;
    }
}
