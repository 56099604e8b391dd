using System.Text.Json.Nodes;
using Plumb.Lab.Aws;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.Drift;

/// <summary>An AWS of its own, the built program, and Debian's aws, which makes the changes.</summary>
internal sealed class DriftAccount : IAsyncDisposable
{
    private const string Aws = "/usr/bin/aws";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-drift-");

    private DriftAccount(StandIn standIn, DirectoryInfo account) => (StandIn, Account) = (standIn, account);

    public StandIn StandIn { get; }

    public DirectoryInfo Account { get; }

    public string Home => _home.FullName;

    public string States => StandIn.StatesIn(Account.FullName);

    public static async Task<DriftAccount> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Aws), "the AWS command line is not installed (Debian: awscli)");
        var account = Directory.CreateTempSubdirectory("plumb-drift-aws-");
        return new DriftAccount(await StandIn.StartAsync(new StandInOptions(account.FullName), TestContext.Current.CancellationToken), account);
    }

    public Task<ProcessOutput> DriftAsync(params string[] arguments) => BuiltProgram.RunAsync(new ProcessRequest(BuiltProgram.Launcher, ["drift", .. arguments], Limit, WorkingDirectory: Home, Environment: Environment()));

    public async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        var ran = await DriftAsync([.. arguments, "-o", "json"]);
        Assert.True(ran.ExitCode is 0 or 1, ran.Error);
        return JsonNode.Parse(ran.Output)!;
    }

    /// <summary>A shell in which <c>aws</c> is Debian's at this endpoint: that version knows no AWS_ENDPOINT_URL.</summary>
    public async Task ShellAsync(string script)
    {
        var ran = await BuiltProgram.RunAsync(new ProcessRequest("bash", ["-c", $"set -e\naws() {{ {Aws} --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\" >/dev/null; }}\n{script}"], Limit, WorkingDirectory: Home, Environment: Environment()));
        Assert.True(ran.ExitCode == 0, $"{script}\n{ran.Output}{ran.Error}");
    }

    public async ValueTask DisposeAsync()
    {
        await StandIn.DisposeAsync();
        Account.Delete(recursive: true);
        _home.Delete(recursive: true);
    }

    private Dictionary<string, string?> Environment() => new()
    {
        ["AWS_ENDPOINT_URL"] = StandIn.Endpoint.ToString().TrimEnd('/'), ["AWS_ACCESS_KEY_ID"] = StandIn.Keys.AccessKeyId, ["AWS_SECRET_ACCESS_KEY"] = StandIn.Keys.SecretAccessKey, ["AWS_SESSION_TOKEN"] = null,
        ["AWS_REGION"] = StandIn.Region, ["AWS_DEFAULT_REGION"] = StandIn.Region, ["AWS_PROFILE"] = null, ["AWS_PAGER"] = "", ["AWS_CONFIG_FILE"] = "/dev/null", ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null",
        ["PLUMB_HOME"] = Path.Combine(Home, "home"), ["NO_COLOR"] = "1",
    };
}
