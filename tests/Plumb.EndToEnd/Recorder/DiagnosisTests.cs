using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Recorder;

/// <summary>A real program for each diagnosis, and what the recorder says of it.</summary>
public sealed class DiagnosisTests : IDisposable
{
    private const string Socket = "use Socket qw(:DEFAULT SOCK_NONBLOCK); ";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-trace-");

    public DiagnosisTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "needs perl: apt-get install perl");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("missing-file", """open(F, "<", "/etc/plumb-is-not-here") or exit 3""", "ended with 3; .*/etc/plumb-is-not-here\"\\) = ENOENT .* before")]
    [InlineData("refused-access", """chmod(0600, "secret"); stat("secret"); $> = $< = 65534; open(F, "+<", "secret") or exit 1""", "EACCES .* as user 65534, the file's mode is S_IFREG\\|0600")]
    [InlineData("refused-connection", Socket + """socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(1, INADDR_LOOPBACK)) or exit 1""", "connect\\(127\\.0\\.0\\.1:1\\) = ECONNREFUSED")]
    [InlineData("refused-connection", Socket + """socket(S, PF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0); connect(S, sockaddr_in(1, INADDR_LOOPBACK)); getsockopt(S, SOL_SOCKET, SO_ERROR); exit 1""", "connect\\(127\\.0\\.0\\.1:1\\) = ECONNREFUSED .*, told by SO_ERROR")]
    [InlineData("timed-out", Socket + """socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK)); listen(L, 0); for (1..3) { socket($s[$_], PF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0); connect($s[$_], getsockname(L)) } socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, 6, 7, 1); connect(S, getsockname(L)) or exit 1""", "connect\\(127\\.0\\.0\\.1:\\d+\\) = ETIMEDOUT")]
    [InlineData("unreachable", Socket + """syscall(272, 0x40000000); socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(1, inet_aton("10.1.2.3"))) or exit 1""", "connect\\(10\\.1\\.2\\.3:1\\) = ENETUNREACH")]
    [InlineData("out-of-descriptors", """$l = pack("QQ", 30, 30); syscall(160, 7, $l); while (1) { open($f[$n++], "<", "/etc/hostname") or exit 1 }""", "EMFILE")]
    [InlineData("no-memory", """$l = pack("QQ", 200 << 20, 200 << 20); syscall(160, 9, $l); $x = "x" x (1 << 30)""", "= ENOMEM")]
    [InlineData("no-space", """open(F, ">", "/dev/full"); syswrite(F, "x") or exit 1""", "write\\(/dev/full\\) = ENOSPC")]
    [InlineData("address-in-use", Socket + """socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK)); listen(L, 1); socket(S, PF_INET, SOCK_STREAM, 0); bind(S, getsockname(L)) or exit 1""", "bind\\(127\\.0\\.0\\.1:\\d+\\) = EADDRINUSE")]
    [InlineData("broken-pipe", """$SIG{PIPE} = "IGNORE"; pipe(R, W); close(R); syswrite(W, "x") or exit 1""", "write\\(pipe\\) = EPIPE")]
    [InlineData("no-answer", Socket + """socketpair(A, B, PF_UNIX, SOCK_STREAM, 0); setsockopt(A, SOL_SOCKET, SO_RCVTIMEO, pack("qq", 0, 150000)); defined(recv(A, $x, 9, 0)) or exit 1""", "recvfrom\\(UNIX pair\\) = EAGAIN")]
    public async Task The_failure_before_a_bad_exit_is_named(string kind, string script, string text)
    {
        var suspect = (await ExplainAsync(script))["explanation"]!.AsArray()[^1]!;
        Assert.Matches(text, suspect["text"]!.GetValue<string>());
        Assert.Equal(kind, suspect["kind"]?.GetValue<string>());
        Assert.NotEmpty(suspect["evidence"]!.AsArray());
        Assert.False(string.IsNullOrEmpty(suspect["cannotSee"]?.GetValue<string>()) && kind is not "missing-file" and not "no-answer");
    }

    [Theory]
    [InlineData("dns", Socket + """socket(S, PF_INET, SOCK_DGRAM, 0); connect(S, sockaddr_in(53, INADDR_LOOPBACK)); send(S, "x", 0); recv(S, $x, 9, 0)""", "the name server 127\\.0\\.0\\.1:53 did not answer")]
    [InlineData("timed-out", Socket + """socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK)); listen(L, 0); for (1..3) { socket($s[$_], PF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0); connect($s[$_], getsockname(L)) } select(undef, undef, undef, 0.05); close($s[3])""", "the connection to 127\\.0\\.0\\.1:\\d+ was not made after .*, and was given up")]
    [InlineData("out-of-descriptors", Socket + """$l = pack("QQ", 30, 30); syscall(160, 7, $l); while (socket($f[$n++], PF_INET, SOCK_STREAM, 0)) {}""", "EMFILE once; its limit (is|seems to be) 30; opened in the recording and not closed: \\d+ × TCP")]
    [InlineData("fsync-storm", """use IO::Handle; open(F, ">", "log"); for (1..100) { syswrite(F, "x"); F->sync }""", "100 × fsync in .*, all on .*log: .* each, the slowest ")]
    [InlineData("tiny-writes", """open(F, ">", "log"); for (1..300) { syswrite(F, "abc") }""", "300 writes of at most 32 bytes to .*log, 900 bytes together")]
    public async Task What_makes_a_program_slow_or_incomplete_is_seen_without_a_bad_exit(string kind, string script, string text)
    {
        var seen = (await ExplainAsync(script))["observations"]!.AsArray().Where(one => one!["kind"]!.GetValue<string>() == kind).ToArray();
        Assert.Contains(seen, one => Regex.IsMatch(one!["text"]!.GetValue<string>(), text, RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData("""unpack("p", pack("Q", 16))""", "was ended by SIGSEGV; ")]
    [InlineData("use POSIX; abort()", "was ended by SIGABRT, which it sent itself; ")]
    [InlineData("""pipe(R, W); if (($p = fork) == 0) { syswrite(W, "x"); sleep 100 while 1 } sysread(R, $x, 1); kill("TERM", $p); waitpid($p, 0)""", "was ended by SIGTERM, sent by perl")]
    public async Task The_signal_that_ended_a_process_is_named(string script, string text) =>
        Assert.Contains((await ExplainAsync(script))["explanation"]!.AsArray(), suspect => suspect!["text"]!.GetValue<string>().Contains(text, StringComparison.Ordinal));

    [Fact]
    public async Task Threads_that_wait_for_each_others_lock_are_seen()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gcc"), "needs gcc: apt-get install gcc libc6-dev");
        var (source, program) = (Path.Combine(_directory.FullName, "lock.c"), Path.Combine(_directory.FullName, "lock"));
        await File.WriteAllTextAsync(source, """
            #include <pthread.h>
            #include <unistd.h>
            static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
            static void *work(void *nothing)
            {
                for (int i = 0; i < 200; i++) { pthread_mutex_lock(&lock); usleep(50); pthread_mutex_unlock(&lock); }
                return nothing;
            }
            int main(void)
            {
                pthread_t threads[4];
                for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, work, 0);
                for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
            }
            """, Cancel);
        var traced = await BuiltProgram.ShellAsync($"gcc -pthread -o {program} {source} && ./plumb trace --explain -o json --syscall futex -- {program}");
        Assert.Contains("waits for the lock at 0x", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_system_that_is_mounted_read_only_is_named()
    {
        var traced = await BuiltProgram.ShellAsync("./plumb trace --explain -- unshare -m sh -c 'mount -t tmpfs -o ro none /mnt && touch /mnt/x'");
        Assert.Contains("/mnt/x\") = EROFS (Read-only file system)", traced.Output, StringComparison.Ordinal);
    }

    private async Task<JsonNode> ExplainAsync(string script)
    {
        var file = Path.Combine(_directory.FullName, "script.pl");
        await File.WriteAllTextAsync(file, script, Cancel);
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "secret"), "x", Cancel);
        var traced = await BuiltProgram.ShellAsync($"{BuiltProgram.Launcher} trace --explain -o json -- perl {file}", directory: _directory.FullName);
        var last = traced.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.True(last.StartsWith("{\"explanation\"", StringComparison.Ordinal), traced.Error + last);
        return JsonNode.Parse(last)!;
    }
}
