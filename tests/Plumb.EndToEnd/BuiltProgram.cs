using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd;

/// <summary>The program as a user has it: ./plumb of this working copy.</summary>
internal static class BuiltProgram
{
    /// <summary>Long enough for a first build; no test waits for it on purpose.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static string Root { get; } = FindRoot();

    public static string Launcher => Path.Combine(Root, "plumb");

    public static Task<ProcessOutput> RunAsync(params string[] arguments) => RunAsync(new ProcessRequest(Launcher, arguments, Limit));

    public static Task<ProcessOutput> ShellAsync(string script, IReadOnlyDictionary<string, string?>? environment = null, string? directory = null) =>
        RunAsync(new ProcessRequest("bash", ["-c", script], Limit, WorkingDirectory: directory ?? Root, Environment: environment));

    public static async Task<ProcessOutput> RunAsync(ProcessRequest request)
    {
        var ran = await ProcessRunner.RunAsync(request, TestContext.Current.CancellationToken);
        Assert.True(ran.IsOk, ran.Problem?.ToString());
        return ran.Value;
    }

    private static string FindRoot()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Plumb.slnx")))
        {
            at = at.Parent;
        }
        return at?.FullName ?? throw new InvalidOperationException("The tests must run from a build inside the repository.");
    }
}
