using System.Diagnostics;
using Plumb.Platform.Storage;

namespace Plumb.EndToEnd.Lab;

/// <summary>What <c>./plumb up</c> leaves on the machine when somebody presses Ctrl-C: nothing.</summary>
public sealed class InterruptedLabTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-ctrl-c-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Delete(recursive: true);

    [Theory]
    [InlineData(LabPhase.Starting)]
    [InlineData(LabPhase.Ready)]
    public async Task Ctrl_C_ends_the_lab_and_leaves_no_process_cgroup_mount_or_lock(LabPhase phase)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "the whole lab needs root for its limits");
        using var up = StartUp();
        var (output, errors) = (up.StandardOutput.ReadToEndAsync(Cancel), up.StandardError.ReadToEndAsync(Cancel));
        await PhaseAsync(phase, up);
        Assert.NotEqual("", await ProcessesAsync());
        var cgroups = await CgroupsAsync();

        Process.Start("kill", ["-INT", $"{up.Id}"]).WaitForExit();
        await up.WaitForExitAsync(Cancel).WaitAsync(TimeSpan.FromMinutes(2), Cancel);

        Assert.Equal("", await ProcessesAsync());
        Assert.DoesNotContain(_home.FullName, await File.ReadAllTextAsync("/proc/self/mountinfo", Cancel), StringComparison.Ordinal);
        Assert.All(cgroups, cgroup => Assert.False(Directory.Exists(cgroup), cgroup));
        Assert.All(cgroups, cgroup => Assert.False(File.Exists($"/run/{Path.GetFileName(cgroup)}.lock"), cgroup));
        Assert.False(File.Exists(Path.Combine(_home.FullName, LabState.FileName)));
        Assert.DoesNotContain("   at ", await output + await errors, StringComparison.Ordinal);
        Assert.True(phase == LabPhase.Starting || up.ExitCode == 0, $"{up.ExitCode}\n{await output}{await errors}");
    }

    private Process StartUp()
    {
        var start = new ProcessStartInfo(BuiltProgram.Launcher, ["up", "--console-port", "0"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PLUMB_HOME"] = _home.FullName;
        return Process.Start(start)!;
    }

    private async Task PhaseAsync(LabPhase phase, Process up)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        while (LabState.Running(new PlumbHome(_home.FullName)) is not { IsOk: true, Value: { } state } || state.Phase != phase)
        {
            Assert.False(up.HasExited, "the lab ended by itself");
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }

    /// <summary>Processes whose command line or environment names this home.</summary>
    private async Task<string> ProcessesAsync() => (await BuiltProgram.ShellAsync($"grep -lsa -- '{Pattern}' /proc/[0-9]*/cmdline /proc/[0-9]*/environ")).Output;

    /// <summary>Finds the home's name, but not the process that looks for it.</summary>
    private string Pattern => $"[{_home.FullName[0]}]{_home.FullName[1..]}";

    /// <summary>The control groups of this lab's pods: those that its processes are in and this test is not.</summary>
    private async Task<IReadOnlyList<string>> CgroupsAsync()
    {
        var found = await BuiltProgram.ShellAsync($"""
            for process in $(grep -lsa -- '{Pattern}' /proc/[0-9]*/environ); do grep -hso '/plumb-[^/]*' $(dirname $process)/cgroup; done | sort -u |
            while read name; do find /sys/fs/cgroup -maxdepth 2 -type d -path "*$name"; done
            """);
        return found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
