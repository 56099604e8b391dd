using System.Text.Json.Nodes;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.Cost;

/// <summary>The commands of docs/cost.md, run as a user runs them.</summary>
public sealed class CostProgram : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-cost");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task The_sample_fails_with_the_forgotten_node_group_and_the_finding_can_be_explained()
    {
        var ran = await RunAsync("cost --sample --recent-days 7 -o json");
        Assert.Equal(1, ran.ExitCode);
        var finding = Assert.Single(JsonNode.Parse(ran.Output)!["findings"]!.AsArray())!;
        Assert.Equal("Amazon EC2", (string)finding["service"]!);
        Assert.Null(finding["end"]);
        Assert.Equal((decimal)finding["excess"]!, finding["explanation"]!.AsArray().Sum(share => (decimal)share!["excess"]!));
        var explained = await RunAsync($"explain {(string)finding["id"]!}");
        Assert.Equal(0, explained.ExitCode);
        Assert.Contains("Judged again from the stored evidence: the same finding, and the same verdict (fail).", explained.Output, StringComparison.Ordinal);
        // What was stored is what is judged: with the money of its last days taken out, the verdict is another.
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_home.FullName, "evidence"), "*-cost.json"));
        var evidence = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!;
        evidence["series"]!.AsArray().Single(series => (string)series!["key"]!["usageType"]! == "BoxUsage:m6i.xlarge")!["amounts"] = new JsonArray([.. Enumerable.Repeat(0, 70).Select(amount => (JsonNode)amount)]);
        await File.WriteAllTextAsync(file, evidence.ToJsonString(), TestContext.Current.CancellationToken);
        Assert.Contains("by this version of Plumb: pass", (await RunAsync($"explain {(string)finding["id"]!}")).Output, StringComparison.Ordinal);
        Assert.Contains("\"version\": \"2.1.0\"", (await RunAsync("cost --sample -o sarif")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bill_is_judged_backtested_and_scored_from_a_file_also_gzipped()
    {
        var bill = Path.Combine(_home.FullName, "bill.csv");
        await File.WriteAllLinesAsync(bill, ["date,service,cost", .. Enumerable.Range(0, 60).Select(day => $"{new DateOnly(2026, 1, 1).AddDays(day):yyyy-MM-dd},EC2,{(day == 59 ? 90 : 20 + (day % 3))}")],
            TestContext.Current.CancellationToken);
        Assert.Equal(0, (await BuiltProgram.ShellAsync($"gzip -k {bill}")).ExitCode);
        var (plain, packed) = (await RunAsync($"cost --from {bill} -o json"), await RunAsync($"cost --from {bill}.gz -o json"));
        Assert.Equal((1, 1), (plain.ExitCode, packed.ExitCode));
        Assert.Equal(JsonNode.Parse(plain.Output)!["findings"]![0]!["excess"]!.ToJsonString(), JsonNode.Parse(packed.Output)!["findings"]![0]!["excess"]!.ToJsonString());
        Assert.Equal(0, (await RunAsync($"cost backtest --from {bill}")).ExitCode);
        var scores = await BuiltProgram.ShellAsync($"sed 's/date,service,cost/timestamp,service,value/' {bill} | PLUMB_HOME={_home.FullName} ./plumb cost score --from -");
        Assert.Equal((0, 61), (scores.ExitCode, scores.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
    }

    [Fact]
    public async Task A_bill_that_was_restated_says_so_and_closes_the_finding_that_it_no_longer_bears_out()
    {
        var bill = Path.Combine(_home.FullName, "bill.csv");
        Task write(int amount) => File.WriteAllLinesAsync(bill, ["date,service,cost", .. Enumerable.Range(0, 60).Select(day => $"{new DateOnly(2026, 1, 1).AddDays(day):yyyy-MM-dd},EC2,{(day == 55 ? amount : 20)}")],
            TestContext.Current.CancellationToken);
        await write(90);
        var first = await RunAsync($"cost --from {bill}");
        Assert.Equal(1, first.ExitCode);
        Assert.DoesNotContain("restated since", first.Output, StringComparison.Ordinal);
        await write(21);
        var second = await RunAsync($"cost --from {bill}");
        Assert.Equal(0, second.ExitCode);
        Assert.Contains("2026-02-25 EC2 by -69.00 to 21.00; judged anew", second.Output, StringComparison.Ordinal);
        Assert.Contains("restated: 2026-02-25 is 21.00 now and was 90.00", second.Output, StringComparison.Ordinal);
        Assert.Contains("closed", (await RunAsync("findings")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("restated since", (await RunAsync($"cost --from {bill}")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_packed_bill_without_its_last_bytes_is_refused()
    {
        var bill = Path.Combine(_home.FullName, "bill.csv");
        await File.WriteAllLinesAsync(bill, ["date,service,cost", .. Enumerable.Range(0, 60).Select(day => $"{new DateOnly(2026, 1, 1).AddDays(day):yyyy-MM-dd},EC2,20")], TestContext.Current.CancellationToken);
        Assert.Equal(0, (await BuiltProgram.ShellAsync($"gzip {bill} && truncate -s -3 {bill}.gz")).ExitCode);
        var ran = await RunAsync($"cost --from {bill}.gz");
        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("is cut off", ran.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("date,cost\n2026-01-01,1\n", 2, ":1: the column service is missing")]
    [InlineData("date,service,cost\n2026-01-01,a,1\n2026-01-01,a,1\n", 2, ":3: 2026-01-01 of a stands twice")]
    [InlineData("date,service,cost\n", 3, "")]
    public async Task Bad_input_is_never_a_pass(string text, int code, string problem)
    {
        var bill = Path.Combine(_home.FullName, "bad.csv");
        await File.WriteAllTextAsync(bill, text, TestContext.Current.CancellationToken);
        var ran = await RunAsync($"cost --from {bill}");
        Assert.Equal(code, ran.ExitCode);
        Assert.Contains(problem, ran.Error, StringComparison.Ordinal);
    }

    private Task<ProcessOutput> RunAsync(string arguments) =>
        BuiltProgram.ShellAsync($"./plumb {arguments}", new Dictionary<string, string?> { ["PLUMB_HOME"] = _home.FullName });
}
