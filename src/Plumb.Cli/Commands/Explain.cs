using System.CommandLine;
using System.Text.Json;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Commands;

internal sealed class Explain : CliCommand
{
    private const int MostCandidates = 10;

    private readonly Argument<string> _id = new("finding") { Description = "its id, or the first digits of it" };

    public override string Name => "explain";

    public override string Summary => "say what a finding rests on";

    public override string Description =>
        "Shows one finding with its evidence: what was measured, by whom and when; what the check could not see; and what is left to decide. Nothing is measured anew.";

    public override IReadOnlyList<Example> Examples => [new("plumb explain 3fa9", "the finding whose id begins so"), new("plumb explain 3fa9 -o json", "with everything that is stored")];

    public override IReadOnlyList<Argument> Arguments => [_id];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var opened = call.OpenState();
        if (!opened.IsOk)
        {
            return Task.FromResult(call.Fail(opened.Problem));
        }
        using var store = opened.Value;
        var id = call.Get(_id)!;
        var found = store.Findings.StartingWith(id, MostCandidates);
        if (found is not [var stored])
        {
            return Task.FromResult(call.Fail(found.Count == 0
                ? new Problem($"there is no finding '{id}' in {call.Home.Path}", "'plumb findings' lists them")
                : new Problem($"'{id}' is the beginning of several findings: {string.Join(", ", found.Select(candidate => candidate.Finding.Id))}", "Give more digits")));
        }
        Show(call, stored, store.Findings.Report(stored.ReportId));
        return Task.FromResult(ExitCode.Pass);
    }

    private static void Show(Invocation call, StoredFinding stored, CheckReport? report)
    {
        if (call.Json)
        {
            var json = Findings.Json(stored).AsObject();
            json["report"] = report is null ? null : JsonSerializer.SerializeToNode(report, CoreJson.Compact.CheckReport);
            call.Terminal.Json(json, CoreJson.Indented.JsonObject);
            return;
        }
        ReportText.Write(call.Terminal, stored.Finding);
        call.Terminal.Line();
        call.Terminal.Line($"Found by {stored.Check}, seen {stored.TimesSeen} time{(stored.TimesSeen == 1 ? "" : "s")}: first {ReportText.Time(stored.FirstSeen)}, last {ReportText.Time(stored.LastSeen)}");
        if (report is null)
        {
            call.Terminal.Line("Its report is older than what is kept.");
            return;
        }
        call.Terminal.Line($"In a report that ended {report.Outcome.Word()}: {report.Summary}");
        ReportText.WriteEnd(call.Terminal, report);
    }
}
