using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Recorder;

/// <summary>A lab of its own: its recorder over kill -9, and what makes it save.</summary>
public sealed class RecorderSurvivalTests : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-survival-");

    public RecorderSurvivalTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
    }

    public async ValueTask DisposeAsync()
    {
        await ShellAsync("./plumb down");
        _home.Delete(recursive: true);
    }

    [Fact]
    public async Task Kill_9_of_the_lab_loses_no_ring_and_the_next_start_saves_what_it_finds()
    {
        await UpAsync();
        var started = await ShellAsync("""
            kubectl run witness --image=busybox --restart=Never -- sh -c 'i=0; while true; do i=$((i+1)); cat /call-$i; sleep 0.1; done' >&2
            for i in $(seq 100); do ./plumb trace pod/witness --last 4000 2>/dev/null | grep -q call-3 && break; sleep 0.2; done
            kill -9 $(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' $PLUMB_HOME/lab.json | head -1)
            sleep 1
            """);
        Assert.True(started.ExitCode == 0, started.Error);

        await UpAsync();
        var found = JsonNode.Parse((await ShellAsync("./plumb trace recordings -o json")).Output)!["recordings"]!.AsArray().Single(one => (string?)one!["pod"] == "witness")!;
        Assert.Equal("found", (string?)found["reason"]);
        var shown = await ShellAsync($"./plumb trace show {(string?)found["id"]} -o ndjson");
        var calls = shown.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        var counts = calls.Select(call => (string?)call["parameters"]?["filename"]).OfType<string>().Where(path => path.StartsWith("\"/call-", StringComparison.Ordinal))
            .Select(path => int.Parse(path["\"/call-".Length..^1], CultureInfo.InvariantCulture)).ToList();
        // It was killed at about the third; the kernel went on recording for a second.
        Assert.True(counts.Max() > 6, $"the last is {counts.Max()}");
    }

    [Fact]
    public async Task After_kill_9_down_saves_what_was_recorded_and_leaves_nothing_attached()
    {
        await UpAsync();
        var ended = await ShellAsync("""
            kubectl run left --image=busybox --restart=Never -- sh -c 'sleep 600' >&2
            for i in $(seq 100); do ./plumb trace pod/left --last 4000 2>/dev/null | grep -q clock_nanosleep && break; sleep 0.2; done
            kill -9 $(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' $PLUMB_HOME/lab.json | head -1); sleep 0.5
            ./plumb down; ./plumb trace recordings; ls -d /run/plumb/bpf/plumb-$(printf %s $PLUMB_HOME/cluster | sha256sum | cut -c1-10) 2>&1
            """);
        Contains("default +left +left +found", ended.Output);
        Contains("No such file or directory", ended.Output);
    }

    [Fact]
    public async Task After_kill_9_what_cannot_be_saved_is_told()
    {
        await UpAsync();
        var ended = await ShellAsync("""
            kubectl run left --image=busybox --restart=Never -- sh -c 'sleep 600' >&2
            for i in $(seq 100); do ./plumb trace pod/left --last 4000 2>/dev/null | grep -q clock_nanosleep && break; sleep 0.2; done
            kill -9 $(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' $PLUMB_HOME/lab.json | head -1); sleep 0.5
            rm -r $PLUMB_HOME/recordings; touch $PLUMB_HOME/recordings
            ./plumb down
            """);
        Contains("plumb: the recording of .* could not be saved in .*/recordings", ended.Error);
    }

    [Fact]
    public async Task A_container_that_is_killed_for_memory_and_a_pod_that_turns_unready_are_saved_with_their_reason()
    {
        await UpAsync();
        var saved = await ShellAsync("""
            kubectl apply -f - <<'END' >&2
            apiVersion: v1
            kind: Pod
            metadata: {name: hungry}
            spec:
              restartPolicy: Never
              containers:
              - {name: main, image: busybox, command: [sh, -c, "sleep 0.5; exec tail -c 900000000 /dev/zero"], resources: {limits: {memory: 24Mi}}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: fickle}
            spec:
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "touch /tmp/ready; sleep 3; rm /tmp/ready; sleep 600"]
                readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}
            END
            for i in $(seq 150); do ./plumb trace recordings > $PLUMB_HOME/list; grep -q hungry $PLUMB_HOME/list && grep -q fickle $PLUMB_HOME/list && break; sleep 0.2; done
            cat $PLUMB_HOME/list
            """);
        Contains("default +hungry +main +OOM-killed", saved.Output);
        Contains("default +fickle +main +unready", saved.Output);
    }

    [Fact]
    public async Task Without_the_recorder_nothing_is_attached_and_that_is_said()
    {
        var up = await ShellAsync("./plumb up -d --bare --nodes 1 --no-recorder");
        Assert.Contains("recorder    off: --no-recorder", up.Output, StringComparison.Ordinal);
        var refused = await ShellAsync("./plumb trace namespace/default");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("the lab's flight recorder is off (--no-recorder)", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configuration_limits_what_is_kept_and_turns_the_recorder_off()
    {
        var limited = await ShellAsync("""
            cd $PLUMB_HOME; printf 'recorder:\n  perContainer: 1\n' > plumb.yaml
            $ROOT/plumb up -d --bare --nodes 1
            for pod in one two; do kubectl run $pod --image=busybox --restart=OnFailure -- sh -c 'exit 3' >&2; done
            for i in $(seq 150); do kubectl get pods | awk '$4 >= 2 {n++} END {exit n < 2}' && break; sleep 0.2; done; sleep 0.5
            $ROOT/plumb trace recordings; $ROOT/plumb down
            printf 'recorder:\n  enabled: false\n' > plumb.yaml
            $ROOT/plumb up -d --bare --nodes 1
            """.Replace("$ROOT", BuiltProgram.Root, StringComparison.Ordinal));
        Contains("recorder    on", limited.Output);
        Contains("recorder    off: recorder.enabled is false in plumb.yaml", limited.Output);
        Assert.Single(Regex.Matches(limited.Output, "default +one +one +exit 3", RegexOptions.None, TimeSpan.FromSeconds(1)));
        Assert.Single(Regex.Matches(limited.Output, "default +two +two +exit 3", RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_nodes_recorder_takes_the_pods_names_from_the_api_and_saves_crashes_too()
    {
        await ShellAsync("./plumb up -d --bare --nodes 1 --no-recorder");
        var run = await ShellAsync("""
            kubectl run early --image=busybox --restart=Never -- sh -c 'exit 4' >&2
            for i in $(seq 100); do kubectl get pod early | grep -q Error && break; sleep 0.2; done; sleep 1.1
            LAB=plumb-$(printf %s $PLUMB_HOME/cluster | sha256sum | cut -c1-10)
            PLUMB_HOME=$PLUMB_HOME/node ./plumb trace node --kubeconfig $(./plumb kubeconfig) --node node1 --cgroup /$LAB/ 2> $PLUMB_HOME/node.log & NODE=$!
            for i in $(seq 100); do grep -q 'recording every container' $PLUMB_HOME/node.log && break; sleep 0.1; done
            kubectl run unlucky --image=busybox --restart=Never -- sh -c 'cat /etc/missing.conf || exit 5' >&2
            for i in $(seq 100); do PLUMB_HOME=$PLUMB_HOME/node ./plumb trace recordings | grep unlucky && break; sleep 0.2; done
            PLUMB_HOME=$PLUMB_HOME/node ./plumb trace pod/unlucky --last 1
            kill $NODE; wait $NODE; echo "ended with $?"; cat $PLUMB_HOME/node.log
            """);
        Contains("default +unlucky +unlucky +exit 5", run.Output);
        Contains("node1 +default +unlucky +unlucky +.*exit_group +error_code=5", run.Output);
        Assert.Contains("ended with 0", run.Output, StringComparison.Ordinal);
        // What ended before there was a recorder is no loss.
        Assert.DoesNotContain("no system calls", run.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists("/run/plumb/bpf/node") || Directory.Exists("/sys/fs/bpf/plumb/node"));
    }

    [Fact]
    public async Task In_a_container_the_machines_cgroups_are_seen_where_they_are_mounted()
    {
        var tried = await ShellAsync("""
            mount=$(awk '$3=="cgroup2"{print $2; exit}' /proc/mounts); mkdir $mount/plumb-inner-$$; echo 0 > $mount/plumb-inner-$$/cgroup.procs
            unshare -C ./plumb trace cgroup plumb-not-there
            echo 0 > $mount/cgroup.procs; rmdir $mount/plumb-inner-$$
            """);
        Assert.Contains("there is no cgroup 'plumb-not-there' in the cgroup2 hierarchy", tried.Error, StringComparison.Ordinal);
    }

    private static void Contains(string pattern, string text) => Assert.True(Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)), text);

    private async Task UpAsync()
    {
        var up = await ShellAsync("./plumb up -d --bare --nodes 1");
        Assert.True(up.ExitCode == 0, up.Error);
        Assert.Contains("recorder    on", up.Output, StringComparison.Ordinal);
    }

    private Task<Plumb.Platform.Processes.ProcessOutput> ShellAsync(string script) =>
        BuiltProgram.ShellAsync($"export PLUMB_HOME={_home.FullName}; export KUBECONFIG=$PLUMB_HOME/cluster/kubeconfig\n{script}");
}
