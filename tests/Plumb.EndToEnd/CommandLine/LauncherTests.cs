using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.CommandLine;

/// <summary>The launcher in a copy of its own, where things can be missing.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly DirectoryInfo _copy = Directory.CreateTempSubdirectory("plumb-launcher-");

    public LauncherTests()
    {
        File.Copy(Path.Combine(BuiltProgram.Root, "plumb"), PathOf("plumb"));
        CopyDirectory("scripts");
        foreach (var directory in (string[])["src", "web", ".build/app", "bin"])
        {
            Directory.CreateDirectory(PathOf(directory));
        }
        File.Copy(Path.Combine(BuiltProgram.Root, "global.json"), PathOf("global.json"));
        File.WriteAllText(PathOf("Directory.Build.props"), "");
        File.WriteAllText(PathOf("src/Program.cs"), "");
        File.WriteAllText(PathOf(".build/app/Plumb.Cli"), "#!/bin/sh\necho ran \"$@\"\n");
        File.SetUnixFileMode(PathOf(".build/app/Plumb.Cli"), UnixFileMode.UserExecute | UnixFileMode.UserRead | UnixFileMode.GroupExecute | UnixFileMode.GroupRead | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        File.SetUnixFileMode(_copy.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.GroupRead | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        File.WriteAllText(PathOf(".build/app.stamp"), "");
    }

    public void Dispose() => _copy.Delete(recursive: true);

    [Fact]
    public async Task An_up_to_date_program_is_run_from_where_the_user_stands_and_gets_its_arguments()
    {
        var ran = await BuiltProgram.ShellAsync($"cd / && {PathOf("plumb")} a 'b c'");
        Assert.Equal((0, "ran a b c\n", ""), (ran.ExitCode, ran.Output, ran.Error));
    }

    [Fact]
    public async Task A_link_to_the_launcher_finds_its_program()
    {
        File.CreateSymbolicLink(PathOf("bin/p"), PathOf("plumb"));
        Assert.Equal("ran x\n", (await BuiltProgram.ShellAsync($"{PathOf("bin/p")} x")).Output);
    }

    [Theory]
    [InlineData("touch src/Program.cs")]
    [InlineData("touch src/New.cs")]
    [InlineData("rm src/Program.cs")]
    [InlineData("touch Directory.Build.props")]
    [InlineData("rm .build/app.stamp")]
    public async Task A_changed_source_is_built_and_without_an_SDK_one_line_says_what_to_install(string change)
    {
        // The stamp gets an age, so that no change falls into the clock's same tick.
        var ran = await WithoutAsync("dotnet", $"touch -d '-1 hour' .build/app.stamp; find . -newer .build/app.stamp -exec touch -d '-2 hours' {{}} +; {change}; ./plumb up");
        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Matches(@"^plumb: the \.NET 10 SDK is missing\. Install it: https://.*\n$", ran.Error);
    }

    [Fact]
    public async Task Without_root_a_missing_program_is_named_with_the_one_command_to_run()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become somebody else");
        var ran = await WithoutAsync("prometheus busybox", "setpriv --reuid 65534 --clear-groups ./plumb up --detach");
        Assert.Equal((2, ""), (ran.ExitCode, ran.Output));
        Assert.Equal("plumb: 'plumb up' needs prometheus busybox. Run: sudo apt-get install --no-install-recommends prometheus busybox\n", ran.Error);
    }

    [Fact]
    public async Task Help_installs_nothing()
    {
        var ran = await WithoutAsync("prometheus busybox apt-get", "./plumb up --help");
        Assert.Equal((0, "ran up --help\n"), (ran.ExitCode, ran.Output));
    }

    /// <summary>Runs a script in the copy, with a PATH that has everything but these programs.</summary>
    private Task<ProcessOutput> WithoutAsync(string programs, string script) => BuiltProgram.ShellAsync(
        $"ln -sf /usr/bin/* /bin/* /usr/sbin/* bin/ 2> /dev/null; (cd bin && rm -f {programs}); export PATH=$PWD/bin; hash -r; {script}", directory: _copy.FullName);

    private string PathOf(string relative) => Path.Combine(_copy.FullName, relative);

    private void CopyDirectory(string name)
    {
        Directory.CreateDirectory(PathOf(name));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(BuiltProgram.Root, name)))
        {
            File.Copy(file, PathOf($"{name}/{Path.GetFileName(file)}"));
        }
    }
}
