using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Recorder;

/// <summary><c>plumb trace</c> against the kernel, with strace and bpftool as witnesses.</summary>
public sealed partial class TraceTests : IDisposable
{
    private const string TypeInformation = "/sys/kernel/btf/vmlinux";

    /// <summary>Calls whose parameters hold no address of memory, so that they can be compared word for word.</summary>
    private static readonly string[] Compared =
        ["chdir", "mkdir", "openat", "close", "rename", "unlink", "rmdir", "socket", "connect", "bind", "listen", "symlink", "link", "chmod", "dup", "pipe2", "lseek", "fsync", "ftruncate", "kill", "umask", "exit_group"];

    private const string Script = """
        use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6); use IO::Handle;
        my $d = $ARGV[0]; chdir($d) or die; mkdir("sub", 0750); mkdir("sub", 0750);
        open(my $f, '>', "sub/one") or die; syswrite($f, "abc"); $f->sync; sysseek($f, 1, 0); truncate($f, 2); close($f);
        open($f, '>>', "sub/one"); close($f); open($f, '<', "missing"); open($f, '<', "tab\there\"\e\xff");
        rename("sub/one", "sub/two"); symlink("two", "sub/three"); link("sub/two", "sub/four"); chmod(0600, "sub/two"); chmod(0, "nothing");
        unlink("sub/two", "sub/three", "sub/four", "sub/five"); rmdir("sub"); rmdir("sub");
        socket(my $s, PF_INET, SOCK_STREAM, 0); connect($s, sockaddr_in(1, inet_aton("127.0.0.1"))); close($s);
        socket($s, PF_INET6, SOCK_DGRAM, 0); connect($s, pack_sockaddr_in6(9, inet_pton(AF_INET6, "::1"))); close($s);
        socket($s, PF_UNIX, SOCK_STREAM, 0); bind($s, pack_sockaddr_un("$d/socket")); listen($s, 5); close($s);
        pipe(my $r, my $w); kill(0, 1); umask(027); getppid(); exit(7);
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-trace-");

    public TraceTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists(TypeInformation), $"this kernel has no type information ({TypeInformation})");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task What_has_an_end_is_one_json_document_and_ndjson_is_one_a_line()
    {
        var document = JsonNode.Parse((await BuiltProgram.ShellAsync("./plumb trace --last 5 --explain -o json -- ls /nothing-here")).Output)!;
        Assert.Equal(5, document["calls"]!.AsArray().Count);
        Assert.Equal("missing-file", (string?)document["explanation"]![0]!["kind"]);
        var lines = (await BuiltProgram.ShellAsync("./plumb trace --last 5 --explain -o ndjson -- ls /nothing-here")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, lines.Length);
        Assert.All(lines, line => JsonNode.Parse(line));
        var counted = JsonNode.Parse((await BuiltProgram.ShellAsync("./plumb trace --last 5 --stats -o json -- ls /nothing-here")).Output)!;
        Assert.Equal(5, (int)counted["statistics"]!["calls"]!);
    }

    [Fact]
    public async Task Parameters_and_returns_are_those_that_strace_shows()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace") && File.Exists("/usr/bin/perl"), "needs strace and perl: apt-get install strace perl");
        var (script, place) = (Path.Combine(_directory.FullName, "calls.pl"), Path.Combine(_directory.FullName, "place"));
        await File.WriteAllTextAsync(script, Script, Cancel);
        var (log, ours) = (Path.Combine(_directory.FullName, "strace.log"), Path.Combine(_directory.FullName, "ours.log"));
        var run = $"rm -rf {place}; mkdir {place}; ";
        await BuiltProgram.ShellAsync($"{run} strace -f -s 200 -o {log} perl {script} {place}");
        var traced = await BuiltProgram.ShellAsync($"{run} ./plumb trace -o json -- perl {script} {place} > {ours}");
        Assert.Equal(1, traced.ExitCode);
        Assert.Contains("perl ended with 7", traced.Error, StringComparison.Ordinal);

        var theirs = (await File.ReadAllLinesAsync(log, Cancel)).Select(FromStrace).OfType<string>().SkipWhile(line => !line.StartsWith("chdir(", StringComparison.Ordinal)).ToArray();
        var mine = (await Calls(ours)).Select(FromPlumb).OfType<string>().SkipWhile(line => !line.StartsWith("chdir(", StringComparison.Ordinal)).ToArray();
        Assert.True(theirs.Length > 40, string.Join('\n', theirs));
        Assert.Equal(theirs, mine);
    }

    [Fact]
    public async Task Every_call_of_strace_is_there_in_the_same_order()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "needs strace: apt-get install strace");
        var (log, ours) = (Path.Combine(_directory.FullName, "strace.log"), Path.Combine(_directory.FullName, "ours.log"));
        await BuiltProgram.ShellAsync($"strace -o {log} /bin/ls / >&2");
        await BuiltProgram.ShellAsync($"./plumb trace -o json -- /bin/ls / > {ours}");
        var theirs = (await File.ReadAllLinesAsync(log, Cancel)).Select(line => line.Split('(')[0]).Where(name => !name.StartsWith('+')).ToArray();
        Assert.Equal(theirs, (await Calls(ours)).Select(call => call["syscall"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Nothing_is_missing_silently_when_calls_come_faster_than_they_are_read()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "needs perl");
        var ours = Path.Combine(_directory.FullName, "ours.log");
        var traced = await BuiltProgram.ShellAsync($"./plumb trace -o json -- perl -e 'getppid() for 1..300000' > {ours}");
        Assert.Equal(0, traced.ExitCode);
        var (shown, missing) = (0L, 0L);
        foreach (var line in await File.ReadAllLinesAsync(ours, Cancel))
        {
            var entry = JsonNode.Parse(line)!;
            (shown, missing) = entry["missing"] is { } hole ? (shown, missing + hole.GetValue<long>()) : (shown + 1, missing);
        }
        var recorded = long.Parse(Recorded().Match(traced.Error).Groups[1].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        Assert.True(recorded > 300_000, traced.Error);
        Assert.Equal(recorded, shown + missing);
    }

    [Fact]
    public async Task The_refused_file_before_the_crash_is_named_with_its_user()
    {
        var traced = await BuiltProgram.ShellAsync("./plumb trace --explain -- setpriv --reuid 65534 --clear-groups sh -c 'echo x > /etc/passwd'");
        Assert.Equal(1, traced.ExitCode);
        Assert.Matches("sh \\(process \\d+\\) ended with 2; its last failure that matters was openat\\(\"/etc/passwd\"\\) = EACCES \\(Permission denied\\) as user 65534, .* before", traced.Output);
    }

    [Fact]
    public async Task A_missing_file_is_named_and_the_probes_of_the_c_library_are_not()
    {
        var traced = await BuiltProgram.ShellAsync("./plumb trace --last 5 --explain -- cat /etc/plumb-is-not-here");
        Assert.Contains("openat(\"/etc/plumb-is-not-here\") = ENOENT (No such file or directory)", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hostile_name_reaches_no_terminal_as_it_is()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "needs perl");
        var traced = await BuiltProgram.ShellAsync("""./plumb trace -- perl -e '$0 = "\e[2J\xff"; rmdir("/tmp/\e]0;owned\a\xff\n" . "x" x 4096)'""");
        Assert.Contains("ENAMETOOLONG (File name too long)", traced.Output, StringComparison.Ordinal);
        Assert.Contains("/tmp/\\33]0;owned\\7\\377\\nxxx", traced.Output, StringComparison.Ordinal);
        Assert.All(traced.Output.Where(character => character is not '\n'), character => Assert.InRange(character, ' ', '~'));
    }

    [Theory]
    [InlineData("trace pid 999999999", "there is no process 999999999")]
    [InlineData("trace cgroup not/there", "there is no cgroup 'not/there'")]
    [InlineData("trace -- /not/there", "there is no program '/not/there' that can be run")]
    [InlineData("trace --last 9999 -- true", "--last is 1 to 4096")]
    [InlineData("trace pod/x", "no lab runs here")]
    public async Task What_cannot_be_traced_is_one_line(string arguments, string message)
    {
        var refused = await BuiltProgram.ShellAsync($"./plumb {arguments}", new Dictionary<string, string?> { ["PLUMB_HOME"] = _directory.FullName });
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
        Assert.Single(refused.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task After_kill_9_nothing_is_attached_and_the_next_start_clears_its_cgroup()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/bpftool"), "needs bpftool: apt-get install bpftool");
        var start = new ProcessStartInfo(BuiltProgram.Launcher, ["trace", "--last", "5", "--", "sleep", "1000"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var trace = Process.Start(start)!;
        var programs = await AttachedAsync(trace.Id);
        Assert.Equal(2, programs.Count);
        var sleeper = await ChildAsync(trace.Id);
        var cgroup = (await File.ReadAllLinesAsync($"/proc/{sleeper}/cgroup", Cancel)).Single(line => line.StartsWith("0::", StringComparison.Ordinal))[3..];
        Assert.EndsWith($"plumb-trace-{trace.Id}", cgroup, StringComparison.Ordinal);

        trace.Kill();
        await trace.WaitForExitAsync(Cancel);
        // The kernel frees a program when nobody can be in it any more, a moment later.
        foreach (var program in programs)
        {
            await UntilAsync(async () => (await BuiltProgram.ShellAsync($"/usr/sbin/bpftool prog show id {program}")).ExitCode != 0);
        }
        Process.GetProcessById(sleeper).Kill();
        await UntilAsync(() => Task.FromResult(!Directory.Exists($"/proc/{sleeper}")));
        Assert.Equal(0, (await BuiltProgram.ShellAsync("./plumb trace --last 1 -- true")).ExitCode);
        Assert.DoesNotContain(Directory.EnumerateDirectories("/sys/fs/cgroup", $"plumb-trace-{trace.Id}", SearchOption.AllDirectories), _ => true);
    }

    [Fact]
    public async Task The_checked_in_objects_are_what_clang_makes_of_their_source()
    {
        var version = await BuiltProgram.ShellAsync("clang --version 2>/dev/null | head -1");
        Assert.SkipUnless(version.Output.Contains("Debian clang version 14.0.6", StringComparison.Ordinal), "needs the clang that built it, Debian's 14.0.6: apt-get install clang");
        var built = await BuiltProgram.ShellAsync($"src/Plumb.Recorder/Bpf/build.sh {_directory.FullName}");
        Assert.True(built.ExitCode == 0, built.Error);
        foreach (var file in (string[])["recorder.x86_64.o", "recorder.arm64.o"])
        {
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(BuiltProgram.Root, "src/Plumb.Recorder/Bpf", file), Cancel), await File.ReadAllBytesAsync(Path.Combine(_directory.FullName, file), Cancel));
        }
    }

    /// <summary>The eBPF programs that a process holds attached.</summary>
    private static async Task<IReadOnlyList<string>> AttachedAsync(int processId)
    {
        string[] found = [];
        await UntilAsync(async () =>
        {
            var asked = await BuiltProgram.ShellAsync($"cat /proc/{processId}/fdinfo/* 2>/dev/null | awk '/^link_type/ {{ link = 1 }} link && /^prog_id/ {{ print $2; link = 0 }}'");
            found = asked.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return found.Length == 2;
        });
        return found;
    }

    private static async Task<int> ChildAsync(int processId)
    {
        var child = 0;
        await UntilAsync(async () =>
        {
            var asked = await BuiltProgram.ShellAsync($"pgrep -P {processId} -x sleep");
            return int.TryParse(asked.Output, CultureInfo.InvariantCulture, out child);
        });
        return child;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
        }
    }

    private static async Task<IReadOnlyList<JsonNode>> Calls(string file) =>
        [.. (await File.ReadAllLinesAsync(file, Cancel)).Select(line => JsonNode.Parse(line)!).Where(entry => entry["syscall"] is not null)];

    private static string? FromStrace(string line)
    {
        var parts = StraceLine().Match(line);
        if (!parts.Success || !Compared.Contains(parts.Groups[1].Value))
        {
            return null;
        }
        var arguments = InternetAddress().Replace(parts.Groups[2].Value, "$2:$1");
        arguments = Internet6Address().Replace(arguments, "[$2]:$1");
        arguments = UnixAddress().Replace(arguments, "unix:$1").Replace("IPPROTO_IP", "0", StringComparison.Ordinal);
        return $"{parts.Groups[1].Value}({arguments}) = {parts.Groups[3].Value}";
    }

    private static string? FromPlumb(JsonNode call)
    {
        var name = call["syscall"]!.GetValue<string>();
        if (!Compared.Contains(name))
        {
            return null;
        }
        var result = call["error"] is { } error ? $"-1 {error} ({call["errorText"]})" : name == "umask" ? "0" + Convert.ToString(call["ret"]!.GetValue<int>(), 8) : call["ret"] is { } value ? value.ToString() : "?";
        // strace without -yy does not name descriptors.
        var parameters = call["parameters"]!.AsObject().Select(parameter => DescriptorName().Replace(parameter.Value!.GetValue<string>(), "${number}"));
        return $"{name}({string.Join(", ", parameters)}) = {result}".Replace("IPPROTO_IP", "0", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^(?:\d+\s+)?(?<g1>\w+)\((?<g2>.*)\)\s+= (?<g3>.*)$", RegexOptions.None, 1000)]
    private static partial Regex StraceLine();

    [GeneratedRegex(@"\{sa_family=AF_INET, sin_port=htons\((?<g1>\d+)\), sin_addr=inet_addr\(""(?<g2>[\d.]+)""\)\}", RegexOptions.None, 1000)]
    private static partial Regex InternetAddress();

    [GeneratedRegex(@"\{sa_family=AF_INET6, sin6_port=htons\((?<g1>\d+)\), sin6_flowinfo=htonl\(0\), inet_pton\(AF_INET6, ""(?<g2>[^""]+)"", &sin6_addr\), sin6_scope_id=0\}", RegexOptions.None, 1000)]
    private static partial Regex Internet6Address();

    [GeneratedRegex(@"\{sa_family=AF_UNIX, sun_path=""(?<g1>[^""]+)""\}", RegexOptions.None, 1000)]
    private static partial Regex UnixAddress();

    [GeneratedRegex(@"\b(?<number>\d+)<(->|[^>])*>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DescriptorName();

    [GeneratedRegex(@"(?<g1>[\d,]+) calls recorded", RegexOptions.None, 1000)]
    private static partial Regex Recorded();
}
