using Plumb.Core;
using Plumb.Doctor;
using Xunit;

namespace Plumb.Tests.Doctor;

public sealed class DiagnosisTests
{
    private static readonly MachineFacts Complete = new(
        "Debian", IsRoot: true, ["8.0.100", "10.0.401"], new HashSet<string> { "cpu", "memory", "pids" }, null, null, Overlay: true, null, "/var/lib/plumb", null,
        10L << 30, 4L << 30, ConsoleBuilt: true, Here("15.1"), Here("2.42.0"), Here("1.35"), Here("20.1.0"), Here("10.0"), Here(null));

    [Fact]
    public void A_complete_machine_passes_and_there_is_nothing_to_install()
    {
        var diagnosis = Diagnosis.Of(Complete);
        Assert.Equal((Outcome.Pass, "everything works here", null), (diagnosis.Outcome, diagnosis.Summary, diagnosis.Install));
        Assert.All(diagnosis.Capabilities, capability => Assert.Empty(capability.Because));
    }

    [Fact]
    public void What_is_missing_is_named_with_the_one_command_that_installs_all_of_it()
    {
        var diagnosis = Diagnosis.Of(Complete with { Postgres = Tool.Missing, Prometheus = Tool.Missing, IsRoot = false });
        Assert.Equal((Outcome.Fail, "does not work yet: payments system"), (diagnosis.Outcome, diagnosis.Summary));
        Assert.Equal("sudo apt-get install --no-install-recommends postgresql prometheus", diagnosis.Install);
        Assert.Equal(["PostgreSQL", "Prometheus"], diagnosis.Capabilities.Single(capability => capability.Name == "payments system").Because);
    }

    [Fact]
    public void Without_root_the_lab_works_and_the_restriction_is_named()
    {
        var diagnosis = Diagnosis.Of(Complete with { IsRoot = false, Namespaces = "Operation not permitted" });
        Assert.Equal((Outcome.Pass, "works with restrictions: lab, payments system"), (diagnosis.Outcome, diagnosis.Summary));
        Assert.Equal(["root", "namespaces"], diagnosis.Capabilities[0].Because);
    }

    [Fact]
    public void A_kernel_that_refuses_the_recorder_restricts_it_alone_and_the_reason_is_told()
    {
        var diagnosis = Diagnosis.Of(Complete with { Recorder = new Problem("this kernel is built without eBPF", "use another") });
        Assert.Equal((Outcome.Pass, "works with restrictions: flight recorder"), (diagnosis.Outcome, diagnosis.Summary));
        var item = Item(Complete with { Recorder = new Problem("this kernel is built without eBPF", "use another") }, "eBPF");
        Assert.Equal(("no container's calls are recorded by themselves: this kernel is built without eBPF", "use another"), (item.Detail, item.Remedy));
    }

    [Theory]
    [InlineData("8.0.100", Health.Missing)]
    [InlineData("11.0.100", Health.Missing)]
    [InlineData("10.0.100", Health.Ok)]
    public void Only_the_right_SDK_counts(string version, Health health) => Assert.Equal(health, Item(Complete with { SdkVersions = [version] }, ".NET SDK").Health);

    [Fact]
    public void An_old_Node_is_not_enough() => Assert.Equal(Health.Missing, Item(Complete with { Node = Here("12.22.9") }, "Node.js").Health);

    [Fact]
    public void A_full_disk_and_too_little_memory_are_seen()
    {
        Assert.Equal("0.5 GiB free at /var/lib/plumb, 1 GiB are needed", Item(Complete with { DiskFreeBytes = 1L << 29 }, "disk").Detail);
        Assert.Equal(Health.Missing, Item(Complete with { MemoryAvailableBytes = 0 }, "memory").Health);
    }

    [Fact]
    public void A_controller_that_neither_hierarchy_has_is_named()
    {
        var facts = Complete with { CgroupV1 = new HashSet<string> { "cpu" }, CgroupV2 = new HashSet<string> { "memory" } };
        Assert.Equal("v1 and v2, without pids: those limits are not enforced", Item(facts, "cgroups").Detail);
    }

    [Fact]
    public void Both_cgroup_hierarchies_are_read_from_the_mounts()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("cgroup.controllers"), "io pids\n");
        var (v1, v2) = MachineProbe.Cgroups(
        [
            "10 31 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
            "11 32 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct",
            "19 40 0:37 / /sys/fs/cgroup/systemd rw,relatime shared:4 - cgroup cgroup rw,xattr,name=systemd",
            $"20 41 0:38 / {directory.Path} rw,relatime - cgroup2 cgroup2 rw",
        ]);
        Assert.Equal(["cpu", "cpuacct", "xattr"], v1.Order());
        Assert.Equal(["io", "pids"], v2!.Order());
    }

    [Theory]
    [InlineData("prometheus, version 2.42.0+ds (branch: x)\n go version: go1.19.8", "2.42.0")]
    [InlineData("BusyBox v1.35.0 (Debian 1:1.35.0-4)", "1.35.0")]
    [InlineData("postgres (PostgreSQL) 15.18 (Debian 15.18-0)", "15.18")]
    [InlineData("no version. at all", null)]
    public void The_version_is_found_in_what_a_program_prints(string printed, string? version) => Assert.Equal(version, MachineProbe.VersionIn(printed));

    private static Item Item(MachineFacts facts, string name) => Diagnosis.Of(facts).Items.Single(item => item.Name == name);

    private static Tool Here(string? version) => new("/usr/bin/it", version);
}
