using System.Diagnostics;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The console's own project: its types and its unit tests, run by npm.</summary>
public sealed class WebProjectTests
{
    [Theory]
    [InlineData("check")]
    [InlineData("test")]
    public async Task The_pages_pass_their_own_checks(string script)
    {
        var web = Path.Combine(Repository.Root, "web");
        Assert.True(Directory.Exists(Path.Combine(web, "node_modules")), "Run npm ci in web/ first.");
        using var npm = Process.Start(new ProcessStartInfo("npm", ["run", "--silent", script]) { WorkingDirectory = web, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = npm.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = npm.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await npm.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(npm.ExitCode == 0, await output + await errors);
    }

    [Fact]
    public void The_lock_file_names_no_registry() =>
        Assert.DoesNotContain("\"resolved\"", File.ReadAllText(Path.Combine(Repository.Root, "web", "package-lock.json")), StringComparison.Ordinal);
}
