using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cli.Logs;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Correlating;
using Xunit;

namespace Plumb.Tests.Logs;

public sealed class CorrelationDocumentTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_is_written_field_by_field_is_what_the_serializer_would_write()
    {
        var requests = new Requests(11) { SkewMs = { ["ledger"] = 2000 } }.Add(60, lostMails: [30]);
        using var folder = requests.Write();
        using var sources = await folder.OpenAsync();
        var correlation = new Correlator(sources, IdForms.Of(requests.Ids[30]).Value!, Now).Run(TestContext.Current.CancellationToken);
        var report = CorrelationJudge.Report(correlation, Now, Now);

        var document = CorrelationDocument.Node(report, correlation);

        Assert.NotEmpty(report.Findings);
        Assert.NotEmpty(correlation.Timeline!.Missing);
        Assert.NotEmpty(correlation.Timeline.Skews);
        Same(JsonSerializer.SerializeToNode(correlation.Timeline, LogsJson.Plain.Timeline), document["timeline"]);
        Same(JsonSerializer.SerializeToNode(correlation.Accounting, LogsJson.Plain.Accounting), document["accounting"]);
        foreach (var (name, value) in JsonSerializer.SerializeToNode(report, CoreJson.Compact.CheckReport)!.AsObject())
        {
            Same(value, document[name]);
        }
    }

    [Fact]
    public async Task An_id_that_stands_nowhere_has_no_timeline()
    {
        using var folder = new Requests(12).Add(10).Write();
        using var sources = await folder.OpenAsync();
        var correlation = new Correlator(sources, IdForms.Of("pay-zzz").Value!, Now).Run(TestContext.Current.CancellationToken);

        var document = CorrelationDocument.Node(CorrelationJudge.Report(correlation, Now, Now), correlation);

        Assert.True(document.ContainsKey("timeline"));
        Assert.Null(document["timeline"]);
        Assert.Equal(correlation.Nearest.Count, document["nearest"]!.AsArray().Count);
    }

    private static void Same(JsonNode? expected, JsonNode? actual) => Assert.Equal(expected?.ToJsonString(), actual?.ToJsonString());
}
