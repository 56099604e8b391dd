using System.Diagnostics;
using System.Text.Json.Nodes;
using Plumb.EndToEnd.Lab;
using Xunit;

namespace Plumb.EndToEnd.Logs;

/// <summary>One request's lines as they are written: <c>plumb logs correlate ID … --follow</c>, ended as a person ends it.</summary>
public sealed class FollowTests(LabOfTheProgram lab) : IDisposable
{
    private const string Id = "pay-f0110e12";
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-e2e-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Lines_that_are_appended_to_a_file_are_shown_each_once_also_after_the_file_was_rotated()
    {
        var file = Path.Combine(_directory.FullName, "ledger.log");
        await File.WriteAllTextAsync(file, Line("before") + Line("other", "pay-00000000"), Cancel);
        using var follow = Start(Path.Combine(_directory.FullName, ".home"), "logs", "correlate", Id, file, "--follow", "-o", "json");

        Assert.Equal("before", await NextEventAsync(follow));
        await File.AppendAllTextAsync(file, Line("other", "pay-00000000") + Line("after"), Cancel);
        Assert.Equal("after", await NextEventAsync(follow));
        // A line that is written in two parts is one line.
        await File.AppendAllTextAsync(file, Line("halved")[..30], Cancel);
        await File.AppendAllTextAsync(file, Line("halved")[30..], Cancel);
        Assert.Equal("halved", await NextEventAsync(follow));
        await File.WriteAllTextAsync(file, Line("rotated"), Cancel);
        Assert.Equal("rotated", await NextEventAsync(follow));

        Assert.Equal((0, ""), await InterruptAsync(follow));
    }

    [Fact]
    public async Task Nothing_before_Ctrl_C_is_inconclusive_and_what_can_be_read_only_once_cannot_be_followed()
    {
        var file = Path.Combine(_directory.FullName, "ledger.log");
        await File.WriteAllTextAsync(file, Line("other", "pay-00000000"), Cancel);
        using (var follow = Start(Path.Combine(_directory.FullName, ".home"), "logs", "correlate", Id, file, "--follow"))
        {
            await Task.WhenAny(follow.WaitForExitAsync(Cancel), Task.Delay(TimeSpan.FromSeconds(1), Cancel));
            Assert.False(follow.HasExited);
            Assert.Equal((3, ""), await InterruptAsync(follow));
        }
        var piped = await BuiltProgram.ShellAsync($"{BuiltProgram.Launcher} logs correlate {Id} - --follow < {file}", new Dictionary<string, string?> { ["PLUMB_HOME"] = _directory.FullName });
        Assert.Equal(2, piped.ExitCode);
        Assert.Contains("cannot be followed", piped.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_comes_while_its_logs_are_followed_is_followed_too_and_so_is_its_next_container()
    {
        await lab.StateAsync();
        using var follow = Start(lab.Home.Path, "logs", "correlate", Id, "--from", "lab", "--follow", "-o", "json", "-l", "e2e=follow");
        try
        {
            var manifest = Path.Combine(_directory.FullName, "pod.yaml");
            // It writes one line, ends, and is started again: two containers, one line each.
            await File.WriteAllTextAsync(manifest, $$$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: e2e-follow, namespace: payments, labels: {e2e: follow}}
                spec:
                  restartPolicy: Always
                  containers:
                  - name: main
                    image: busybox
                    command: ["sh", "-c", "echo '{\"service\":\"late\",\"event\":\"came\",\"trace_id\":\"{{{Id}}}\"}'; sleep 1"]
                """, Cancel);
            var applied = await lab.ShellAsync($"kubectl --kubeconfig $(./plumb kubeconfig) apply -f {manifest}");
            Assert.True(applied.ExitCode == 0, applied.Error);

            Assert.Equal("came", await NextEventAsync(follow));
            Assert.Equal("came", await NextEventAsync(follow));
        }
        finally
        {
            await lab.ShellAsync("kubectl --kubeconfig $(./plumb kubeconfig) delete pod e2e-follow -n payments --ignore-not-found --grace-period=0 --force");
        }
        Assert.Equal(0, (await InterruptAsync(follow)).ExitCode);
    }

    [Fact]
    public async Task A_request_of_the_running_lab_is_shown_once_although_its_lines_are_searched_and_then_followed()
    {
        var state = await lab.StateAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var trace = Guid.NewGuid().ToString("N");
        await PayAsync(http, state, trace);
        using var follow = Start(lab.Home.Path, "logs", "correlate", trace, "--from", "lab", "--follow", "-o", "json");
        var seen = new HashSet<(string?, long)>();
        var services = new HashSet<string>();
        while (!services.Contains("notification"))
        {
            var line = await NextAsync(follow);
            Assert.True(seen.Add(((string?)line["source"] + line["event"], line["at"]!.GetValue<DateTimeOffset>().UtcTicks)), line.ToJsonString());
            services.Add((string)line["service"]!);
        }
        // The same id again, as a retry has it: only what is new is shown.
        await PayAsync(http, state, trace);
        var again = await NextAsync(follow);
        Assert.True(seen.Add(((string?)again["source"] + again["event"], again["at"]!.GetValue<DateTimeOffset>().UtcTicks)), again.ToJsonString());

        Assert.Equal(0, (await InterruptAsync(follow)).ExitCode);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Line(string name, string id = Id) => $$"""{"timestamp":"2026-05-15T21:59:00Z","trace_id":"{{id}}","service":"ledger","event":"{{name}}"}""" + "\n";

    private static async Task PayAsync(HttpClient http, Platform.Storage.LabState state, string trace)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(state.Gateway!, "api/payments"));
        request.Headers.Authorization = new("Bearer", state.GatewayToken);
        request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        request.Content = new StringContent("""{"amount":1250,"currency":"EUR","from":"account-001","to":"account-002"}""", System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, Cancel);
    }

    private static Process Start(string home, params string[] arguments)
    {
        // The launcher execs the program, so this is the program's own process.
        var start = new ProcessStartInfo(BuiltProgram.Launcher, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PLUMB_HOME"] = home;
        return Process.Start(start)!;
    }

    private static async Task<string> NextEventAsync(Process follow) => (string)(await NextAsync(follow))["event"]!;

    private static async Task<JsonNode> NextAsync(Process follow)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        var line = await follow.StandardOutput.ReadLineAsync(limit.Token);
        return line is null ? throw new InvalidOperationException(await follow.StandardError.ReadToEndAsync(Cancel)) : JsonNode.Parse(line)!;
    }

    private static async Task<(int ExitCode, string After)> InterruptAsync(Process follow)
    {
        Process.Start("kill", ["-INT", $"{follow.Id}"]).WaitForExit();
        var rest = await follow.StandardOutput.ReadToEndAsync(Cancel);
        await follow.WaitForExitAsync(Cancel);
        return (follow.ExitCode, rest);
    }
}
