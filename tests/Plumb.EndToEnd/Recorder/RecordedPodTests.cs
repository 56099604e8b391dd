using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Plumb.EndToEnd.Lab;

namespace Plumb.EndToEnd.Recorder;

/// <summary>A pod of the lab that crashes on a file which it may not write: seen live, saved by itself, explained, found, compared.</summary>
public sealed partial class RecordedPodTests(LabOfTheProgram lab)
{
    private const string Kubectl = "kubectl --kubeconfig $(./plumb kubeconfig)";

    private static string Manifest(string name, string script, string more = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          securityContext: {runAsUser: 1000}
          restartPolicy: Never
          containers:
          - name: main
            image: busybox
            command: [sh, -c, {{System.Text.Json.JsonSerializer.Serialize(script)}}]
        {{more}}
        """;

    [Fact]
    public async Task The_refused_file_of_a_crashing_pod_is_named_with_its_user()
    {
        await StartAsync();
        try
        {
            var traced = await lab.ShellAsync($"""
                {Apply(Manifest("crash-live", "echo App starting...; sleep 3; echo x > /etc/passwd || exit 1").Replace("restartPolicy: Never", "restartPolicy: Always", StringComparison.Ordinal))}
                until [ "$({Kubectl} get pod crash-live -o 'jsonpath={"{.status.phase}"}')" = Running ]; do sleep 0.1; done
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
            await lab.ShellAsync($"{Kubectl} delete pod crash-live --now");
        }
    }

    [Fact]
    public async Task A_crash_is_saved_by_itself_from_the_first_execve_and_is_a_finding()
    {
        await StartAsync();
        try
        {
            var id = await CrashAsync("crash-saved", "echo App starting...; cat /etc/hostname; echo x > /etc/passwd || exit 1");
            var shown = await lab.ShellAsync($"./plumb trace show {id}");
            Assert.Equal(0, shown.ExitCode);
            var lines = shown.Output.Split('\n');
            Assert.Matches("^node\\d +default +crash-saved +main +\\d+ +\\d+ +.* execve ", lines[1]);
            Assert.Matches("openat .*\"/etc/passwd\".* -1 EACCES", shown.Output);
            Assert.Contains("from its first execve", shown.Error, StringComparison.Ordinal);

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
            await lab.ShellAsync($"{Kubectl} delete pod crash-saved --now");
        }
    }

    [Fact]
    public async Task Two_recordings_show_what_failed_in_one_only()
    {
        await StartAsync();
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
            await lab.ShellAsync($"{Kubectl} delete pod diff-good diff-bad --now");
        }
    }

    [Fact]
    public async Task A_namespace_shows_the_calls_of_all_its_pods()
    {
        await StartAsync();
        var traced = await lab.ShellAsync("timeout --foreground -s INT 5 ./plumb trace namespace/payments -o json | head -20000");
        var pods = traced.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.EndsWith('}')).Select(line => (string?)JsonNode.Parse(line)!["pod"]).OfType<string>()
            .Select(pod => pod.Split('-')[0]).Distinct().ToList();
        Assert.Contains("gateway", pods);
        Assert.Contains("ledger", pods);
    }

    private async Task StartAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        await lab.StateAsync();
    }

    private static string Apply(string manifest) => $"""
        {Kubectl} apply -f - <<'END' >&2 || exit 9
        {manifest}
        END
        """;

    /// <summary>The id of the recording that was saved when the pod failed.</summary>
    private async Task<string> CrashAsync(string name, string script, string more = "")
    {
        var listed = await lab.ShellAsync($"""
            {Apply(Manifest(name, script, more))}
            for i in $(seq 100); do ./plumb trace recordings | grep " {name} " && exit 0; sleep 0.2; done; exit 8
            """);
        Assert.True(listed.ExitCode == 0, listed.Output + listed.Error);
        return Id().Match(listed.Output).Value;
    }

    [GeneratedRegex("[0-9a-f]{12}", RegexOptions.None, 1000)]
    private static partial Regex Id();
}
