using System.CommandLine;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Lab.Experiments;

namespace Plumb.Cli.Commands.Experiment;

internal sealed class Show : CliCommand
{
    private readonly Argument<string> _experiment = new("experiment") { Description = "a name of the catalogue, or a file" };

    public Show() => _experiment.CompletionSources.Add([.. Catalogue.Names]);

    public override string Name => "show";

    public override string Summary => "print an experiment's file, checked";

    public override string Description => "Reads an experiment and prints it as it stands in its file. A file that cannot be used is answered with every mistake in it, each with file:line:column.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb experiment show kill-pod > mine.yaml", "a start for your own"),
        new("plumb experiment show mine.yaml", "is it right?"),
    ];

    public override IReadOnlyList<Argument> Arguments => [_experiment];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var name = call.Get(_experiment)!;
        var read = ExperimentAccess.Find(name);
        if (!read.IsOk)
        {
            return Task.FromResult(call.Fail(read.Problem!));
        }
        foreach (var warning in read.Value.Warnings)
        {
            call.Terminal.Problem(new Problem(warning));
        }
        if (call.Json)
        {
            call.Terminal.Json(ExperimentJson.Entry(read.Value), CoreJson.Indented.JsonObject);
        }
        else
        {
            call.Terminal.Out.Write(Catalogue.Text(name) ?? File.ReadAllText(name));
        }
        return Task.FromResult(ExitCode.Pass);
    }
}
