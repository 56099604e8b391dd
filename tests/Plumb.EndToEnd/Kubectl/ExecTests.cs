using System.Diagnostics;
using System.Globalization;

namespace Plumb.EndToEnd.Kubectl;

/// <summary>Commands in a running container, by kubectl: their output, input, exit code, terminal and end.</summary>
public sealed class ExecTests(KubectlCluster cluster) : IClassFixture<KubectlCluster>
{
    private const string Exec = "$KUBECTL exec";
    private const int FirstWithWebSockets = 30;
    private const string TooOld = "Error from server (BadRequest): exec needs kubectl 1.30 or later, or 1.29 with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true";

    /// <summary>Times that something is looked at until it is as wanted; only what never comes reaches it.</summary>
    private const int Looks = 200;

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: c, image: "busybox:1.36", command: [sleep, "100000"], env: [{name: COLOR, value: "dark blue"}], workingDir: /var, resources: {limits: {memory: 64Mi}}}
          - {name: nobody, image: "busybox:1.36", command: [sleep, "100000"], securityContext: {runAsUser: 65534, runAsGroup: 65534}}
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Others() => [.. KubectlProgram.Found.Select(KubectlProgram.Name).Where(name => Minor(name) > 0).Distinct(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Others))]
    public async Task Each_kubectl_that_speaks_WebSocket_runs_a_command_and_the_others_are_told(string name)
    {
        await PodAsync();
        var kubectl = cluster.With(KubectlProgram.Found.First(file => KubectlProgram.Name(file) == name));
        var plain = await kubectl.ShellAsync($"{Exec} p -c c -- sh -c 'echo out; echo err >&2; exit 5'");
        if (Minor(name) < FirstWithWebSockets)
        {
            Assert.Equal((1, "", TooOld), (plain.Code, plain.Output, plain.Errors.Trim()));
            plain = await kubectl.ShellAsync($"KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true {Exec} p -c c -- sh -c 'echo out; echo err >&2; exit 5'");
        }
        if (Minor(name) >= FirstWithWebSockets - 1)
        {
            Assert.Equal((5, "out\n", "err\ncommand terminated with exit code 5\n"), plain);
        }
    }

    [Fact]
    public async Task A_command_has_the_containers_user_environment_directory_processes_and_limits()
    {
        var kubectl = await PodAsync();
        var (code, output, errors) = await kubectl.ShellAsync($"{Exec} p -c c -- sh -c 'id -u; pwd; echo $COLOR; hostname; ps -o pid,args; cat /proc/self/cgroup; cat /proc/1/cgroup'");
        Assert.Equal((0, ""), (code, errors));
        var lines = output.Split('\n');
        Assert.Equal(["0", "/var", "dark blue", "p"], lines[..4]);
        Assert.Contains(lines, line => line.Trim() == "1 sleep 100000");
        var groups = lines.Where(line => line.Contains("/plumb-", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(groups);
        Assert.Equal(groups[..(groups.Count / 2)], groups[(groups.Count / 2)..]);
        Assert.Equal((0, "65534 65534\n", ""), await kubectl.ShellAsync($"{Exec} p -c nobody -- sh -c 'echo $(id -u) $(id -g)'"));
    }

    [Fact]
    public async Task Every_word_of_the_command_arrives_as_it_was_given()
    {
        var kubectl = await PodAsync();
        Assert.Equal((0, "a b|c+d|e&f=g%20|é||end|", ""), await kubectl.ShellAsync($"{Exec} p -c c -- printf '%s|' 'a b' c+d 'e&f=g%20' é '' end"));
        var longest = new string('x', 60_000);
        Assert.Equal((0, longest, ""), await kubectl.ShellAsync($"{Exec} p -c c -- printf %s {longest}"));
    }

    [Fact]
    public async Task Ten_megabytes_arrive_whole_in_both_directions()
    {
        var kubectl = await PodAsync();
        var (code, output, errors) = await kubectl.ShellAsync($"""
            {Exec} p -c c -- sh -c 'head -c 10000000 /dev/urandom > /tmp/b; md5sum < /tmp/b'
            {Exec} p -c c -- cat /tmp/b | md5sum
            {Exec} p -c c -- cat /tmp/b | {Exec} -i p -c c -- md5sum
            {Exec} p -c c -- cat /tmp/b | {Exec} -i p -c c -- sh -c 'cat; exit 3' | md5sum
            """);
        Assert.Equal((0, "command terminated with exit code 3\n"), (code, errors));
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Input_that_the_command_does_not_read_holds_up_nothing()
    {
        var kubectl = await PodAsync();
        Assert.Equal(4, (await kubectl.ShellAsync($"head -c 10000000 /dev/zero | {Exec} -i p -c c -- sh -c 'exit 4'")).Code);
        Assert.Equal((0, "one\n", ""), await kubectl.ShellAsync($"printf 'one\ntwo\n' | {Exec} -i p -c c -- head -n 1"));
        // What stays in the background does not keep its client.
        Assert.Equal((0, "started\n", ""), await kubectl.ShellAsync($"{Exec} p -c c -- sh -c 'sleep 1000 & echo started'"));
        Assert.Equal(0, (await kubectl.ShellAsync($"{Exec} p -c c -- sh -c 'yes & exit 0' | wc -c")).Code);
    }

    [Fact]
    public async Task What_cannot_be_run_is_refused_in_the_words_of_Kubernetes()
    {
        var kubectl = await PodAsync();
        await kubectl.DoAsync("run lost --image=busybox:1.36 --overrides={\\\"spec\\\":{\\\"nodeSelector\\\":{\\\"no\\\":\\\"where\\\"}}}");
        await kubectl.DoAsync("run done --image=busybox:1.36 --restart=Never -- true");
        await kubectl.DoAsync("wait --for=jsonpath={.status.phase}=Succeeded pod/done --timeout=60s");
        async Task<string> Refused(string rest) => (await kubectl.RefusedAsync($"exec {rest}")).Trim();
        Assert.Equal("Error from server (NotFound): pods \"nope\" not found", await Refused("nope -- ls"));
        Assert.Equal("Error from server (BadRequest): container x is not valid for pod p", await Refused("p -c x -- ls"));
        Assert.Equal("Error from server (BadRequest): pod lost does not have a host assigned", await Refused("lost -- ls"));
        Assert.Contains("current phase is Succeeded", await Refused("done -- ls"), StringComparison.Ordinal);
        Assert.Matches("^error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"[0-9a-f]{64}\": "
            + "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuchcmd\": executable file not found in \\$PATH: unknown$", await Refused("p -c c -- nosuchcmd"));
        Assert.Contains("at least one command", await kubectl.RefusedAsync("get --raw /api/v1/namespaces/default/pods/p/exec?container=c&stdout=1"), StringComparison.Ordinal);
        Assert.Contains("Upgrade request required", await kubectl.RefusedAsync("get --raw /api/v1/namespaces/default/pods/p/exec?container=c&stdout=1&command=ls"), StringComparison.Ordinal);
        Assert.Contains("forbidden", await Refused("p -c c --as=system:serviceaccount:default:default -- ls"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_has_the_windows_size_and_hears_of_a_new_one()
    {
        var kubectl = await PodAsync();
        var (window, go) = (Path.Combine(Path.GetDirectoryName(kubectl.Kubeconfig)!, "window.sh"), Path.Combine(Path.GetDirectoryName(kubectl.Kubeconfig)!, "go"));
        await File.WriteAllTextAsync(window, $"""
            stty cols 91 rows 37
            (until test -e {go}; do sleep 0.05; done; stty cols 100 rows 50 </dev/tty) &
            {Exec} -ti p -c nobody -- sh -c 'tty; stty size; echo $TERM; trap "stty size; exit 6" WINCH; echo ready; while :; do sleep 0.05; done'
            """, Cancel);
        using var process = kubectl.StartShell($"exec script -qec 'sh {window}' /dev/null");
        var lines = await LinesAsync(process, "ready");
        Assert.Equal(["/dev/pts/0", "37 91", "xterm", "ready"], lines.Select(line => line.Trim('\0', '\r')));
        await File.WriteAllTextAsync(go, "", Cancel);
        Assert.StartsWith("50 100", await process.StandardOutput.ReadLineAsync(Cancel), StringComparison.Ordinal);
        await EndAsync(process);
        Assert.Equal(6, process.ExitCode);
    }

    [Fact]
    public async Task Control_C_on_a_terminal_interrupts_what_runs_in_its_foreground()
    {
        var kubectl = await PodAsync();
        using var process = kubectl.StartShell($"exec script -qec '{Exec} -ti p -c c -- sh' /dev/null");
        await process.StandardInput.WriteAsync("sh -c 'echo re\"\"ady; sleep 1000'\n");
        await LinesAsync(process, "ready");
        await process.StandardInput.WriteAsync('\x03');
        await process.StandardInput.WriteAsync("echo it was $?\n");
        await LinesAsync(process, "it was 130");
        await process.StandardInput.WriteAsync("exit 9\n");
        await EndAsync(process);
        Assert.Equal(9, process.ExitCode);
    }

    [Theory]
    [InlineData("sleep 2001", "$KUBECTL exec p -c c -- sh -c 'sleep 2001; true'")]
    [InlineData("sleep 2002", "exec script -qc \"$KUBECTL exec -ti p -c c -- sh -c 'sleep 2002; true'\" /dev/null")]
    [InlineData("sleep 2003", "yes | $KUBECTL exec -i p -c c -- sh -c 'sleep 2003; true'")]
    [InlineData("yes 2004", "$KUBECTL exec p -c c -- sh -c 'yes 2004; true' | sleep 1000")]
    public async Task Nothing_is_left_of_a_command_whose_kubectl_was_killed(string command, string script)
    {
        var kubectl = await PodAsync();
        using var process = kubectl.StartShell(script);
        try
        {
            await UntilAsync(kubectl, command, runs: true);
            foreach (var client in Process.GetProcesses().Where(client => IsKubectlOf(client, command)))
            {
                client.Kill();
            }
            await UntilAsync(kubectl, command, runs: false);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_command_ends_with_its_container()
    {
        var kubectl = await PodAsync();
        await kubectl.DoAsync("run brief --image=busybox:1.36 -- sleep 1000");
        await kubectl.DoAsync("wait --for=condition=Ready pod/brief --timeout=60s");
        using var process = kubectl.StartShell($"{Exec} brief -- sh -c 'echo ready; sleep 1000'");
        await LinesAsync(process, "ready");
        await kubectl.DoAsync("delete pod brief --now");
        Assert.Equal("command terminated with exit code 137\n", await process.StandardError.ReadToEndAsync(Cancel));
        await EndAsync(process);
        Assert.Equal(137, process.ExitCode);
    }

    private static int Minor(string name) => int.TryParse(name.Split('.')[^1], CultureInfo.InvariantCulture, out var minor) ? minor : 0;

    /// <summary>The pod of all tests.</summary>
    private async Task<KubectlProgram> PodAsync()
    {
        var kubectl = cluster.Newest();
        await kubectl.DoAsync("apply -f -", Pod);
        await kubectl.DoAsync("wait --for=condition=Ready pod/p --timeout=60s");
        return kubectl;
    }

    private static async Task EndAsync(Process process)
    {
        using var limit = Limit();
        await process.WaitForExitAsync(limit.Token);
    }

    /// <summary>Only what hangs reaches it.</summary>
    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        return limit;
    }

    /// <summary>What a process writes, up to a line with that text.</summary>
    private static async Task<IReadOnlyList<string>> LinesAsync(Process process, string last)
    {
        var lines = new List<string>();
        using var limit = Limit();
        do
        {
            lines.Add(await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException($"it ended before it wrote '{last}', with: {string.Join('\n', lines)}{await process.StandardError.ReadToEndAsync(Cancel)}"));
        }
        while (!lines[^1].Contains(last, StringComparison.Ordinal));
        return lines;
    }

    /// <summary>Looks for a command in the container, until it is there or is gone. One that ended and that the first process does not wait for is shown in brackets.</summary>
    private static async Task UntilAsync(KubectlProgram kubectl, string command, bool runs)
    {
        var shown = "";
        for (var look = 0; look < Looks; look++)
        {
            (_, shown, var errors) = await kubectl.ShellAsync($"{Exec} p -c c -- ps -o args");
            Assert.Equal("", errors);
            if (shown.Contains(command, StringComparison.Ordinal) == runs)
            {
                return;
            }
        }
        Assert.Fail($"'{command}' {(runs ? "is not" : "is still")} in the container:\n{shown}");
    }

    private static bool IsKubectlOf(Process client, string command)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{client.Id}/cmdline").Split('\0');
            return words[0] == KubectlProgram.Newest && words.Any(word => word.Contains(command, StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }
}
