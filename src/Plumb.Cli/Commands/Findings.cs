using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Commands;

internal sealed class Findings : CliCommand
{
    private const int MostRows = 10_000;

    private readonly Option<int> _limit = new("--limit") { Description = "how many at most, the newest first (default 50)", DefaultValueFactory = _ => 50, HelpName = "N" };

    public override string Name => "findings";

    public override string Summary => "list what the checks have found, the newest first";

    public override string Description => "Lists the findings in the store of this PLUMB_HOME. A problem that was seen on several runs is one finding; the columns say since when and how often.";

    public override IReadOnlyList<Example> Examples => [new("plumb findings", "the newest fifty"), new("plumb findings --limit 5 -o json", "five, for a machine")];

    public override IReadOnlyList<Option> Options => [_limit];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        if (call.Get(_limit) is < 1 or > MostRows)
        {
            return Task.FromResult(call.Fail(new Problem($"--limit is a number from 1 to {MostRows}")));
        }
        var opened = call.OpenState();
        if (!opened.IsOk)
        {
            return Task.FromResult(call.Fail(opened.Problem));
        }
        using var store = opened.Value;
        var findings = store.Findings.Newest(call.Get(_limit));
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["findings"] = new JsonArray([.. findings.Select(Json)]) }, CoreJson.Indented.JsonObject);
        }
        else if (findings.Count == 0)
        {
            call.Terminal.Line($"No findings in {call.Home.Path} yet. 'plumb --help' shows the commands that check something.");
        }
        else
        {
            var table = new Table("ID", "SEVERITY", "CHECK", "SUBJECT", "SUMMARY", "SEEN", "LAST");
            foreach (var stored in findings)
            {
                table.Row(stored.Finding.Id, stored.ClosedBecause is null ? new Cell(ReportText.SeverityWord(stored.Finding.Severity), Style.Of(stored.Finding.Severity)) : new Cell("closed", Style.Faint), stored.Check,
                    $"{stored.Finding.Subject}", stored.Finding.Summary, $"{stored.TimesSeen}", $"{Human.Duration(call.Time.GetUtcNow() - stored.LastSeen)} ago");
            }
            table.Write(call.Terminal);
        }
        return Task.FromResult(ExitCode.Pass);
    }

    /// <summary>A stored finding for a machine, also for <c>plumb explain</c>.</summary>
    internal static JsonNode Json(StoredFinding stored) => new JsonObject
    {
        ["check"] = stored.Check,
        ["firstSeen"] = stored.FirstSeen,
        ["lastSeen"] = stored.LastSeen,
        ["timesSeen"] = stored.TimesSeen,
        ["closedBecause"] = stored.ClosedBecause,
        ["finding"] = JsonSerializer.SerializeToNode(stored.Finding, CoreJson.Compact.Finding),
    };
}
