using System.Text.Json.Nodes;

namespace Plumb.EndToEnd.Lab;

/// <summary>The lab of somebody who is not root: the same payments system as plain processes, and nothing claimed that is not enforced.</summary>
public sealed class UnprivilegedLabTests : IDisposable
{
    private const string Nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-nobody-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task Without_root_payments_are_made_the_status_says_what_is_not_enforced_and_a_killed_lab_is_cleared()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become somebody else");
        Assert.SkipUnless((await BuiltProgram.ShellAsync($"{Nobody} test -x {BuiltProgram.Launcher}")).ExitCode == 0, "this working copy cannot be read by others");
        await BuiltProgram.ShellAsync($"{BuiltProgram.Launcher} --version; chown 65534:65534 {_home.FullName}");
        try
        {
            var up = await AsNobodyAsync("up --detach");
            Assert.True(up.ExitCode == 0, up.Output + up.Error);

            var status = JsonNode.Parse((await AsNobodyAsync("status -o json")).Output)!;
            Assert.Equal("pass", status["outcome"]!.GetValue<string>());
            var missing = string.Join('\n', status["notEnforced"]!.AsArray());
            Assert.All((string[])["volumes are not mounted", "Memory limits are not enforced", "CPU limits are not enforced", "Names of Services do not resolve"],
                text => Assert.Contains(text, missing, StringComparison.Ordinal));
            var targets = await BuiltProgram.ShellAsync($"curl -s --retry 20 --retry-all-errors --retry-delay 1 --fail-with-body '{status["urls"]!["prometheus"]}api/v1/targets?state=active'");
            Assert.Contains("\"health\":\"up\"", targets.Output, StringComparison.Ordinal);

            await BuiltProgram.ShellAsync($"kill -9 {status["pid"]}");
            Assert.NotEqual("", await LeftAsync());
            Assert.Equal(0, (await AsNobodyAsync("down")).ExitCode);
        }
        finally
        {
            await AsNobodyAsync("down");
        }
        Assert.Equal("", await LeftAsync());
    }

    private Task<Platform.Processes.ProcessOutput> AsNobodyAsync(string command) => BuiltProgram.ShellAsync(
        $"cd / && exec {Nobody} {BuiltProgram.Launcher} {command}", new Dictionary<string, string?> { ["PLUMB_HOME"] = $"{_home.FullName}/home", ["HOME"] = _home.FullName });

    private async Task<string> LeftAsync() => (await BuiltProgram.ShellAsync($"grep -lsa -- '[/]{_home.FullName[1..]}' /proc/[0-9]*/environ")).Output;
}
