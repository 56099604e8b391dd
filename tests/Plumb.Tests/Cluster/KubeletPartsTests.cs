using System.Text;
using Plumb.Cluster.Api;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Kubelet;
using Xunit;

namespace Plumb.Tests.Cluster;

public sealed class KubeletPartsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("plumb-unit-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Restarts_wait_0_10_20_40_80_160_300_300_seconds_as_recorded_and_long_health_forgets()
    {
        var clock = new Clock();
        var backoff = new RestartBackoff(clock);
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            var endedAt = clock.Now;
            var wait = backoff.Remaining(endedAt);
            waits.Add(wait.TotalSeconds);
            clock.Now += wait;
            backoff.Started();
        }
        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], waits);
        clock.Now += TimeSpan.FromMinutes(11);
        Assert.Equal(TimeSpan.Zero, backoff.Remaining(clock.Now));
    }

    [Fact]
    public void Waits_are_written_as_the_real_kubelet_writes_them()
    {
        Assert.Equal(["10s", "1m20s", "2m40s", "5m0s"], new[] { 10, 80, 160, 300 }.Select(seconds => RestartBackoff.Text(TimeSpan.FromSeconds(seconds))));
    }

    [Theory]
    [InlineData("$(A):80 $(NOPE) $$(A)", "1:80 $(NOPE) $(A)")]
    [InlineData("$", "$")]
    [InlineData("$$", "$")]
    [InlineData("$(A", "$(A")]
    [InlineData("a$b", "a$b")]
    public void Variables_expand_only_where_they_are_known(string text, string expected)
    {
        Assert.Equal(expected, ContainerEnvironment.Expand(text, new Dictionary<string, string> { ["A"] = "1" }));
    }

    [Theory]
    [InlineData("busybox", true)]
    [InlineData("busybox:1.36", true)]
    [InlineData("docker.io/library/busybox:latest", true)]
    [InlineData("registry.example/busybox:1", false)]
    [InlineData("busyboxes:1", false)]
    public void An_image_answers_to_its_own_names_only(string name, bool isMatch)
    {
        Assert.Equal(isMatch, LabImages.Busybox("busybox:*").Matches(name));
    }

    [Fact]
    public void Each_controller_is_found_where_it_is_also_when_both_cgroup_versions_are_mounted()
    {
        string[] both =
        [
            "30 24 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
            "31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
            "32 24 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
        ];
        var hybrid = CgroupHierarchies.Parse(both, _ => ["hugetlb"]);
        Assert.Equal(["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/unified"], hybrid.Roots);
        Assert.True(hybrid is { HasMemory: true, HasCpu: true, UnifiedMemory: false });

        var unified = CgroupHierarchies.Parse(["29 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw"], _ => ["cpu", "memory", "pids"]);
        Assert.True(unified is { HasMemory: true, HasCpu: true, MemoryV1: null, Roots: ["/sys/fs/cgroup"] });
    }

    [Fact]
    public async Task Logs_are_cut_by_lines_bytes_and_time_as_kubectl_asks()
    {
        var clock = new Clock();
        using var log = new ContainerLog(Path.Combine(_directory, "0.log"), 1 << 20, 5, clock);
        log.Write("one\ntw"u8, isStandardError: false);
        clock.Now += TimeSpan.FromSeconds(10);
        log.Write("o\n"u8, isStandardError: false);
        log.Write("three\n"u8, isStandardError: true);
        log.Complete();
        Assert.Equal("one\ntwo\nthree\n", await ReadAsync(log, new LogRequest(), clock));
        Assert.Equal("two\nthree\n", await ReadAsync(log, new LogRequest(TailLines: 2), clock));
        Assert.Equal("", await ReadAsync(log, new LogRequest(TailLines: 0), clock));
        Assert.Equal("one\nt", await ReadAsync(log, new LogRequest(LimitBytes: 5), clock));
        Assert.Equal("two\nthree\n", await ReadAsync(log, new LogRequest(Since: clock.Now), clock));
        Assert.Equal("2026-01-01T00:00:10.000000000Z three\n", await ReadAsync(log, new LogRequest(Timestamps: true, TailLines: 1), clock));
    }

    [Fact]
    public async Task A_log_turns_over_at_its_size_and_keeps_so_many_files()
    {
        var clock = new Clock();
        using var log = new ContainerLog(Path.Combine(_directory, "0.log"), 400, 3, clock);
        for (var i = 0; i < 100; i++)
        {
            log.Write(Encoding.ASCII.GetBytes($"line {i}\n"), isStandardError: false);
        }
        log.Complete();
        Assert.Equal(3, Directory.GetFiles(_directory).Length);
        var text = await ReadAsync(log, new LogRequest(), clock);
        Assert.EndsWith("line 98\nline 99\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("line 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_follower_sees_what_is_written_later_and_ends_with_the_container()
    {
        using var log = new ContainerLog(Path.Combine(_directory, "0.log"), 1 << 20, 5, TimeProvider.System);
        log.Write("a\n"u8, isStandardError: false);
        var following = ReadAsync(log, new LogRequest(Follow: true), TimeProvider.System);
        log.Write("b\n"u8, isStandardError: false);
        log.Complete();
        Assert.Equal("a\nb\n", await following);
    }

    [Fact]
    public void A_volume_update_swaps_one_link_and_a_key_that_went_is_gone()
    {
        var volume = Path.Combine(_directory, "v");
        Assert.True(AtomicWriter.Write(volume, [new VolumeFile("k", "1"u8.ToArray(), 0x1A4), new VolumeFile("d/x", "2"u8.ToArray(), 0x100)], DateTimeOffset.UnixEpoch, null));
        var first = new FileInfo(Path.Combine(volume, "..data")).LinkTarget;
        Assert.Equal("..data/k", new FileInfo(Path.Combine(volume, "k")).LinkTarget);
        Assert.Equal("2", File.ReadAllText(Path.Combine(volume, "d", "x")));
        Assert.False(AtomicWriter.Write(volume, [new VolumeFile("k", "1"u8.ToArray(), 0x1A4), new VolumeFile("d/x", "2"u8.ToArray(), 0x100)], DateTimeOffset.UnixEpoch, null));
        Assert.True(AtomicWriter.Write(volume, [new VolumeFile("k", "3"u8.ToArray(), 0x1A4)], DateTimeOffset.UnixEpoch, null));
        Assert.NotEqual(first, new FileInfo(Path.Combine(volume, "..data")).LinkTarget);
        Assert.Equal(("3", false, false), (File.ReadAllText(Path.Combine(volume, "k")), Path.Exists(Path.Combine(volume, "d")), Directory.Exists(Path.Combine(volume, first!))));
    }

    private static async Task<string> ReadAsync(ContainerLog log, LogRequest request, TimeProvider clock)
    {
        using var output = new MemoryStream();
        await LogReader.CopyAsync(log.FilePath, log, request, output, clock, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
