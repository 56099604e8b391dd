using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;

namespace Plumb.Cli.Commands;

internal sealed class Status : CliCommand
{
    public override string Name => "status";

    public override string Summary => "show the lab's nodes and pods, and whether all is well";

    public override string Description =>
        "Asks the running lab's API, as any client would, and says whether what should run does. What this machine cannot enforce is listed; "
        + "without root, for instance, memory limits.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb status", "tables"),
        new("plumb status -o json", "for a script"),
        new("until plumb status >/dev/null; do sleep 1; done", "wait until all is well"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes =>
    [
        (0, "pass: all nodes are ready and every pod is as it should be"),
        (1, "fail: something is not"),
        (2, "error: no lab runs here, or its API does not answer"),
        (3, "inconclusive: something is still starting or ending"),
    ];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var lab = RunningLab.Of(call.Home);
        if (!lab.IsOk)
        {
            return call.Fail(lab.Problem);
        }
        var survey = await LabSurvey.TakeAsync(lab.Value, call.Time, cancellation);
        if (!survey.IsOk)
        {
            return call.Fail(survey.Problem);
        }
        var foreign = ForeignPlans.Of(call.Home);
        if (call.Json)
        {
            var json = survey.Value.ToJson(call.Time.GetUtcNow());
            json["leftOpen"] = new JsonArray([.. foreign.Select(left => (JsonNode)left.ToString())]);
            call.Terminal.Json(json, CoreJson.Indented.JsonObject);
        }
        else
        {
            LabTable.Write(call.Terminal, survey.Value, call.Time.GetUtcNow());
        }
        foreach (var left in foreign)
        {
            call.Terminal.Problem(left);
        }
        return ExitCode.Of(survey.Value.Outcome);
    }
}
