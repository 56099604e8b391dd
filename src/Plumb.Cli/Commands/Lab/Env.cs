using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;

namespace Plumb.Cli.Commands.Lab;

internal sealed class Env : CliCommand
{
    public override string Name => "env";

    public override string Summary => "print what makes a shell's tools use the lab";

    public override string Description => "Prints export lines for a shell: AWS_ENDPOINT_URL, the throw-away key and the region of the lab's AWS, KUBECONFIG of its cluster, and "
        + "PLUMB_LAB_STATES, the directory with the Terraform states of the lab's AWS.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("eval \"$(plumb lab env)\"", "then aws, kubectl, plumb drift and plumb cost --from aws use the lab"),
        new("plumb lab env -o json", "for a script"),
    ];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var lab = RunningLab.Of(call.Home);
        if (!lab.IsOk)
        {
            return Task.FromResult(call.Fail(lab.Problem));
        }
        (string Name, string Value)[] variables =
        [
            .. lab.Value.Aws is not { } aws ? [] : ((string, string)[])[
                ("AWS_ENDPOINT_URL", aws.Endpoint.ToString()), ("AWS_ACCESS_KEY_ID", aws.AccessKeyId), ("AWS_SECRET_ACCESS_KEY", aws.SecretAccessKey),
                ("AWS_REGION", aws.Region), ("AWS_DEFAULT_REGION", aws.Region), ("PLUMB_LAB_STATES", aws.States)],
            ("KUBECONFIG", lab.Value.Kubeconfig),
        ];
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject([.. variables.Select(variable => KeyValuePair.Create(variable.Name, (JsonNode?)variable.Value))]), CoreJson.Indented.JsonObject);
            return Task.FromResult(ExitCode.Pass);
        }
        // Both would win over the key below.
        call.Terminal.Line("unset AWS_PROFILE AWS_SESSION_TOKEN");
        foreach (var (name, value) in variables)
        {
            call.Terminal.Line($"export {name}='{value.Replace("'", @"'\''", StringComparison.Ordinal)}'");
        }
        return Task.FromResult(ExitCode.Pass);
    }
}
