namespace Plumb.EndToEnd.Recorder;

/// <summary>Names that try to do something to who reads them, and descriptors that go from process to process.</summary>
public sealed class HostileNameTests
{
    /// <summary>Control characters, a terminal's title, invalid UTF-8, quotes and angle brackets, and a name of 4 KB: as a file's, a program's, an argument and a socket's.</summary>
    private const string Script = """
        use Socket; my $n = "\e]0;owned\a\xff\xc0\x80\n\"<7>\\"; mkdir("/tmp/plumb-hostile-$$"); chdir("/tmp/plumb-hostile-$$") or die; $0 = "\e[2J\xff";
        open(F, ">", $n) or die; syswrite(F, "x"); close(F); open(F, "<", $n); sysread(F, $x, 1); open(G, "<", "x" x 4096); open(G, "<", ("\e" x 200) . "/" . ("y" x 3000));
        socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un($n)); listen(S, 1); system("/bin/echo", "\e[2J$n"); syswrite(STDERR, "\e[31mred\n"); unlink($n); unlink($n); rmdir("/tmp/plumb-hostile-$$"); exit 1;
        """;

    public HostileNameTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "needs perl: apt-get install perl");
    }

    [Theory]
    [InlineData("--explain")]
    [InlineData("--buffers --explain -o json")]
    [InlineData("--stats")]
    [InlineData("--ptrace --explain")]
    public async Task A_hostile_name_reaches_no_terminal_and_breaks_no_document(string options)
    {
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, Script, TestContext.Current.CancellationToken);
            var traced = await BuiltProgram.ShellAsync($"./plumb trace {options} -- perl {script} 2> /dev/null");
            Assert.Equal(1, traced.ExitCode);
            Assert.Contains("owned", traced.Output, StringComparison.Ordinal);
            Assert.All(traced.Output.Where(character => character is not '\n'), character => Assert.True(character is >= ' ' and <= '~' or 'µ' or '…' or '×', $"U+{(int)character:X4}"));
            if (options.Contains("json", StringComparison.Ordinal))
            {
                Assert.All(traced.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.NotNull(System.Text.Json.Nodes.JsonNode.Parse(line)));
            }
        }
        finally
        {
            File.Delete(script);
        }
    }

    [Fact]
    public async Task A_child_has_the_descriptors_of_the_shell_that_started_it()
    {
        var traced = await BuiltProgram.ShellAsync("./plumb trace -- sh -c 'exec 5</etc/hostname; cat <&5; (cat) <&5'");
        Assert.Matches("sh +dup2 +oldfd=5</etc/hostname>, newfd=0.* 0</etc/hostname>", traced.Output);
        Assert.Matches("cat +read +fd=0</etc/hostname>, .* count=\\d+ +\\d+", traced.Output);
    }
}
