using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;

namespace Plumb.Cli.Commands;

internal sealed class Kubeconfig : CliCommand
{
    public override string Name => "kubeconfig";

    public override string Summary => "print where the lab's kubeconfig is";

    public override string Description => "Prints the path of the running lab's kubeconfig, for kubectl and every other client of Kubernetes. Your own kubeconfig is never touched.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("export KUBECONFIG=$(plumb kubeconfig)", "kubectl in this shell talks to the lab"),
        new("kubectl --kubeconfig $(plumb kubeconfig) get pods -A", "one command only"),
    ];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var lab = RunningLab.Of(call.Home);
        if (!lab.IsOk)
        {
            return Task.FromResult(call.Fail(lab.Problem));
        }
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["kubeconfig"] = lab.Value.Kubeconfig, ["server"] = lab.Value.Server.ToString() }, CoreJson.Indented.JsonObject);
        }
        else
        {
            call.Terminal.Line(lab.Value.Kubeconfig);
        }
        return Task.FromResult(ExitCode.Pass);
    }
}
