using System.Diagnostics;

namespace Plumb.EndToEnd.Lab;

/// <summary>The program is killed while its fault is in place: nothing of it can run any more, and the next command must know.</summary>
public sealed class KilledExperimentTests(LabOfTheProgram lab)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("./plumb experiment undo")]
    [InlineData("./plumb experiment run kill-pod -o json")]
    public async Task A_run_that_was_killed_is_taken_back_by_the_next_command(string next)
    {
        await lab.StateAsync();
        using (var run = StartOutage())
        {
            await UntilAsync(async () => await lab.LedgersAsync() is { Wanted: 0 });
            run.Kill();
            await run.WaitForExitAsync(Cancel);
        }
        Assert.Equal(0, (await lab.LedgersAsync()).Wanted);

        var after = await lab.ShellAsync(next);

        Assert.Equal(2, (await lab.LedgersAsync()).Wanted);
        await UntilAsync(async () => await lab.LedgersAsync() is { Ready: 2 });
        // The undo succeeds. A run says what it found and took back, and is no pass as long as the pods are not there again.
        Assert.True(after.ExitCode == 0 || after.Error.Contains("that is done now", StringComparison.Ordinal), after.Output + after.Error);
        Assert.Contains("nothing", (await lab.ShellAsync("./plumb experiment undo")).Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_interrupted_run_takes_its_fault_back_before_it_ends()
    {
        await lab.StateAsync();
        using var run = StartOutage();
        await UntilAsync(async () => await lab.LedgersAsync() is { Wanted: 0 });

        Process.Start("kill", ["-INT", $"{run.Id}"]).WaitForExit();
        await run.WaitForExitAsync(Cancel);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Equal(2, (await lab.LedgersAsync()).Wanted);
        await UntilAsync(async () => await lab.LedgersAsync() is { Ready: 2 });
    }

    private Process StartOutage()
    {
        // The launcher execs the program, so this is the program's own process.
        var start = new ProcessStartInfo(BuiltProgram.Launcher, ["experiment", "run", "ledger-outage"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PLUMB_HOME"] = lab.Home.Path;
        return Process.Start(start)!;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
        }
    }
}
