using Plumb.Cli;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Cli;

public sealed class ExplainExperimentTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A run that stopped before its fault, because of a problem.</summary>
    private static readonly ExperimentEvidence Evidence = new("kill-pod", "t", "lab",
        new RunSettings([], "it works", null, 20, 2000, "payments", "app=ledger", "ledger", 2, 100, 1, 1000), Noon, Noon.AddSeconds(2), new Marks(0, null, null, null, null, null),
        [], [], [], [], [], [], [], [new Problem("the API does not answer")], [], null, "trap", "fix");

    private readonly TemporaryDirectory _directory = new();
    private readonly StringWriter _out = new() { NewLine = "\n" };

    private PlumbHome Home => new(_directory.Path);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_verdict_is_made_again_from_the_stored_evidence()
    {
        var finding = Save(Evidence);

        Assert.Equal(0, await ExplainAsync(finding));

        Assert.Contains("Judged again from the stored evidence: the same finding, and the same verdict (error).", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evidence_that_says_something_else_now_is_shown()
    {
        var finding = Save(Evidence);
        EvidenceFiles.Save(Home, Evidence with { Problems = [] });

        Assert.Equal(0, await ExplainAsync(finding));

        Assert.Contains("by this version of Plumb: inconclusive", _out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"experiment\":")]
    [InlineData(null)]
    public async Task Evidence_that_is_broken_or_gone_is_said_to_be(string? text)
    {
        var finding = Save(Evidence);
        var file = Assert.Single(Directory.GetFiles(Home.File("evidence")));
        File.Delete(file);
        if (text is not null)
        {
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, await ExplainAsync(finding));

        Assert.Contains("Not judged again: the run's evidence cannot be read", _out.ToString(), StringComparison.Ordinal);
    }

    private Finding Save(ExperimentEvidence evidence)
    {
        Assert.True(EvidenceFiles.Save(Home, evidence).IsOk);
        var report = ExperimentJudge.Judge(evidence, evidence.FinishedAt).Report;
        using var store = StateStore.Open(Home).Value!;
        store.Findings.Save(report);
        return report.Findings[0];
    }

    private Task<int> ExplainAsync(Finding finding) =>
        new CommandLine(Program.Contents, new Terminal(_out, _out, false, false, () => 80, false), TimeProvider.System, Home).RunAsync(["explain", finding.Id], TestContext.Current.CancellationToken);
}
