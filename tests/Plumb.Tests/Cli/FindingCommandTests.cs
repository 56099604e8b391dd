using System.Text.Json.Nodes;
using Plumb.Cli;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Cli;

public sealed class FindingCommandTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();
    private readonly StringWriter _out = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_finding_is_explained_with_its_evidence_its_blind_spots_and_the_decision()
    {
        var finding = Save("ledger-0");
        Assert.Equal(0, await RunAsync("explain", finding.Id[..6]));
        Assert.Equal(
            $"""
            critical  Pod payments/ledger-0: cannot log in  (stale-credential, {finding.Id})
                login: refused, measured by postgres at 2026-03-01 12:00:00Z
                attempts: 3 tries, measured by plumb from 2026-03-01 11:59:00Z to 2026-03-01 12:00:00Z
                certificate: nothing, measured by plumb at 2026-03-01 12:00:00Z

            Found by secrets, seen 1 time: first 2026-03-01 12:00:00Z, last 2026-03-01 12:00:00Z
            In a report that ended fail: 1 of 3 pods

            What this cannot see
              - pods that start later

            For you to decide: Restart it?

            """, _out.ToString());
    }

    [Fact]
    public async Task The_list_and_the_json_hold_what_was_saved()
    {
        var finding = Save("ledger-0");
        Assert.Equal(0, await RunAsync("findings"));
        Assert.Contains($"{finding.Id}   critical   secrets   Pod payments/ledger-0   cannot log in   1", _out.ToString(), StringComparison.Ordinal);

        _out.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("findings", "-o", "json"));
        Assert.Equal(finding.Id, JsonNode.Parse(_out.ToString())!["findings"]![0]!["finding"]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task No_such_finding_and_an_ambiguous_one_are_one_line_each()
    {
        Assert.Equal(2, await RunAsync("explain", "ffff"));
        Assert.Equal($"plumb: there is no finding 'ffff' in {_directory.Path}. 'plumb findings' lists them\n", _error.ToString());

        _error.GetStringBuilder().Clear();
        Save("a");
        Save("b");
        Assert.Equal(2, await RunAsync("explain", ""));
        Assert.Contains("is the beginning of several findings", _error.ToString(), StringComparison.Ordinal);
    }

    private Finding Save(string pod)
    {
        var finding = Finding.Of("secrets", "stale-credential", Severity.Critical, new Subject("Pod", pod, "payments"), "cannot log in",
            new Evidence("login", "refused", "postgres", Noon),
            new Evidence("attempts", 3, "plumb", Noon, "tries", new TimeWindow(Noon.AddMinutes(-1), Noon)),
            new Evidence("certificate", null, "plumb", Noon));
        using var store = StateStore.Open(new PlumbHome(_directory.Path)).Value!;
        store.Findings.Save(new CheckReport("secrets", Outcome.Fail, "1 of 3 pods", Noon, Noon, [finding], ["pods that start later"], "Restart it?"));
        return finding;
    }

    private Task<int> RunAsync(params string[] args) =>
        new CommandLine(Program.Contents, new Terminal(_out, _error, false, false, () => 80, false), TimeProvider.System, new PlumbHome(_directory.Path))
            .RunAsync(args, TestContext.Current.CancellationToken);
}
