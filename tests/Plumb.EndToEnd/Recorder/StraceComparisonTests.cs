using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Recorder;

/// <summary>A C program that makes the calls of a service: what the recorder says of each is what strace says.</summary>
public sealed class StraceComparisonTests : IDisposable
{
    /// <summary>Shown by strace only: random bytes, and the C library's fork with its own order of parameters. The log of the program goes to another place in each run.</summary>
    private static readonly string[] NotCompared = ["getrandom", "clone", "execve"];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-trace-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_calls_of_a_service_are_decoded_in_full_as_strace_does()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        Assert.SkipUnless(File.Exists("/usr/bin/strace") && File.Exists("/usr/bin/gcc"), "needs strace and gcc: apt-get install strace gcc libc6-dev");
        var (program, place, log, ours) = (Path.Combine(_directory.FullName, "calls"), Path.Combine(_directory.FullName, "place"), Path.Combine(_directory.FullName, "strace.log"), Path.Combine(_directory.FullName, "ours.log"));
        var built = await BuiltProgram.ShellAsync($"gcc -w -o {program} tests/Plumb.EndToEnd/Recorder/calls.c");
        Assert.True(built.ExitCode == 0, built.Error);
        await BuiltProgram.ShellAsync($"mkdir {place}; strace -f -yy -s 64 -o {log} {program} {place} 1>&2; rm -rf {place}; mkdir {place}; ./plumb trace --buffers -o json -- {program} {place} > {ours}");

        var theirs = StraceLines.FromStrace(await File.ReadAllLinesAsync(log, Cancel)).Where(call => !NotCompared.Contains(call.Name)).ToArray();
        var calls = (await File.ReadAllLinesAsync(ours, Cancel)).Select(line => JsonNode.Parse(line)!).Where(entry => entry["syscall"] is not null);
        var mine = StraceLines.FromPlumb(calls).Where(call => !NotCompared.Contains(call.Name)).ToArray();
        Assert.Equal(theirs.Select(call => call.Text).Select(WithoutLog), mine.Select(call => call.Text).Select(WithoutLog));
        var decoded = theirs.Select(call => call.Name).Distinct().ToArray();
        Assert.True(decoded.Length >= 60, $"{decoded.Length} different calls");
        var documented = Regex.Matches(await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, "docs/recorder.md"), Cancel), "`(?<name>[a-z0-9_]+)`", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.Subset(documented.Select(name => name.Groups["name"].Value).ToHashSet(), decoded.ToHashSet());
    }

    [Fact]
    public async Task Counts_and_errors_are_those_of_strace()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/sys/kernel/btf/vmlinux"), "recording system calls needs root and type information");
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "needs strace: apt-get install strace");
        const string Program = "ls -lR /etc/apt /etc/nothing-here";
        var counted = await BuiltProgram.ShellAsync($"strace -f -c -o {_directory.FullName}/counts -U calls,errors,name {Program} 1>&2; ./plumb trace --stats -o json -- {Program}");
        var theirs = (await File.ReadAllLinesAsync(Path.Combine(_directory.FullName, "counts"), Cancel)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length is 2 or 3 && char.IsAsciiDigit(words[0][0]) && words[^1] != "total").Select(words => $"{words[^1]} {words[0]} {(words.Length == 3 ? words[1] : "0")}");
        var statistics = JsonNode.Parse(counted.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!["statistics"]!;
        // strace does not count what never returns.
        var ours = statistics["bySyscall"]!.AsArray().Select(one => $"{one!["name"]} {one["count"]} {one["failed"]}").Where(line => !line.StartsWith("exit_group", StringComparison.Ordinal));
        Assert.Equal(theirs.Where(line => !line.StartsWith("exit_group", StringComparison.Ordinal)).Order(StringComparer.Ordinal), ours.Order(StringComparer.Ordinal));
        Assert.NotEmpty(statistics["byFile"]!.AsArray());
    }

    private static string WithoutLog(string text) => text.StartsWith("write(1<", StringComparison.Ordinal) ? "write(1" + text[(text.IndexOf('>', StringComparison.Ordinal) + 1)..] : text;
}
