using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Lab.Scenes;

namespace Plumb.Cli.Commands.Lab;

internal sealed class Scenes : CliCommand
{
    public override string Name => "scenes";

    public override string Summary => "list what can be broken, and what is broken now";

    public override string Description => "A scene breaks one thing of the lab for a check to find: a cost, a log line, a rule of a security group. This lists them, each with the command that finds it.";

    public override IReadOnlyList<Example> Examples => [new("plumb lab scenes", "names, states, and the commands that find them")];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var stage = OpenStage.Of(call);
        if (!stage.IsOk)
        {
            return Task.FromResult(call.Fail(stage.Problem));
        }
        using var open = stage.Value;
        var states = open.Stage.States();
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject
            {
                ["scenes"] = new JsonArray([.. states.Select(state => new JsonObject
                {
                    ["name"] = state.Scene.Name, ["broken"] = state.Since is not null, ["since"] = state.Since, ["breaks"] = state.Scene.Breaks, ["foundBy"] = state.Scene.FoundBy,
                })]),
            }, CoreJson.Indented.JsonObject);
            return Task.FromResult(ExitCode.Pass);
        }
        var table = new Table("SCENE", "STATE", "FOUND BY", "WHAT BREAKS");
        foreach (var (scene, since) in states)
        {
            table.Row(scene.Name, since is { } at ? new Cell($"broken for {Human.Duration(call.Time.GetUtcNow() - at)}", Style.Bad) : new Cell("whole", Style.Good), scene.FoundBy, scene.Breaks);
        }
        table.Write(call.Terminal);
        return Task.FromResult(ExitCode.Pass);
    }
}
