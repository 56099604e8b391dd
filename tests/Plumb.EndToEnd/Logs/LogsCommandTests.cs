using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.Logs;

/// <summary>The built program on the article's case: the notification service's error handler forgets the trace id.</summary>
public sealed class LogsCommandTests : IDisposable
{
    private const int Requests = 40;
    private const int Broken = 30;
    private const int ClosedEarly = 22;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-e2e-");

    public LogsCommandTests()
    {
        var lines = new Dictionary<string, StringBuilder> { ["auth"] = new(), ["ledger"] = new(), ["notification"] = new() };
        for (var i = 0; i < Requests; i++)
        {
            var at = new DateTimeOffset(2026, 5, 15, 21, 59, 0, TimeSpan.Zero).AddMilliseconds(i * 400);
            Json("auth", "payment_request_received", 0);
            Json("auth", "user_authenticated", 1);
            if (i == ClosedEarly)
            {
                lines["ledger"].Append(FormattableString.Invariant($"{at.AddMilliseconds(9):yyyy-MM-dd HH:mm:ss.fff} ERROR deadlock detected while charging u_{i}: the connection is closed\n"));
                continue;
            }
            Json("ledger", "transaction_recorded", 12);
            Json("notification", "email_send_attempt", 25);
            if (i == Broken)
            {
                lines["notification"].Append(FormattableString.Invariant($"{at.AddMilliseconds(76):O} ERROR Connection timeout to email provider http://mock-email:80/ after 0.001s - failed to send confirmation to u_{i}@example.com\n"));
            }
            else
            {
                Json("notification", "email_queued", 76);
            }
            Json("auth", "payment_complete", 80);

            void Json(string service, string name, int afterMs) => lines[service].Append(
                $$"""{"timestamp":"{{at.AddMilliseconds(afterMs):O}}","trace_id":"{{Id(i)}}","service":"{{service}}","event":"{{name}}","level":"INFO","user_id":"u_{{i}}"}""" + "\n");
        }
        foreach (var (service, text) in lines)
        {
            File.WriteAllText(Path.Combine(_directory.FullName, $"{service}.log"), text.ToString());
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_invisible_failure_is_shown_with_its_request_and_the_event_that_never_came_is_named()
    {
        var ran = await RunAsync("correlate", Id(Broken), _directory.FullName, "-o", "json");
        var document = JsonNode.Parse(ran.Output)!;

        Assert.Equal(1, ran.ExitCode);
        Assert.Equal("email_queued", (string?)document["timeline"]!["missing"]![0]!["event"]);
        var adopted = document["timeline"]!["lines"]!.AsArray().Single(line => (string?)line!["belonging"] == "Adopted")!;
        Assert.StartsWith("Connection timeout", (string)adopted["text"]!, StringComparison.Ordinal);
        Assert.True((double)adopted["confidence"]! >= 0.9);
        Assert.NotEmpty(document["blindSpots"]!.AsArray());
        Assert.NotEmpty((string)document["decision"]!);
    }

    [Fact]
    public async Task The_plain_error_beside_a_request_that_ended_early_is_shown_with_it_and_why()
    {
        var ran = await RunAsync("correlate", Id(ClosedEarly), _directory.FullName, "-o", "json");
        var timeline = JsonNode.Parse(ran.Output)!["timeline"]!;

        Assert.Equal(1, ran.ExitCode);
        Assert.Equal(["payment_request_received", "user_authenticated"], timeline["lines"]!.AsArray().Take(2).Select(line => (string?)line!["event"]));
        var last = timeline["lines"]!.AsArray()[^1]!;
        Assert.Equal(("Adopted", "ledger", "error"), ((string?)last["belonging"], (string?)last["service"], (string?)last["level"]));
        Assert.StartsWith("deadlock detected", (string)last["text"]!, StringComparison.Ordinal);
        Assert.Contains($"only this request has u_{ClosedEarly}", (string)last["why"]!, StringComparison.Ordinal);
        Assert.Contains("payment_complete", timeline["missing"]!.AsArray().Select(missing => (string?)missing!["event"]));
        Assert.Contains("~ deadlock detected", (await RunAsync("correlate", Id(ClosedEarly), _directory.FullName)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_request_passes_an_unknown_id_is_inconclusive_and_a_missing_file_is_an_error()
    {
        Assert.Equal(0, (await RunAsync("correlate", Id(3), _directory.FullName)).ExitCode);
        var unknown = await RunAsync("correlate", "pay-00000099", _directory.FullName);
        Assert.Equal(3, unknown.ExitCode);
        Assert.Contains("stands in none of 3 sources", unknown.Output, StringComparison.Ordinal);
        var missing = await RunAsync("correlate", "pay-00000099", Path.Combine(_directory.FullName, "nothing.log"));
        Assert.Equal((2, ""), (missing.ExitCode, missing.Output));
        Assert.StartsWith("plumb: there is no file or directory", missing.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("correlate", "pay-00000099")).ExitCode);
    }

    [Fact]
    public async Task All_requests_and_the_coverage_of_ids_are_judged_and_a_pipeline_can_read_it()
    {
        var traces = JsonNode.Parse((await RunAsync("traces", _directory.FullName, "-o", "json")).Output)!;
        Assert.Equal((Requests, 2), ((int)traces["requests"]!, (int)traces["anomalous"]!));
        var accounting = traces["accounting"]!;
        Assert.Equal((long)accounting["lines"]!, (long)accounting["parsed"]! + (long)accounting["adopted"]! + (long)accounting["rejected"]!);
        var coverage = await RunAsync("coverage", _directory.FullName);
        Assert.Equal(1, coverage.ExitCode);
        Assert.Contains("Connection timeout to email provider", coverage.Output, StringComparison.Ordinal);
        Assert.Equal("2.1.0", (string?)JsonNode.Parse((await RunAsync("traces", _directory.FullName, "-o", "sarif")).Output)!["version"]);
    }

    [Fact]
    public async Task A_directory_without_logs_has_nothing_to_judge_by()
    {
        var empty = _directory.CreateSubdirectory("empty").FullName;

        Assert.Equal(3, (await RunAsync("traces", empty)).ExitCode);
        Assert.Equal(3, (await RunAsync("coverage", empty)).ExitCode);
        Assert.Equal(3, (await RunAsync("correlate", "pay-1", empty)).ExitCode);
    }

    [Fact]
    public async Task A_compressed_log_from_a_pipe_is_read_and_one_that_was_cut_is_no_pass()
    {
        var packed = Path.Combine(_directory.FullName, "all.gz");
        await using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Fastest))
        {
            foreach (var file in Directory.GetFiles(_directory.FullName, "*.log"))
            {
                gzip.Write(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
            }
        }
        var whole = await BuiltProgram.ShellAsync($"{BuiltProgram.Launcher} logs correlate {Id(3)} - < {packed}", Home());
        var cut = await BuiltProgram.ShellAsync($"head -c 700 {packed} | {BuiltProgram.Launcher} logs correlate {Id(0)} -", Home());

        Assert.Equal(0, whole.ExitCode);
        Assert.NotEqual(0, cut.ExitCode);
        Assert.Contains("compressed file", cut.Output, StringComparison.Ordinal);
    }

    private static string Id(int request) => $"pay-{0x5831e100 + request:x8}";

    private Dictionary<string, string?> Home() => new() { ["PLUMB_HOME"] = Path.Combine(_directory.FullName, ".home") };

    private Task<ProcessOutput> RunAsync(params string[] arguments) =>
        BuiltProgram.RunAsync(new ProcessRequest(BuiltProgram.Launcher, ["logs", .. arguments], TimeSpan.FromMinutes(5), Environment: Home()));
}
