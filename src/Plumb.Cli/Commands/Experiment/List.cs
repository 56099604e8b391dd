using System.Text.Json.Nodes;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Lab.Experiments;

namespace Plumb.Cli.Commands.Experiment;

internal sealed class List : CliCommand
{
    public override string Name => "list";

    public override string Summary => "the experiments that come with Plumb";

    public override string Description => "Lists the catalogue. Every experiment is a file in the Chaos Toolkit's format; 'plumb experiment show' prints it, and a copy of it is the start of your own.";

    public override IReadOnlyList<Example> Examples => [new("plumb experiment list", "names and titles")];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var read = Catalogue.Names.Select(ExperimentAccess.Find).ToArray();
        if (read.FirstOrDefault(experiment => !experiment.IsOk) is { Problem: { } problem })
        {
            return Task.FromResult(call.Fail(problem));
        }
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["experiments"] = new JsonArray([.. read.Select(experiment => ExperimentJson.Entry(experiment.Value!))]) }, CoreJson.Indented.JsonObject);
            return Task.FromResult(ExitCode.Pass);
        }
        var table = new Table("NAME", "WHAT IT DOES");
        foreach (var experiment in read)
        {
            table.Row(experiment.Value!.Name, experiment.Value.Title);
        }
        table.Write(call.Terminal);
        return Task.FromResult(ExitCode.Pass);
    }
}
