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
        "Shows one finding with its evidence: what was measured, by whom and when; what the check could not see; and what is left to decide. Nothing is measured anew. Where a run's whole evidence is stored (experiments, cost), the verdict "
        + "is made again from it, and a difference is shown; where it is not, it says why.";

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
        var report = store.Findings.Report(stored.ReportId);
        Show(call, stored, report, report is null ? null : EvidenceFiles.JudgeAgain(call.Home, report));
        return Task.FromResult(ExitCode.Pass);
    }

    private static void Show(Invocation call, StoredFinding stored, CheckReport? report, Result<CheckReport>? again)
    {
        if (call.Json)
        {
            var json = Findings.Json(stored).AsObject();
            json["report"] = report is null ? null : JsonSerializer.SerializeToNode(report, CoreJson.Compact.CheckReport);
            json["judgedAgain"] = again is null ? null : JudgedAgain(stored, report!, again.Value);
            call.Terminal.Json(json, CoreJson.Indented.JsonObject);
            return;
        }
        ReportText.Write(call.Terminal, stored.Finding);
        call.Terminal.Line();
        call.Terminal.Line($"Found by {stored.Check}, seen {stored.TimesSeen} time{(stored.TimesSeen == 1 ? "" : "s")}: first {ReportText.Time(stored.FirstSeen)}, last {ReportText.Time(stored.LastSeen)}");
        if (stored.ClosedBecause is { } closed)
        {
            call.Terminal.Line($"Closed, {closed}");
        }
        if (report is null)
        {
            call.Terminal.Line("Its report is older than what is kept.");
            return;
        }
        call.Terminal.Line($"In a report that ended {report.Outcome.Word()}: {report.Summary}");
        if (again is not null)
        {
            call.Terminal.Line(JudgedAgain(stored, report, again.Value));
        }
        ReportText.WriteEnd(call.Terminal, report);
    }

    private static string JudgedAgain(StoredFinding stored, CheckReport report, Result<CheckReport> again)
    {
        if (!again.IsOk)
        {
            return $"Not judged again: {again.Problem}";
        }
        var same = again.Value.Outcome == report.Outcome && again.Value.Findings.Any(finding => finding.Id == stored.Finding.Id && finding.Summary == stored.Finding.Summary);
        return same ? $"Judged again from the stored evidence: the same finding, and the same verdict ({again.Value.Outcome.Word()})."
            : $"Judged again from the stored evidence, by this version of Plumb: {again.Value.Outcome.Word()}: {again.Value.Summary}";
    }
}
