using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Core;

namespace Plumb.Cli.Commands;

internal sealed class Version : CliCommand
{
    public override string Name => "version";

    public override string Summary => "print which build this is";

    public override string Description => "Prints the version of Plumb, the .NET runtime that it runs on and the operating system.";

    public override IReadOnlyList<Example> Examples => [new("plumb version", "three lines"), new("plumb --version", "only the version")];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var runtime = RuntimeInformation.FrameworkDescription;
        var system = $"{RuntimeInformation.OSDescription} {RuntimeInformation.RuntimeIdentifier}";
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["version"] = BuildVersion.Text, ["runtime"] = runtime, ["system"] = system }, CoreJson.Indented.JsonObject);
        }
        else
        {
            call.Terminal.Line($"plumb    {BuildVersion.Text}");
            call.Terminal.Line($"runtime  {runtime}");
            call.Terminal.Line($"system   {system}");
        }
        return Task.FromResult(ExitCode.Pass);
    }
}
