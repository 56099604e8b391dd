using System.Text.Json.Nodes;
using Plumb.Lab.Aws;
using Plumb.Platform.Aws;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.Aws;

/// <summary>Debian's aws, pointed at a stand-in of its own.</summary>
internal sealed class AwsCommandLine : IAsyncDisposable
{
    private const string Program = "/usr/bin/aws";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-aws-");

    private AwsCommandLine()
    {
    }

    public StandIn StandIn { get; private set; } = null!;

    /// <summary>Variables that a test adds or changes.</summary>
    public Dictionary<string, string?> Environment { get; } = new(StringComparer.Ordinal);

    public string Home => _home.FullName;

    public static async Task<AwsCommandLine> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Program), "the AWS command line is not installed (Debian: awscli)");
        var aws = new AwsCommandLine();
        aws.StandIn = await StandIn.StartAsync(new StandInOptions(aws.Home), TestContext.Current.CancellationToken);
        foreach (var (name, value) in Variables(aws.StandIn.Endpoint, aws.StandIn.Keys))
        {
            aws.Environment[name] = value;
        }
        return aws;
    }

    public static Dictionary<string, string?> Variables(Uri endpoint, AwsKeys keys) => new(StringComparer.Ordinal)
    {
        ["AWS_ENDPOINT_URL"] = endpoint.ToString(), ["AWS_ACCESS_KEY_ID"] = keys.AccessKeyId, ["AWS_SECRET_ACCESS_KEY"] = keys.SecretAccessKey, ["AWS_SESSION_TOKEN"] = null,
        ["AWS_DEFAULT_REGION"] = StandIn.Region, ["AWS_REGION"] = null, ["AWS_PROFILE"] = null, ["AWS_PAGER"] = "", ["AWS_DEFAULT_OUTPUT"] = "json",
        ["AWS_CONFIG_FILE"] = "/dev/null", ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null",
    };

    /// <summary>A command that must succeed; its JSON, or null when it prints nothing.</summary>
    public async Task<JsonNode> JsonAsync(string arguments)
    {
        var ran = await RunAsync(arguments);
        Assert.True(ran.ExitCode == 0, $"aws {arguments}\n{ran.Error}");
        return ran.Output.Trim().Length == 0 ? new JsonObject() : JsonNode.Parse(ran.Output)!;
    }

    /// <summary>A command that must be refused; the last line that it prints.</summary>
    public async Task<string> RefusalAsync(string arguments)
    {
        var ran = await RunAsync(arguments);
        Assert.True(ran.ExitCode is 254 or 255 or 252 or 1, $"aws {arguments} ended with {ran.ExitCode}\n{ran.Output}{ran.Error}");
        return ran.LastLine;
    }

    /// <summary>Arguments as in a shell. Debian's aws 2.9 knows no AWS_ENDPOINT_URL, so it gets the option.</summary>
    public async Task<ProcessOutput> RunAsync(string arguments)
    {
        var ran = await ProcessRunner.RunAsync(
            new ProcessRequest("bash", ["-c", $"exec {Program} --endpoint-url \"$AWS_ENDPOINT_URL\" {arguments}"], Limit, Environment: Environment, WorkingDirectory: Home), TestContext.Current.CancellationToken);
        Assert.True(ran.IsOk, ran.Problem?.ToString());
        return ran.Value;
    }

    public AwsClient Client()
    {
        var opened = AwsClient.Open(new AwsOptions(TimeProvider.System) { Endpoint = StandIn.Endpoint, Keys = StandIn.Keys, Region = StandIn.Region });
        Assert.True(opened.IsOk, opened.Error?.ToString());
        return opened.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await StandIn.DisposeAsync();
        _home.Delete(recursive: true);
    }
}
