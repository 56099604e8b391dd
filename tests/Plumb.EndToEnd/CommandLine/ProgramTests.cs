using System.Text.Json.Nodes;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.CommandLine;

public sealed class ProgramTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-e2e-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_version_is_one_line_and_the_same_everywhere()
    {
        var version = await BuiltProgram.RunAsync("--version");
        Assert.Equal((0, ""), (version.ExitCode, version.Error));
        var json = JsonNode.Parse((await BuiltProgram.RunAsync("version", "-o", "json")).Output)!;
        Assert.Equal(version.Output.TrimEnd(), json["version"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_mistyped_command_is_one_line_on_standard_error_and_exit_code_2()
    {
        var ran = await BuiltProgram.RunAsync("doctro");
        Assert.Equal((2, "", "plumb: there is no command 'doctro' here. Did you mean 'doctor'? See 'plumb --help'\n"), (ran.ExitCode, ran.Output, ran.Error));
    }

    [Fact]
    public async Task Colour_stands_on_a_terminal_and_neither_in_a_pipe_nor_with_NO_COLOR()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script is not installed (Debian: bsdutils)");
        var onTerminal = new ProcessRequest("script", ["-qec", $"{BuiltProgram.Launcher} --help", "/dev/null"], TimeSpan.FromMinutes(5), Environment: new Dictionary<string, string?> { ["TERM"] = "xterm", ["NO_COLOR"] = null });
        var noColour = onTerminal with { Environment = new Dictionary<string, string?> { ["TERM"] = "xterm", ["NO_COLOR"] = "1" } };
        Assert.Contains("\u001b[1mUsage", (await BuiltProgram.RunAsync(onTerminal)).Output, StringComparison.Ordinal);
        // .NET itself sets the terminal's keypad mode with an escape code; colours are those that end in m.
        Assert.DoesNotMatch("\u001b\\[[0-9;]*m", (await BuiltProgram.RunAsync(noColour)).Output);
        Assert.DoesNotContain('\u001b', (await BuiltProgram.RunAsync("--help")).Output);
    }

    [Fact]
    public async Task Doctor_finds_what_this_machine_really_has()
    {
        var ran = await BuiltProgram.RunAsync("doctor", "-o", "json");
        var diagnosis = JsonNode.Parse(ran.Output)!;
        Assert.Equal(diagnosis["outcome"]!.GetValue<string>() == "pass" ? 0 : 1, ran.ExitCode);
        var busybox = diagnosis["items"]!.AsArray().Single(item => item!["name"]!.GetValue<string>() == "busybox")!;
        var isThere = (await BuiltProgram.ShellAsync("command -v busybox")).ExitCode == 0;
        Assert.Equal(isThere ? "ok" : "missing", busybox["health"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_full_disk_is_one_line_and_exit_code_2()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small disk");
        var ran = await BuiltProgram.ShellAsync(
            $"""unshare --mount sh -c 'mount -t tmpfs -o size=64k none {_directory.FullName} && PLUMB_HOME={_directory.FullName}/home {BuiltProgram.Launcher} findings'""");
        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Matches("^plumb: .*(is full|may be full).*\n$", ran.Error);
    }

    [Fact]
    public async Task A_state_directory_that_cannot_be_made_is_one_line_and_exit_code_2()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "file"), "", TestContext.Current.CancellationToken);
        var ran = await BuiltProgram.ShellAsync($"PLUMB_HOME={_directory.FullName}/file/home {BuiltProgram.Launcher} findings");
        Assert.Equal(2, ran.ExitCode);
        Assert.Matches("^plumb: the state directory .* cannot be used: .*Set PLUMB_HOME.*\n$", ran.Error);
    }

    [Fact]
    public async Task Every_error_of_a_configuration_is_printed_with_its_place()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "plumb.yaml"), "lab:\n  nodez: 2\nconsole:\n  port: high\n", TestContext.Current.CancellationToken);
        var ran = await BuiltProgram.RunAsync(new ProcessRequest(BuiltProgram.Launcher, ["config"], TimeSpan.FromMinutes(5), WorkingDirectory: _directory.FullName));
        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("plumb.yaml:2:3: there is no setting 'lab.nodez'. Did you mean 'nodes'?", ran.Error, StringComparison.Ordinal);
        Assert.Contains("plumb.yaml:4:9: 'console.port' is a whole number", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_printed_configuration_is_itself_one()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "plumb.yaml"), "lab: {nodes: 2}\nrecorder: {enabled: false, keep: 20, size: 1GiB}\n", TestContext.Current.CancellationToken);
        var ran = await BuiltProgram.ShellAsync($"{BuiltProgram.Launcher} config > printed.yaml; PLUMB_CONFIG=printed.yaml {BuiltProgram.Launcher} config | diff printed.yaml - ; cat printed.yaml", directory: _directory.FullName);
        // Only the name of the file in the comment above differs.
        Assert.Matches("^1c1\n< # .*/plumb.yaml\n---\n> # .*/printed.yaml\n# .*/plumb.yaml\nlab:\n  nodes: 2\nconsole:\n(.*\n)recorder:\n  enabled: false\n  keep: 20 .*\n  size: 1GiB .*\n  perContainer: 5 ", ran.Output);
    }

    [Theory]
    [InlineData("bash", "source <(\"$0\" completion bash); COMP_WORDS=(plumb completion z); COMP_CWORD=2; _plumb; echo \"${COMPREPLY[@]}\"", "zsh")]
    [InlineData("bash", "source <(\"$0\" completion bash); COMP_WORDS=(plumb doctor -o j); COMP_CWORD=3; _plumb; echo \"${COMPREPLY[@]}\"", "json")]
    [InlineData("zsh", "autoload -Uz compinit && compinit -u -D; source <(\"$0\" completion zsh); _describe() { print -l -- ${(P)2}; }; words=(plumb completion ''); CURRENT=3; _plumb | head -1", "bash")]
    [InlineData("fish", "$argv[1] completion fish | source; complete -C 'plumb completion z'", "zsh")]
    public async Task A_shell_completes_commands_and_values(string shell, string script, string first)
    {
        Assert.SkipUnless((await BuiltProgram.ShellAsync($"command -v {shell}")).ExitCode == 0, $"{shell} is not installed");
        var ran = await BuiltProgram.RunAsync(new ProcessRequest(shell, ["-c", script, BuiltProgram.Launcher], TimeSpan.FromMinutes(5)));
        Assert.True(ran.Output.StartsWith(first, StringComparison.Ordinal), $"{ran.Output}{ran.Error}");
    }
}
