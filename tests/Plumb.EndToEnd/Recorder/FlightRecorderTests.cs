using System.Diagnostics;
using System.Globalization;
using Plumb.Core;
using Plumb.Recorder.Always;
using Plumb.Recorder.Decoding;
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

    private (string Directory, string Id) NewContainer()
    {
        var id = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()) + Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
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
