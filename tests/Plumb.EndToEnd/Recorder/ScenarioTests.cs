using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Plumb.EndToEnd.Lab;

namespace Plumb.EndToEnd.Recorder;

/// <summary>What goes wrong in practice, in pods of the lab: start-up, resources, network, configuration and secrets, speed. The recorder saves it by itself, and names the call.</summary>
public sealed class ScenarioTests(LabOfTheProgram lab, ScenarioPods scenario) : IClassFixture<ScenarioPods>
{
    [Theory]
    [InlineData("start-config", "missing-file", "^python3 .* ended with 1; its last failure that matters was openat\\(\"/etc/payments/app.json\"\\) = ENOENT \\(No such file or directory\\), .* before$")]
    [InlineData("start-service", "refused-connection", "connect\\(127\\..*:5432\\) = ECONNREFUSED .* before; it had asked for the name orders-db\\.default\\.svc\\.cluster\\.local$")]
    [InlineData("start-directory", "refused-access", "^mkdir .*mkdir\\(\"/var/cache/app/\"\\) = EACCES \\(Permission denied\\) as user 1000, .* before; sh \\(process \\d+\\) ended with the same$")]
    public async Task A_crash_loop_at_the_start_has_a_finding_that_names_the_call(string pod, string kind, string text)
    {
        var suspect = await SuspectAsync(pod);
        Says(text, suspect["text"]);
        Assert.Equal(kind, (string?)suspect["kind"]);
        var findings = JsonNode.Parse((await lab.ShellAsync("./plumb findings -o json")).Output)!["findings"]!.AsArray();
        var finding = Assert.Single(findings, one => (string?)one!["finding"]!["subject"]!["name"] == $"{pod}/main")!["finding"]!;
        Assert.StartsWith("container main ended with exit 1; ", (string?)finding["summary"], StringComparison.Ordinal);
        Says(text.TrimStart('^'), finding["summary"]);
        Assert.Contains(finding["evidence"]!.AsArray(), one => (string?)one!["what"] == "the calls say" && (string?)one["value"] == (string?)suspect["evidence"]![0]);
        var state = await lab.ShellAsync($"for i in $(seq 100); do {LabPods.Kubectl} get pod {pod} | grep CrashLoopBackOff && exit 0; sleep 0.2; done; exit 7");
        Assert.Equal(0, state.ExitCode);
    }

    [Theory]
    [InlineData("no-memory", "no-memory", "mmap\\(1,02\\d\\.\\d MiB\\) = ENOMEM \\(Cannot allocate memory\\), .* before; its address space is limited to 195\\.3 MiB")]
    [InlineData("no-descriptors", "out-of-descriptors", "was socket\\(.*\\) = EMFILE \\(Too many open files\\), .* before; its limit is 64; opened in the recording and not closed: \\d+ × TCP$")]
    [InlineData("oom", "oom-killed", "was killed by the kernel: its container was out of memory; its last call was ")]
    public async Task A_resource_that_ran_out_is_told_with_its_limit_and_who_used_it(string pod, string kind, string text)
    {
        var suspect = await SuspectAsync(pod);
        Says(text, suspect["text"]);
        Assert.Equal(kind, (string?)suspect["kind"]);
        if (kind == "oom-killed")
        {
            Assert.Contains(suspect["evidence"]!.AsArray(), line => Regex.IsMatch((string)line!, "in the recording it asked for \\d\\d\\.\\d MiB: \\d+ × mmap", RegexOptions.None, TimeSpan.FromSeconds(1)));
        }
    }

    [Theory]
    [InlineData("given-up", "timed-out", "connect\\(127\\.0\\.0\\.1:\\d+\\), given up without an answer after \\d+(\\.\\d)? m?s, ")]
    [InlineData("timed-out", "timed-out", "connect\\(127\\.0\\.0\\.1:\\d+\\) = ETIMEDOUT \\(Connection timed out\\), ")]
    [InlineData("no-name", "dns", "the lookup of inventory: 127\\..*:53 answered NXDOMAIN to inventory\\.default\\.svc\\.cluster\\.local, inventory\\.svc\\.cluster\\.local, inventory\\.cluster\\.local and REFUSED to inventory, ")]
    [InlineData("no-name-read", "dns", "^nslookup .* perhaps the lookup of inventory.*, for 127\\..*:53 was asked for inventory.* and nothing was connected to after its answer, .*; sh \\(process \\d+\\) ended with the same$")]
    public async Task A_network_that_does_not_answer_is_told_with_addresses_and_names(string pod, string kind, string text)
    {
        var suspect = await SuspectAsync(pod);
        Says(text, suspect["text"]);
        Assert.Equal(kind, (string?)suspect["kind"]);
    }

    [Theory]
    [InlineData("missing-key", "openat\\(\"/etc/app/app.yaml\"\\) = ENOENT ")]
    [InlineData("unreadable-secret", "openat\\(\"/etc/db/password\"\\) = EACCES \\(Permission denied\\) as user 1000, the file's mode is S_IFREG\\|0400, ")]
    [InlineData("many-paths", "openat\\(\"\\./config.yaml\"\\) = ENOENT .* before; it was looked for at \"/etc/app/config.yaml\", \"/etc/config.yaml\", too$")]
    public async Task Configuration_that_is_not_there_or_not_readable_is_named_with_every_place(string pod, string text)
    {
        Says(text, (await SuspectAsync(pod))["text"]);
    }

    [Fact]
    public async Task A_secrets_name_is_shown_and_its_content_is_nowhere()
    {
        Says("openat\\(\"/run/secrets/db/ca.crt\"\\) = ENOENT ", (await SuspectAsync("masked-secret"))["text"]);
        var id = await scenario.Pods.RecordingAsync("masked-secret");
        var shown = await lab.ShellAsync($"./plumb trace show {id}");
        Assert.Matches("openat .*filename=\"/run/secrets/db/password\".* 3<.*/password>", shown.Output);
        Assert.Contains("buf=\"password=<redacted>\"", shown.Output, StringComparison.Ordinal);
        var searched = await lab.ShellAsync($"./plumb trace show {id} -o json | grep -c tr0ub4dor; grep -ac tr0ub4dor $PLUMB_HOME/recordings/{id}.plumbrec");
        Assert.Equal("0\n0\n", searched.Output);
    }

    [Theory]
    [InlineData("slow-disk", "fsync", "also: python3 .*: [\\d,]+ × fsync in .*, all on /tmp/journal: .* each, the slowest ", "fsync +[\\d,]+ +0 ")]
    [InlineData("slow-lock", "futex", "also: python3 .*: [\\d,]+ waits for the lock at 0x[0-9a-f]+ by [2-4] threads in .* together, the longest ", "futex +[\\d,]+ +[\\d,]+ ")]
    [InlineData("slow-answer", "recvfrom", "also: python3 .*: nothing came from TCP .*->127\\.0\\.0\\.1:\\d+ within \\d+ ms, [\\d,]+ times", "recvfrom +[\\d,]+ +[\\d,]+ .* EAGAIN:[\\d,]+")]
    [InlineData("slow-poll", "poll", "also: python3 .*: nothing came from TCP .*->127\\.0\\.0\\.1:\\d+ within \\d+ ms, [\\d,]+ times", "poll +[\\d,]+ +0 ")]
    public async Task What_makes_a_running_pod_slow_is_in_its_ring(string pod, string call, string text, string row)
    {
        await scenario.StartAsync();
        var shown = await lab.ShellAsync($"""
            for i in $(seq 100); do
                ./plumb trace pod/{pod} --last 4096 --syscall {call} --explain | grep -A 5 -E 'also: .*( × fsync|waits for the lock|, [0-9]+[0-9,]* times)' && break
                sleep 0.3
            done
            """);
        Says(text, shown.Output);
        Assert.Contains("cannot see: ", shown.Output, StringComparison.Ordinal);
        var counted = await lab.ShellAsync($"./plumb trace pod/{pod} --last 4096 --stats");
        Says("(?m)^" + row, counted.Output);
        Assert.Matches($"(?m)^default/{pod}/main ", counted.Output);
    }

    private static void Says(string pattern, JsonNode? text) => Assert.True(Regex.IsMatch((string)text!, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)), (string)text!);

    /// <summary>What the saved recording of a pod blames.</summary>
    private async Task<JsonNode> SuspectAsync(string pod)
    {
        await scenario.StartAsync();
        var id = await scenario.Pods.RecordingAsync(pod);
        var explained = await lab.ShellAsync($"./plumb trace explain {id} -o json");
        Assert.True(JsonNode.Parse(explained.Output)!["explanation"] is JsonArray { Count: > 0 }, explained.Output);
        return JsonNode.Parse(explained.Output)!["explanation"]!.AsArray()[^1]!;
    }
}
