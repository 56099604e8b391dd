using System.Text.Json.Nodes;
using Plumb.Cli.Configuration;
using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Platform.Configuration;

namespace Plumb.Cli.Commands;

internal sealed class Config : CliCommand
{
    public override string Name => "config";

    public override string Summary => "check the configuration, and print what is in effect";

    public override string Description =>
        "Reads the file that PLUMB_CONFIG names, or plumb.yaml in the working directory, and prints every setting with its value, defaults included. "
        + "When something is wrong it prints all errors with their places instead. The output is itself a valid plumb.yaml.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb config", "what is in effect here"),
        new("PLUMB_CONFIG=staging.yaml plumb config", "check another file"),
    ];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var loaded = PlumbConfiguration.OfProcess();
        if (!loaded.IsOk)
        {
            return Task.FromResult(call.Fail(loaded.Problem));
        }
        var configuration = loaded.Value;
        var (enabled, limits) = configuration.Recorder;
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject
            {
                ["source"] = configuration.Source,
                ["lab"] = new JsonObject { ["nodes"] = configuration.Lab.Nodes },
                ["console"] = new JsonObject { ["port"] = configuration.Console.Port },
                ["recorder"] = new JsonObject { ["enabled"] = enabled, ["keep"] = limits.Recordings, ["size"] = ConfigSize.Written(limits.Bytes), ["perContainer"] = limits.PerContainer },
            }, CoreJson.Indented.JsonObject);
            return Task.FromResult(ExitCode.Pass);
        }
        call.Terminal.Line($"# {configuration.Source ?? "defaults: there is no plumb.yaml here"}");
        call.Terminal.Line("lab:");
        call.Terminal.Line($"  nodes: {configuration.Lab.Nodes}");
        call.Terminal.Line("console:");
        call.Terminal.Line(configuration.Console.Port is { } port ? $"  port: {port}" : "  port:   # 7585, or a free one when that is taken");
        call.Terminal.Line("recorder:");
        call.Terminal.Line(enabled ? "  enabled: true" : "  enabled: false");
        call.Terminal.Line($"  keep: {limits.Recordings}   # recordings; the oldest go first");
        call.Terminal.Line($"  size: {ConfigSize.Written(limits.Bytes)}   # of all recordings");
        call.Terminal.Line($"  perContainer: {limits.PerContainer}   # recordings of one container, over its restarts");
        return Task.FromResult(ExitCode.Pass);
    }
}
