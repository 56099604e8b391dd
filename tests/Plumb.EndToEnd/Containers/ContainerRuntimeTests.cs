using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Plumb.Cluster.Containers;
using Xunit;

namespace Plumb.EndToEnd.Containers;

/// <summary>Real containers on this machine. They need root; without it they say so and are skipped.</summary>
public sealed class ContainerRuntimeTests : IAsyncLifetime
{
    private const string NeedsRoot = "needs root with CAP_SYS_ADMIN: containers are Linux namespaces";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _state = Directory.CreateTempSubdirectory("plumb-e2e-").FullName;
    private readonly string _lab = RandomNumberGenerator.GetHexString(8, lowercase: true);
    private ContainerRuntime _runtime = null!;

    public ValueTask InitializeAsync()
    {
        _runtime = new ContainerRuntime(new ContainerRuntimeOptions(_lab, _state), TimeProvider.System);
        Assert.SkipUnless(_runtime.IsIsolating, NeedsRoot);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _runtime.RemoveLeftoversAsync(CancellationToken.None);
        _runtime.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task A_container_is_process_1_of_its_own_processes_and_sees_no_others()
    {
        var (_, output) = await RunAsync("echo $$; ls -d /proc/[0-9]* | wc -l; hostname", hostname: "web-0");
        var lines = output.Out.Split('\n');
        Assert.Equal("1", lines[0]);
        Assert.True(int.Parse(lines[1], CultureInfo.InvariantCulture) <= 4, output.Out);
        Assert.Equal("web-0", lines[2]);
    }

    [Fact]
    public async Task What_a_container_writes_is_not_on_the_machine()
    {
        var name = $"/usr/plumb-test-{_lab}";
        var (exit, output) = await RunAsync($"echo hello > {name} && cat {name}; echo x > /tmp/x; ls /tmp");
        Assert.Equal(0, exit.Code);
        Assert.Equal("hello\nx\n", output.Out);
        Assert.False(File.Exists(name));
    }

    [Fact]
    public async Task A_container_sees_neither_home_directories_nor_the_labs_own_files()
    {
        await File.WriteAllTextAsync(Path.Combine(_state, "secret"), "s", TestContext.Current.CancellationToken);
        var (_, output) = await RunAsync($"ls -A /root /home /mnt | grep -v : | grep . ; cat {_state}/secret; touch /sys/x");
        Assert.Equal("", output.Out);
        Assert.Contains("No such file", output.Err, StringComparison.Ordinal);
        Assert.Contains("Read-only", output.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_codes_and_signals_are_told_apart()
    {
        Assert.Equal((3, null), await CodeOf("exit 3"));
        Assert.Equal((137, (int?)9), await CodeOf("sleep 0.05; kill -9 $$; exec sleep 60", killAfterStart: true));
    }

    [Fact]
    public async Task A_program_that_does_not_exist_is_said_in_the_words_of_the_container_runtimes()
    {
        var (_, absolute) = await _runtime.StartAsync(Spec(["/no/such/cmd"]), new Output(), CancellationToken.None);
        Assert.Equal("exec: \"/no/such/cmd\": stat /no/such/cmd: no such file or directory", absolute);
        var (_, inPath) = await _runtime.StartAsync(Spec(["nosuchcmd"]), new Output(), CancellationToken.None);
        Assert.Equal("exec: \"nosuchcmd\": executable file not found in $PATH", inPath);
    }

    [Fact]
    public async Task Over_its_memory_limit_a_container_is_killed_and_the_kernel_counted_it()
    {
        Assert.SkipUnless(_runtime.Hierarchies.HasMemory, "needs the cgroup memory controller");
        var (exit, _) = await RunAsync("exec tail /dev/zero", limits: new ContainerLimits(MemoryBytes: 16 << 20));
        Assert.Equal((137, (int?)9), (exit.Code, exit.Signal));
        Assert.Equal(1, exit.OomKills);
    }

    [Fact]
    public async Task A_killed_child_leaves_the_first_process_alive_and_is_counted()
    {
        Assert.SkipUnless(_runtime.Hierarchies.HasMemory, "needs the cgroup memory controller");
        var (exit, output) = await RunAsync("tail /dev/zero; echo child $?", limits: new ContainerLimits(MemoryBytes: 16 << 20));
        Assert.Equal(0, exit.Code);
        Assert.Equal("child 137\n", output.Out);
        Assert.Equal(1, exit.OomKills);
    }

    [Fact]
    public async Task Over_its_cpu_limit_a_container_is_throttled_in_nearly_every_period()
    {
        Assert.SkipUnless(_runtime.Hierarchies.HasCpu, "needs the cgroup cpu controller");
        var (container, _) = await _runtime.StartAsync(Spec(["sh", "-c", "while :; do :; done"]) with { Limits = new ContainerLimits(CpuMillis: 100) }, new Output(), CancellationToken.None);
        for (var i = 0; i < 200 && container!.Stats().Periods < 10; i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        var stats = container!.Stats();
        container.Signal(Native.SigKill);
        await container.Exited.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.InRange(stats.ThrottledPeriods, stats.Periods / 2, stats.Periods);
        Assert.True(stats.CpuNanoseconds > 0);
    }

    [Fact]
    public async Task A_command_runs_inside_a_running_container()
    {
        var (container, failure) = await _runtime.StartAsync(Spec(["sh", "-c", "echo inside > /tmp/f; exec sleep 60"]), new Output(), CancellationToken.None);
        Assert.Null(failure);
        ExecResult seen;
        do
        {
            seen = await container!.ExecAsync(["cat", "/tmp/f"], Patience, 4096, CancellationToken.None);
        }
        while (seen.Code != 0);
        Assert.Equal("inside\n", seen.Output);
        Assert.Equal(5, (await container.ExecAsync(["sh", "-c", "exit 5"], Patience, 4096, CancellationToken.None)).Code);
        Assert.Equal(0, (await container.ExecAsync(["sh", "-c", "yes & exit 0"], Patience, 4096, CancellationToken.None)).Code);
        Assert.True((await container.ExecAsync(["sleep", "60"], TimeSpan.FromMilliseconds(100), 4096, CancellationToken.None)).TimedOut);
        container.Signal(Native.SigKill);
        await container.Exited.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_container_runs_as_the_user_it_was_given_without_capabilities()
    {
        var (exit, output) = await RunAsync("id -u; id -g; grep CapEff /proc/self/status", user: new ContainerUser(65534, 65534, [65534]));
        Assert.Equal(0, exit.Code);
        Assert.Equal("65534\n65534\nCapEff:\t0000000000000000\n", output.Out);
    }

    [Fact]
    public async Task Volumes_appear_at_their_paths_and_read_only_ones_refuse_writes()
    {
        var source = Directory.CreateDirectory(Path.Combine(_state, "volume")).FullName;
        await File.WriteAllTextAsync(Path.Combine(source, "a"), "1", TestContext.Current.CancellationToken);
        var (_, output) = await RunAsync(
            "cat /var/run/v/a; echo 2 > /data/b; echo 3 > /var/run/v/c", mounts: [new BindMount(source, "/var/run/v", ReadOnly: true), new BindMount(source, "/data")]);
        Assert.Equal("1", output.Out);
        Assert.Contains("Read-only", output.Err, StringComparison.Ordinal);
        Assert.Equal("2\n", await File.ReadAllTextAsync(Path.Combine(source, "b"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Two_hundred_containers_leave_no_process_cgroup_or_descriptor()
    {
        await RunAsync("true");
        var before = Directory.GetFiles("/proc/self/fd").Length;
        for (var batch = 0; batch < 20; batch++)
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => RunAsync("sleep 0.01 & exit 0")));
        }
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 10);
        foreach (var root in _runtime.Hierarchies.Roots)
        {
            Assert.Empty(Directory.GetDirectories(Path.Combine(root, _runtime.LabCgroup, "podp")));
        }
        Assert.DoesNotContain(await File.ReadAllLinesAsync("/proc/self/mountinfo", TestContext.Current.CancellationToken), line => line.Contains(_state, StringComparison.Ordinal));
    }

    private async Task<(int Code, int? Signal)> CodeOf(string script, bool killAfterStart = false)
    {
        var (container, _) = await _runtime.StartAsync(Spec(["sh", "-c", script]), new Output(), CancellationToken.None);
        if (killAfterStart)
        {
            container!.Signal(Native.SigKill);
        }
        var exit = await container!.Exited.WaitAsync(Patience);
        return (exit.Code, exit.Signal);
    }

    private async Task<(ContainerExit Exit, Output Output)> RunAsync(
        string script, string hostname = "", ContainerLimits? limits = null, ContainerUser? user = null, IReadOnlyList<BindMount>? mounts = null)
    {
        var output = new Output();
        var spec = Spec(["sh", "-c", script]) with { Hostname = hostname, Limits = limits ?? new ContainerLimits(), User = user ?? ContainerUser.Root, Mounts = mounts ?? [] };
        var (container, failure) = await _runtime.StartAsync(spec, output, CancellationToken.None);
        Assert.Null(failure);
        return (await container!.Exited.WaitAsync(Patience), output);
    }

    private ContainerSpec Spec(IReadOnlyList<string> command)
    {
        var id = RandomNumberGenerator.GetHexString(64, lowercase: true);
        return new ContainerSpec(id, "p", Path.Combine(_state, "containers", id), command) { Environment = [new("PATH", "/usr/bin:/bin")] };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_command_is_fed_read_and_ended_also_where_containers_are_plain_processes(bool isPlain)
    {
        using var runtime = new ContainerRuntime(new ContainerRuntimeOptions(_lab, _state) { Plain = isPlain }, TimeProvider.System);
        var (container, failure) = await runtime.StartAsync(Spec(["sleep", "60"]), new Output(), CancellationToken.None);
        Assert.Null(failure);
        Assert.Equal((3, "got hello\n", "not a tty\n"), await CommandAsync(container!, "read x; tty <&2 >&2; echo got $x; cat; exit 3", null));
        Assert.Equal((4, "hello\r\ngot hello\r\n30 70\r\n", ""), await CommandAsync(container!, "read x; echo got $x; stty size; exit 4", new TerminalSize(70, 30)));
        var (last, _) = await container!.StartAsync(new CommandRequest(["sleep", "60"], false, null));
        container.Signal(Native.SigKill);
        Assert.Equal(137, await last!.Exited.WaitAsync(Patience, TestContext.Current.CancellationToken));
        await last.DisposeAsync();
        await container.Exited.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    private static async Task<(int Code, string Output, string Errors)> CommandAsync(RunningContainer container, string script, TerminalSize? terminal)
    {
        var (command, failure) = await container.StartAsync(new CommandRequest(["sh", "-c", script], true, terminal));
        Assert.Null(failure);
        await using (command)
        {
            await command!.WriteAsync("hello\n"u8.ToArray(), CancellationToken.None);
            command.CloseInput();
            var text = await Task.WhenAll(ReadAsync(command, false), ReadAsync(command, true)).WaitAsync(Patience, TestContext.Current.CancellationToken);
            return (await command.Exited, text[0], text[1]);
        }
    }

    private static async Task<string> ReadAsync(ContainerCommand command, bool isError)
    {
        var (text, buffer) = (new StringBuilder(), new byte[1024]);
        while (await command.ReadAsync(isError, buffer, TestContext.Current.CancellationToken) is > 0 and var count)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
        return text.ToString();
    }

    private sealed class Output : IOutputSink
    {
        private readonly StringBuilder _out = new();
        private readonly StringBuilder _err = new();

        public string Out => _out.ToString();
        public string Err => _err.ToString();

        public void Write(ReadOnlySpan<byte> data, bool isStandardError) => (isStandardError ? _err : _out).Append(Encoding.UTF8.GetString(data));

        public void Complete()
        {
        }
    }
}
