using System.Diagnostics;
using System.Globalization;
using Plumb.Core;
using Plumb.Recorder.Always;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Kernel;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Targets;

namespace Plumb.EndToEnd.Recorder;

/// <summary>The recorder that is always on, in cgroups that a runtime could have made: from the first execve, over the container's end, and over our own.</summary>
public sealed class FlightRecorderTests : IDisposable
{
    private readonly string _name = $"test-{Guid.NewGuid():N}"[..16];
    private readonly string _mount;
    private readonly CallDecoder _decoder = new();

    public FlightRecorderTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        _mount = Good(UnifiedHierarchy.Find()).Mount;
    }

    private string Place => $"/plumb-{_name}";

    public void Dispose()
    {
        if (Directory.Exists(_mount + Place))
        {
            // The deepest first; a cgroup's own files do not count.
            foreach (var directory in Directory.GetDirectories(_mount + Place, "*", SearchOption.AllDirectories).Append(_mount + Place).OrderByDescending(path => path.Length))
            {
                Directory.Delete(directory);
            }
        }
    }

    [Fact]
    public void A_container_is_recorded_from_its_first_execve_and_its_ring_outlives_it()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        var (directory, id) = NewContainer();
        Run(directory, "cat /nothing-here; exit 3");
        Directory.Delete(directory);
        Assert.Null(recorder.Tend());

        var container = Assert.Single(recorder.Containers());
        Assert.Equal(id, container.ContainerId);
        Assert.NotEqual(0UL, container.EndedNs);
        var calls = recorder.Read(container)!.Entries.Select(entry => _decoder.Decode(entry.Call!)).ToList();
        Assert.Equal("execve", calls[0].Name);
        Assert.Equal(1UL, calls[0].Call.Position);
        Assert.Contains(calls, call => call.Name == "openat" && call.Value("filename") == "\"/nothing-here\"" && call.Error == "ENOENT");
        Assert.Equal("error_code=3", calls[^1].ParameterText);
    }

    [Fact]
    public void What_runs_in_a_cgroup_below_a_container_goes_to_the_containers_ring()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        var (directory, id) = NewContainer();
        var nested = Path.Combine(directory, "nested");
        Directory.CreateDirectory(nested);
        Run(nested, "cat /from-below");
        var container = Assert.Single(recorder.Containers());
        Assert.Equal(id, container.ContainerId);
        Assert.Contains(recorder.Read(container)!.Entries, entry => _decoder.Decode(entry.Call!).Value("filename") == "\"/from-below\"");
    }

    [Fact]
    public void A_pods_own_cgroup_takes_no_ring()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        Directory.CreateDirectory(_mount + Place + "/kubepods-besteffort.slice/kubepods-besteffort-pod" + new string('a', 36) + ".slice");
        Assert.Null(recorder.Tend());
        Assert.Empty(recorder.Containers());
        Directory.CreateDirectory(_mount + Place + "/kubepods-besteffort.slice/cri-containerd-" + new string('b', 64) + ".scope");
        Assert.Equal(new string('b', 64), Assert.Single(recorder.Containers()).ContainerId);
    }

    [Fact]
    public void A_container_that_ran_before_the_recorder_is_recorded_from_then_on()
    {
        var (directory, id) = NewContainer();
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        Run(directory, "cat /later");
        var container = Assert.Single(recorder.Containers());
        Assert.Equal(id, container.ContainerId);
        Assert.Contains(recorder.Read(container)!.Entries, entry => _decoder.Decode(entry.Call!).Value("filename") == "\"/later\"");
    }

    [Fact]
    public void A_thousand_restarts_leave_the_memory_where_it_was_and_miss_no_start()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        var pod = _mount + Place + $"/pod{Guid.NewGuid()}";
        for (var restart = 0; restart < 1000; restart++)
        {
            var directory = Path.Combine(pod, NewId());
            Directory.CreateDirectory(directory);
            Directory.Delete(directory);
            if (restart % 4 == 0)
            {
                Assert.Null(recorder.Tend());
            }
        }
        Assert.Null(recorder.Tend());
        Assert.Equal(0UL, recorder.Late);
        Assert.Equal(FlightRecorder.MostEnded, recorder.Containers().Count);
        Assert.InRange(recorder.Rings, FlightRecorder.MostEnded, FlightRecorder.MostEnded + 24);
    }

    [Fact]
    public void Two_hundred_containers_at_once_have_a_ring_each()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        for (var count = 0; count < 200; count++)
        {
            NewContainer();
            if (count % 8 == 0)
            {
                Assert.Null(recorder.Tend());
            }
        }
        Assert.Null(recorder.Tend());
        Assert.Equal(200, recorder.Containers().Count);
        // A ring is 1 MiB of the kernel's memory.
        Assert.InRange(recorder.Rings, 200, 220);
    }

    [Fact]
    public void A_burst_of_containers_that_empties_the_stock_is_counted_and_they_are_recorded_late()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        for (var count = 0; count < 30; count++)
        {
            NewContainer();
        }
        Assert.Null(recorder.Tend());
        Assert.Equal(30, recorder.Containers().Count);
        Assert.InRange(recorder.Late, 1UL, 22UL);
    }

    [Fact]
    public void A_flood_of_calls_overwrites_and_says_how_many()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "needs perl");
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        var (directory, _) = NewContainer();
        Run(directory, "perl -e 'getppid() for 1..1000000; exit 4'");
        var snapshot = recorder.Read(Assert.Single(recorder.Containers()))!;
        Assert.InRange(snapshot.Counters.Recorded, 1_000_000UL, 1_100_000UL);
        Assert.Equal(snapshot.Counters.Recorded - 4096, snapshot.Counters.Overwritten);
        Assert.Equal(4096, snapshot.Entries.Count(entry => entry.Call is not null));
        Assert.Equal("error_code=4", _decoder.Decode(snapshot.Entries.Last(entry => entry.Call?.State == CallState.Final).Call!).ParameterText);
    }

    [Fact]
    public void A_second_recorder_of_the_same_name_is_told_that_one_runs()
    {
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        var second = FlightRecorder.Start(_name, Place + "/");
        Assert.Equal($"a flight recorder named '{_name}' runs on this machine already", second.Problem?.What);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("object-0123456789ab")]
    [InlineData("")]
    public void What_a_killed_recorder_left_is_picked_up_only_when_its_programs_are_the_same(string? otherVersion)
    {
        var directory = Good(BpfFileSystem.Prepare(_name));
        using (var killed = Good(LoadedPrograms.Load(ProgramSet.Every)))
        {
            Assert.True(killed.AddRing().IsOk);
            Assert.Null(killed.Attach() ?? Pins.PinAll(killed, directory));
        }
        var mark = Assert.Single(Directory.GetFiles(directory, "object-*"));
        if (otherVersion is "")
        {
            // Older versions left no mark at all.
            File.Delete(mark);
        }
        else if (otherVersion is not null)
        {
            File.Move(mark, Path.Combine(directory, otherVersion));
        }
        var view = FlightView.Open(_name);
        Assert.Equal(otherVersion is null, view.IsOk);
        (view.IsOk ? view.Value : null)?.Dispose();

        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        Assert.Equal(otherVersion is null, recorder.PickedUp);
        Assert.Equal(otherVersion is null, recorder.Discarded is null);
        Assert.Equal(mark, Assert.Single(Directory.GetFiles(directory, "object-*")));
        var (container, id) = NewContainer();
        Run(container, "cat /afterwards");
        Assert.Equal(id, Assert.Single(recorder.Containers()).ContainerId);
    }

    [Fact]
    public void What_is_received_is_not_even_copied_unless_a_name_server_sent_it()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "needs perl");
        using var recorder = Good(FlightRecorder.Start(_name, Place + "/"));
        var (directory, _) = NewContainer();
        Run(directory, "perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_DGRAM, 0); send(A, \"not to be seen\", 0); recv(B, $x, 99, 0); exit(length $x)'");
        Directory.Delete(directory);
        Assert.Null(recorder.Tend());

        var received = Assert.Single(recorder.Read(Assert.Single(recorder.Containers()))!.Entries.Select(entry => entry.Call!), call => CallTable.Of(call.Number).Name == "recvfrom" && call.Return == 14);
        Assert.Equal(RecordedCall.NotTried, received.ItemLength(0));
    }

    [Fact]
    public void Off_means_off()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/bpftool"), "needs bpftool: apt-get install bpftool");
        Good(FlightRecorder.Start(_name, Place + "/")).Dispose();
        using var listed = Process.Start(new ProcessStartInfo("/usr/sbin/bpftool", ["prog", "list"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var programs = listed.StandardOutput.ReadToEnd();
        // Other recorders of this machine have other process ids.
        Assert.DoesNotContain(programs.Split('\n'), line => line.Contains("plumb_", StringComparison.Ordinal) && line.Contains($"({Environment.ProcessId})", StringComparison.Ordinal));
        Assert.False(Directory.Exists($"/run/plumb/bpf/{_name}") || Directory.Exists($"/sys/fs/bpf/plumb/{_name}") || File.Exists($"/run/plumb-{_name}.lock"));
    }

    private static string NewId() => Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()) + Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());

    private (string Directory, string Id) NewContainer()
    {
        var id = NewId();
        var directory = Path.Combine(_mount + Place, $"pod{Guid.NewGuid()}", id);
        Directory.CreateDirectory(directory);
        return (directory, id);
    }

    /// <summary>The shell joins the cgroup as a runtime's child does, and then becomes the program.</summary>
    private static void Run(string cgroup, string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"echo $$ > {cgroup}/cgroup.procs && exec /bin/sh -c \"$0\"", script]) { RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
    }

    private static T Good<T>(Result<T> result)
        where T : notnull => result.IsOk ? result.Value : throw new InvalidOperationException(result.Problem!.ToString());
}
