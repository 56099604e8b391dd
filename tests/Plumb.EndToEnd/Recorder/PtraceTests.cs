using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Plumb.EndToEnd.Recorder;

/// <summary>Recording without eBPF: as nobody, and the same calls as with it.</summary>
public sealed class PtraceTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-trace-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Somebody_without_rights_gets_the_calls_of_a_program_and_is_told_how_and_what_it_costs()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv"), "becoming nobody needs root and setpriv");
        await BuiltProgram.ShellAsync("./plumb --version");
        _directory.UnixFileMode = (UnixFileMode)0b111_111_111;
        var traced = await BuiltProgram.ShellAsync("""
            cp -r .build/app "$HERE/app" && chmod -R a+rX "$HERE/app" && export DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
            exec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$HERE" PLUMB_HOME="$HERE/home" "$HERE/app/Plumb.Cli" trace --explain -- cat /etc/shadow
            """, new Dictionary<string, string?> { ["HERE"] = _directory.FullName });
        Assert.Equal(1, traced.ExitCode);
        Assert.Contains("read with ptrace in its place", traced.Error, StringComparison.Ordinal);
        Assert.Contains("filename=\"/etc/shadow\", flags=O_RDONLY", traced.Output, StringComparison.Ordinal);
        Assert.Matches("cat \\(process \\d+\\) ended with 1; its last failure that matters was openat\\(\"/etc/shadow\"\\) = EACCES .* as user 65534", traced.Output);
        Assert.Contains("cat ended with 1", traced.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_calls_are_those_that_ebpf_records()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/sys/kernel/btf/vmlinux"), "recording with eBPF needs root and type information");
        Assert.SkipUnless(File.Exists("/usr/bin/gcc"), "needs gcc: apt-get install gcc libc6-dev");
        var (program, place) = (Path.Combine(_directory.FullName, "calls"), Path.Combine(_directory.FullName, "place"));
        var recorded = await BuiltProgram.ShellAsync($"""
            gcc -w -o {program} tests/Plumb.EndToEnd/Recorder/calls.c || exit 9
            mkdir {place}; ./plumb trace --buffers -o json -- {program} {place} > {_directory.FullName}/ebpf
            rm -rf {place}; mkdir {place}; ./plumb trace --ptrace --buffers -o json -- {program} {place} > {_directory.FullName}/ptrace
            """);
        Assert.Equal(1, recorded.ExitCode);
        Assert.Contains("ended with 7", recorded.Error, StringComparison.Ordinal);
        var (with, without) = (await CallsAsync("ebpf"), await CallsAsync("ptrace"));
        Assert.True(with.Count > 100);
        Assert.Equal(with, without);
    }

    [Fact]
    public async Task A_process_is_let_go_unharmed_and_its_children_and_exit_codes_are_seen()
    {
        var started = new ProcessStartInfo("/bin/sh", ["-c", "while sleep 0.05; do :; done"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(started)!;
        var traced = await BuiltProgram.ShellAsync($"timeout --foreground -s INT 6 ./plumb trace --ptrace pid {process.Id}");
        Assert.Matches("wait4 .*WIFEXITED\\(s\\) && WEXITSTATUS\\(s\\) == 0", traced.Output);
        Assert.Matches($"process {process.Id}: \\d+ calls recorded, 0 lost", traced.Error);
        Assert.False(process.HasExited);
        Assert.Contains("TracerPid:\t0", await File.ReadAllTextAsync($"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/status", Cancel), StringComparison.Ordinal);
        process.Kill();

        var nested = await BuiltProgram.ShellAsync("./plumb trace --ptrace --syscall execve,exit_group -- sh -c 'cat /dev/null; kill -9 $$'");
        Assert.Equal(1, nested.ExitCode);
        Assert.Contains("cat ", nested.Output, StringComparison.Ordinal);
        Assert.Contains("sh ended with 137 (signal 9)", nested.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_may_not_be_traced_is_one_line()
    {
        var refused = await BuiltProgram.ShellAsync("./plumb trace --ptrace pid 999999999");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("there is no process 999999999", refused.Error, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<string>> CallsAsync(string file)
    {
        var calls = (await File.ReadAllLinesAsync(Path.Combine(_directory.FullName, file), Cancel)).Select(line => JsonNode.Parse(line)!).Where(entry => entry["syscall"] is not null);
        return [.. StraceLines.FromPlumb(calls).Where(call => call.Name is not ("clone" or "write")).Select(call => call.Text)];
    }
}
