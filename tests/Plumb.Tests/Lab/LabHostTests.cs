using Plumb.Lab;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Lab;

public sealed class LabHostTests : IDisposable
{
    private readonly PlumbHome _home = new(Directory.CreateTempSubdirectory("plumb-lab-").FullName);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_home.Path, recursive: true);

    [Fact]
    public async Task A_running_lab_says_where_it_is_and_an_ended_one_leaves_no_state_file()
    {
        await using (var lab = (await StartAsync()).Value!)
        {
            Assert.Equal(LabPhase.Starting, LabState.Running(_home)!.Value.Value!.Phase);
            lab.Announce(console: null);
            var seen = LabState.Running(_home)!.Value.Value!;
            Assert.Equal(LabPhase.Ready, seen.Phase);
            Assert.Equal(Environment.ProcessId, seen.Pid);
            Assert.Equal(lab.State.Server, seen.Server);
            Assert.True(File.Exists(seen.Kubeconfig));
        }

        Assert.Null(LabState.Read(_home));
    }

    [Fact]
    public async Task A_second_lab_in_the_same_home_is_refused_and_the_first_one_stays()
    {
        await using var first = (await StartAsync()).Value!;

        var second = await StartAsync();

        Assert.Contains("a lab runs already", second.Problem?.What, StringComparison.Ordinal);
        Assert.Contains("plumb down", second.Problem?.Remedy, StringComparison.Ordinal);
        Assert.Equal(first.State.Server, LabState.Running(_home)!.Value.Value!.Server);
    }

    [Fact]
    public async Task What_a_killed_lab_left_does_not_stop_the_next_one()
    {
        new LabState
        {
            Pid = 1, ProcessStart = -1, StartedAt = DateTimeOffset.UnixEpoch, Phase = LabPhase.Ready, Nodes = 3, Kubeconfig = "/gone", Server = new Uri("https://127.0.0.1:1"),
        }.Write(_home);

        await using var lab = (await StartAsync()).Value!;

        Assert.Equal(Environment.ProcessId, LabState.Running(_home)!.Value.Value!.Pid);
    }

    [Fact]
    public async Task Ending_a_lab_twice_does_not_clear_the_state_of_the_next_one()
    {
        var first = (await StartAsync()).Value!;
        await first.DisposeAsync();
        await using var second = (await StartAsync()).Value!;

        await first.DisposeAsync();

        Assert.NotNull(LabState.Running(_home));
    }

    [Fact]
    public async Task A_home_that_is_a_file_is_a_problem_in_words()
    {
        var file = Path.Combine(_home.Path, "file");
        await File.WriteAllTextAsync(file, "", Cancel);

        var started = await LabHost.StartAsync(Options() with { Home = new PlumbHome(file) }, TimeProvider.System, null, Cancel);

        Assert.Contains(file, started.Problem?.What, StringComparison.Ordinal);
        Assert.Contains("PLUMB_HOME", started.Problem?.Remedy, StringComparison.Ordinal);
    }

    private LabOptions Options() => new(_home) { Nodes = 0, Payments = false };

    private Task<Plumb.Core.Result<LabHost>> StartAsync() => LabHost.StartAsync(Options(), TimeProvider.System, null, Cancel);
}
