using System.Text.Json.Nodes;
using Plumb.EndToEnd.Kubectl;
using Plumb.EndToEnd.Lab;

namespace Plumb.EndToEnd.Recorder;

/// <summary>A pod of the lab that crashes on a file which it may not write: seen live, saved by itself, explained, found, compared.</summary>
public sealed class RecordedPodTests(LabOfTheProgram lab)
{
    private readonly LabPods _pods = new(lab);

    [Fact]
    public async Task The_refused_file_of_a_crashing_pod_is_named_with_its_user()
    {
        await _pods.StartAsync();
        try
        {
            var traced = await lab.ShellAsync($"""
                {LabPods.Apply(LabPods.Manifest("crash-live", "echo App starting...; sleep 3; echo x > /etc/passwd || exit 1").Replace("restartPolicy: Never", "restartPolicy: Always", StringComparison.Ordinal))}
                until [ "$({LabPods.Kubectl} get pod crash-live -o 'jsonpath={"{.status.phase}"}')" = Running ]; do sleep 0.1; done
                timeout --foreground -s INT 12 ./plumb trace pod/crash-live --explain
                """);
            Assert.Contains("NODE", traced.Output, StringComparison.Ordinal);
            Assert.Matches("node\\d +default +crash-live +main +\\d+ +\\d+ +sh +openat +dfd=AT_FDCWD.*, filename=\"/etc/passwd\".* -1 EACCES \\(Permission denied\\)", traced.Output);
            Assert.Matches("openat\\(\"/etc/passwd\"\\) = EACCES \\(Permission denied\\) as user 1000, .* before", traced.Output);
            Assert.Matches("pod default/crash-live: [\\d,]+ calls recorded, 0 lost", traced.Error);
            var missing = await lab.ShellAsync("./plumb trace pod/not-there");
            Assert.Contains("there is no pod 'not-there' in the namespace 'default' of the lab", missing.Error, StringComparison.Ordinal);
        }
        finally
        {
            await lab.ShellAsync($"{LabPods.Kubectl} delete pod crash-live --now");
        }
    }

    [Fact]
    public async Task A_crash_is_saved_by_itself_from_the_first_execve_and_is_a_finding()
    {
        await _pods.StartAsync();
        try
        {
            var id = await CrashAsync("crash-saved", "echo App starting...; cat /etc/hostname; echo x > /etc/passwd || exit 1");
            var shown = await lab.ShellAsync($"./plumb trace show {id}");
            Assert.Equal(0, shown.ExitCode);
            var lines = shown.Output.Split('\n');
            Assert.Matches("^node\\d +default +crash-saved +main +\\d+ +\\d+ +.* execve ", lines[1]);
            Assert.Matches("openat .*\"/etc/passwd\".* -1 EACCES", shown.Output);
            Assert.Contains("from its first execve", shown.Error, StringComparison.Ordinal);

            var document = JsonNode.Parse((await lab.ShellAsync($"./plumb trace show {id} -o json")).Output)!["calls"]!.AsArray();
            var each = (await lab.ShellAsync($"./plumb trace show {id} -o ndjson")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(document.Select(call => call!.ToJsonString()), each.Select(line => JsonNode.Parse(line)!.ToJsonString()));

            var explained = await lab.ShellAsync($"./plumb trace explain {id}");
            Assert.Matches("openat\\(\"/etc/passwd\"\\) = EACCES \\(Permission denied\\) as user 1000", explained.Output);

            var findings = JsonNode.Parse((await lab.ShellAsync("./plumb findings -o json")).Output)!["findings"]!.AsArray();
            var finding = Assert.Single(findings, one => (string?)one!["finding"]!["subject"]!["name"] == "crash-saved/main");
            Assert.Equal("recorder", (string?)finding!["check"]);
            Assert.Contains(id, (await lab.ShellAsync($"./plumb explain {(string?)finding["finding"]!["id"]}")).Output, StringComparison.Ordinal);

            // Nobody but the owner reads it.
            Assert.Equal("600", (await lab.ShellAsync($"stat -c %a $PLUMB_HOME/recordings/{id}.plumbrec")).Output.Trim());
            var last = await lab.ShellAsync("./plumb trace pod/crash-saved --last 1");
            Assert.Matches("exit_group +error_code=1", last.Output);
        }
        finally
        {
            await lab.ShellAsync($"{LabPods.Kubectl} delete pod crash-saved --now");
        }
    }

    [Fact]
    public async Task Two_recordings_show_what_failed_in_one_only()
    {
        await _pods.StartAsync();
        try
        {
            const string Script = "cat /etc/$FILE; exit 2";
            var first = await CrashAsync("diff-good", Script, "    env: [{name: FILE, value: hostname}]");
            var second = await CrashAsync("diff-bad", Script, "    env: [{name: FILE, value: not-there}]");
            var compared = await lab.ShellAsync($"./plumb trace diff {first} {second}");
            Assert.Equal(0, compared.ExitCode);
            Assert.Matches("openat +\"/etc/not-there\" +not called +ENOENT", compared.Output);
            Assert.Matches("openat +\"/etc/hostname\" +ok +not called", compared.Output);
            var json = JsonNode.Parse((await lab.ShellAsync($"./plumb trace diff {first} {second} -o json")).Output)!;
            Assert.Contains(json["failures"]!.AsArray(), one => (string?)one!["subject"] == "\"/etc/not-there\"" && (int?)one["second"]!["ENOENT"] == 1);
        }
        finally
        {
            await lab.ShellAsync($"{LabPods.Kubectl} delete pod diff-good diff-bad --now");
        }
    }

    [Fact]
    public async Task What_is_typed_into_a_running_pod_is_in_its_ring()
    {
        await _pods.StartAsync();
        Assert.SkipWhen(KubectlProgram.Newest is null, "needs a kubectl");
        var applied = await lab.ShellAsync(LabPods.Apply(LabPods.Manifest("first-trace", "exec sleep 600")) + $"\n{LabPods.Kubectl} wait --for=condition=Ready pod/first-trace --timeout=60s >&2");
        Assert.True(applied.ExitCode == 0, applied.Error);
        try
        {
            var typed = await lab.ShellAsync($"{KubectlProgram.Newest} --kubeconfig $(./plumb kubeconfig) exec -i first-trace -- /bin/sh <<'END'\nls /\necho Hello World > /tmp/test.txt\ncat /tmp/test.txt\nEND\n");
            Assert.SkipWhen(typed.Error.Contains("exec needs kubectl", StringComparison.Ordinal), typed.Error);
            Assert.EndsWith("Hello World\n", typed.Output, StringComparison.Ordinal);

            var traced = await lab.ShellAsync("./plumb trace pod/first-trace --last 4096");
            Assert.Matches("^NODE +NAMESPACE +POD +CONTAINER +CPU +PID +COMM +SYSCALL +PARAMETERS +RET", traced.Output);
            Assert.Matches("node\\d +default +first-trace +main +\\d+ +\\d+ +ls +getdents64 +fd=3</>", traced.Output);
            Assert.Matches("sh +open(at)? .*filename=\"/tmp/test.txt\", flags=O_WRONLY\\|O_CREAT\\|O_TRUNC", traced.Output);
            Assert.Matches("cat +open(at)? .*filename=\"/tmp/test.txt\", flags=O_RDONLY", traced.Output);
            Assert.Contains("buf=\"Hello World\\n\"", traced.Output, StringComparison.Ordinal);
        }
        finally
        {
            await lab.ShellAsync($"{LabPods.Kubectl} delete pod first-trace --now");
        }
    }

    [Fact]
    public async Task A_namespace_shows_the_calls_of_all_its_pods()
    {
        await _pods.StartAsync();
        var traced = await lab.ShellAsync("timeout --foreground -s INT 5 ./plumb trace namespace/payments -o json | head -20000");
        var pods = traced.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.EndsWith('}')).Select(line => (string?)JsonNode.Parse(line)!["pod"]).OfType<string>()
            .Select(pod => pod.Split('-')[0]).Distinct().ToList();
        Assert.Contains("gateway", pods);
        Assert.Contains("ledger", pods);
    }

    /// <summary>The id of the recording that was saved when the pod failed.</summary>
    private async Task<string> CrashAsync(string name, string script, string more = "")
    {
        var applied = await lab.ShellAsync(LabPods.Apply(LabPods.Manifest(name, script, more)));
        Assert.True(applied.ExitCode == 0, applied.Error);
        return await _pods.RecordingAsync(name);
    }
}
