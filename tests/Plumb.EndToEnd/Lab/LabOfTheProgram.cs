using System.Text.Json.Nodes;
using Plumb.EndToEnd.Lab;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;

[assembly: AssemblyFixture(typeof(LabOfTheProgram))]

namespace Plumb.EndToEnd.Lab;

/// <summary>
/// The lab as a user has it: started by <c>./plumb up --detach</c> when the first test asks for it, ended by <c>./plumb down</c> after the last one.
/// A test leaves it as healthy as it found it.
/// </summary>
public sealed class LabOfTheProgram : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-up-");
    private readonly SemaphoreSlim _turn = new(1);
    private bool _running;

    internal PlumbHome Home => new(_home.FullName);

    /// <summary>What a shell needs to talk to it.</summary>
    internal Dictionary<string, string?> Environment => new() { ["PLUMB_HOME"] = _home.FullName, ["KUBECONFIG"] = null };

    /// <summary>Starts the lab if nobody has; the state that it wrote.</summary>
    internal async Task<LabState> StateAsync()
    {
        Assert.SkipUnless(System.Environment.IsPrivilegedProcess, "the whole lab needs root for its limits");
        await _turn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!_running)
            {
                var up = await ShellAsync("./plumb up --detach");
                Assert.True(up.ExitCode == 0, up.Output + up.Error);
                _running = true;
            }
        }
        finally
        {
            _turn.Release();
        }
        return LabState.Running(Home) is { IsOk: true, Value: { } running } ? running : throw new InvalidOperationException("the lab has ended by itself");
    }

    internal Task<ProcessOutput> ShellAsync(string script) => BuiltProgram.ShellAsync(script, Environment);

    /// <summary>The number of ledger pods that the Deployment wants and has.</summary>
    internal async Task<(int Wanted, int Ready)> LedgersAsync()
    {
        var asked = await ShellAsync("kubectl --kubeconfig $(./plumb kubeconfig) get deployment ledger -n payments -o json");
        Assert.True(asked.ExitCode == 0, asked.Error);
        var deployment = JsonNode.Parse(asked.Output)!;
        return (deployment["spec"]!["replicas"]!.GetValue<int>(), deployment["status"]!["readyReplicas"]?.GetValue<int>() ?? 0);
    }

    public async ValueTask DisposeAsync()
    {
        if (_running)
        {
            await ProcessRunner.RunAsync(new ProcessRequest(BuiltProgram.Launcher, ["down"], TimeSpan.FromMinutes(2), Environment: Environment), CancellationToken.None);
        }
        _turn.Dispose();
        _home.Delete(recursive: true);
    }
}
