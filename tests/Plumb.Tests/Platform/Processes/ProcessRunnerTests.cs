using System.Diagnostics;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.Tests.Platform.Processes;

public sealed class ProcessRunnerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_program_gets_input_and_environment_and_its_exit_code_is_a_result()
    {
        var request = Shell("cat; echo $WHO >&2; exit 3") with { Input = "in", Environment = new Dictionary<string, string?> { ["WHO"] = "me" } };
        var output = (await ProcessRunner.RunAsync(request, Cancellation)).Value!;
        Assert.Equal((3, "in", "me\n", "me", false), (output.ExitCode, output.Output, output.Error, output.LastLine, output.Truncated));
    }

    [Fact]
    public async Task A_program_that_does_not_exist_is_a_problem()
    {
        var result = await ProcessRunner.RunAsync(new ProcessRequest("/no/such/program", [], TimeSpan.FromSeconds(5)), Cancellation);
        Assert.StartsWith("'/no/such/program' cannot be started:", result.Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_takes_too_long_is_killed_with_everything_that_it_started()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("child");
        var result = await ProcessRunner.RunAsync(Shell($"sleep 1000 & echo $! > {file}; wait") with { TimeLimit = TimeSpan.FromSeconds(1) }, Cancellation);
        Assert.Contains("did not end within 1 s and was killed", result.Problem!.What, StringComparison.Ordinal);
        await EndedAsync(int.Parse(await File.ReadAllTextAsync(file, Cancellation), System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_dropped_and_the_program_is_not_held_up()
    {
        var output = (await ProcessRunner.RunAsync(Shell($"head -c {ProcessRunner.MaxOutputChars + 100_000} /dev/zero | tr '\\0' x"), Cancellation)).Value!;
        Assert.Equal((0, ProcessRunner.MaxOutputChars, true), (output.ExitCode, output.Output.Length, output.Truncated));
    }

    [Fact]
    public async Task A_program_that_ignores_its_input_is_no_problem()
    {
        var output = (await ProcessRunner.RunAsync(Shell("exec 0<&-; exit 0") with { Input = new string('x', 1_000_000) }, Cancellation)).Value!;
        Assert.Equal(0, output.ExitCode);
    }

    [Fact]
    public async Task A_process_is_running_until_it_ends_and_its_identity_survives_text()
    {
        using var process = Process.Start("sleep", "1000");
        var identity = ProcessIdentity.Of(process.Id)!;
        Assert.Equal(identity, ProcessIdentity.Parse($"{identity}"));
        Assert.True(identity.IsRunning());
        Assert.False((identity with { StartTicks = identity.StartTicks - 1 }).IsRunning());
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
        Assert.False(identity.IsRunning());
    }

    [Fact]
    public void A_text_that_names_no_process_is_refused() => Assert.All(["", "a:b:c", "boot:1", "boot:1:2:3"], text => Assert.Null(ProcessIdentity.Parse(text)));

    private static ProcessRequest Shell(string script) => new("/bin/sh", ["-c", script], TimeSpan.FromSeconds(60));

    /// <summary>Kill is asynchronous; the test's own time limit bounds the wait.</summary>
    private static async Task EndedAsync(int processId)
    {
        while (ProcessIdentity.Of(processId) is not null)
        {
            await Task.Delay(10, Cancellation);
        }
    }
}
