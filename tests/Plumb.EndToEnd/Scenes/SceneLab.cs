using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.EndToEnd.Scenes;

/// <summary>A lab in a process of its own, and the program beside it with the environment that <c>plumb lab env</c> prints.</summary>
public sealed class SceneLab : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-scenes-");
    private readonly Dictionary<string, string?> _environment = new(StringComparer.Ordinal);

    public string States => _environment["PLUMB_LAB_STATES"]!;

    public LabState State => LabState.Read(new PlumbHome(_directory.FullName))!.Value.Value!;

    public async ValueTask InitializeAsync()
    {
        foreach (var (name, value) in Aws.AwsCommandLine.Variables(new Uri("http://127.0.0.1:1"), new Platform.Aws.AwsKeys("none", "none")))
        {
            _environment[name] = value;
        }
        _environment["PLUMB_HOME"] = _directory.FullName;
        _environment["NO_COLOR"] = "1";
        await StartAsync();
    }

    /// <summary>Starts the lab (again), and takes over its environment.</summary>
    public async Task StartAsync()
    {
        var up = await RunAsync("up", "--detach");
        Assert.True(up.ExitCode == 0, up.Output + up.Error);
        foreach (var (name, value) in JsonNode.Parse((await RunAsync("lab", "env", "-o", "json")).Output)!.AsObject())
        {
            _environment[name] = (string)value!;
        }
    }

    /// <summary>The program with the lab's environment.</summary>
    public Task<ProcessOutput> RunAsync(params string[] arguments) =>
        BuiltProgram.RunAsync(new ProcessRequest(Program, arguments, Limit, Environment: _environment));

    /// <summary>A shell with the lab's environment, as <c>eval "$(plumb lab env)"</c> makes one.</summary>
    public Task<ProcessOutput> ShellAsync(string script) => BuiltProgram.RunAsync(new ProcessRequest("bash", ["-c", script], Limit, Environment: _environment));

    /// <summary>Breaks a scene, runs its check, and repairs it; the check must pass before and after.</summary>
    public async Task<ProcessOutput> BreakCheckRepairAsync(string scene, params string[] check)
    {
        await PassesAsync(check);
        await PassesAsync("lab", "break", scene);
        var broken = await RunAsync(check);
        await PassesAsync("lab", "reset", scene);
        await PassesAsync(check);
        return broken;
    }

    public async Task PassesAsync(params string[] arguments)
    {
        var ran = await RunAsync(arguments);
        Assert.True(ran.ExitCode == 0, $"plumb {string.Join(' ', arguments)} ended with {ran.ExitCode}\n{ran.Output}{ran.Error}");
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("down");
        using var left = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("pgrep", ["-fa", _directory.FullName]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        Assert.Equal("", await left.StandardOutput.ReadToEndAsync(CancellationToken.None));
        _directory.Delete(recursive: true);
    }

    /// <summary>Ends the lab's process as a crash would.</summary>
    public async Task KillAsync()
    {
        var killed = await ShellAsync(string.Create(CultureInfo.InvariantCulture, $"kill -9 {State.Pid}"));
        Assert.Equal(0, killed.ExitCode);
    }

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "Plumb.Cli");
}
