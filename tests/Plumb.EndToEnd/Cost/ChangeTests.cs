using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cli.Output;
using Plumb.EndToEnd.Aws;
using Plumb.EndToEnd.Kubectl;
using Plumb.Lab.Aws;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.EndToEnd.Cost;

/// <summary>What changed before an episode began: rollouts that kubectl made, and calls that the AWS command line made and CloudTrail recorded.</summary>
public sealed class ChangeTests(KubectlCluster cluster) : IClassFixture<KubectlCluster>, IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-changes");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task A_rollout_made_with_kubectl_is_told_with_its_images_beside_the_episode_that_began_that_day()
    {
        var kubectl = cluster.Newest();
        await kubectl.DoAsync("create namespace shop");
        await kubectl.DoAsync("create deployment web -n shop --image=busybox:1.36 --replicas=0");
        await kubectl.DoAsync("set image -n shop deployment/web busybox=busybox:1.37");
        await kubectl.DoAsync("rollout status -n shop deployment/web --timeout=60s");
        // The old ReplicaSet is taken up again as revision 3; when it was made, it was revision 1.
        await kubectl.DoAsync("rollout undo -n shop deployment/web");
        await kubectl.DoAsync("rollout status -n shop deployment/web --timeout=60s");

        // A bill knows whole days only: the program is run as it will be the day after tomorrow, when today is judged.
        var (today, time) = (DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), new LaterTime(TimeSpan.FromDays(2)));
        var bill = Bill(today, daysAfter: 2, daily: 20, since: today, then: 60);
        var (code, text) = await RunAsync(time, "cost", "--from", bill, "--changes", "context", "--kubeconfig", kubectl.Kubeconfig);
        Assert.Equal(1, code);
        Assert.Contains(", on that day: Deployment shop/web made, with busybox:1.36 (rollouts of the current context)", text, StringComparison.Ordinal);
        Assert.Contains(", on that day: Deployment shop/web rolled out revision 2: busybox:1.36 → busybox:1.37 (rollouts of the current context)", text, StringComparison.Ordinal);

        // The day after, it was so many hours before; two days after, it is no neighbour any more.
        var next = await RunAsync(time, "cost", "--from", Bill(today, daysAfter: 2, daily: 20, since: today.AddDays(1), then: 60), "--changes", "context", "--kubeconfig", kubectl.Kubeconfig, "-o", "json");
        var change = JsonNode.Parse(next.Text)!["findings"]![0]!["changes"]!.AsArray().Single(change => ((string)change!["what"]!).Contains("revision 2", StringComparison.Ordinal))!;
        Assert.InRange((double)change["hoursBefore"]!, 0, 24);
        var later = await RunAsync(new LaterTime(TimeSpan.FromDays(3)), "cost", "--from", Bill(today, daysAfter: 3, daily: 20, since: today.AddDays(2), then: 60), "--changes", "context", "--kubeconfig", kubectl.Kubeconfig);
        Assert.Contains("changed nothing on", later.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_CloudTrail_recorded_is_told_with_the_hours_before()
    {
        // The account's yesterday: a change is made while its clock stands three days ago.
        var clock = new LaterTime(TimeSpan.FromDays(-3));
        await using (var then = await StandIn.StartAsync(new StandInOptions(_home.FullName) { Time = clock }, TestContext.Current.CancellationToken))
        {
            using var client = Platform.Aws.AwsClient.Open(new Platform.Aws.AwsOptions(clock) { Endpoint = then.Endpoint, Keys = then.Keys, Region = StandIn.Region }).Value!;
            var made = await client.Secrets.CreateSecretAsync("forgotten", "value", null, Guid.NewGuid(), TestContext.Current.CancellationToken);
            Assert.True(made.IsOk, made.Error?.ToString());
        }
        var day = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        Directory.CreateDirectory(Path.Combine(_home.FullName, "billing"));
        await File.WriteAllLinesAsync(Path.Combine(_home.FullName, "billing", "more.csv"),
        [
            "BillingAccountId,SubAccountId,ChargePeriodStart,ChargePeriodEnd,ServiceName,RegionId,BilledCost,EffectiveCost,BillingCurrency,x_UsageType",
            .. Enumerable.Range(0, 3).Select(after => string.Create(CultureInfo.InvariantCulture,
                $"1,1,{day.AddDays(after):yyyy-MM-dd}T00:00:00Z,{day.AddDays(after + 1):yyyy-MM-dd}T00:00:00Z,AWS Secrets Manager,us-east-1,40,40,USD,AWSSecretsManager-Secrets")),
        ], TestContext.Current.CancellationToken);

        await using var now = await StandIn.StartAsync(new StandInOptions(_home.FullName), TestContext.Current.CancellationToken);
        var environment = AwsCommandLine.Variables(now.Endpoint, now.Keys);
        environment["PLUMB_HOME"] = _home.FullName;
        var ran = await BuiltProgram.RunAsync(new ProcessRequest(Path.Combine(AppContext.BaseDirectory, "Plumb.Cli"), ["cost", "--from", "aws"], TimeSpan.FromMinutes(1), Environment: environment));
        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("on that day: CreateSecret by plumb", ran.Output, StringComparison.Ordinal);
        Assert.Contains("(CloudTrail)", ran.Output, StringComparison.Ordinal);

        var without = await BuiltProgram.RunAsync(new ProcessRequest(Path.Combine(AppContext.BaseDirectory, "Plumb.Cli"), ["cost", "--from", "aws", "--changes", "none"], TimeSpan.FromMinutes(1), Environment: environment));
        Assert.Equal(1, without.ExitCode);
        Assert.DoesNotContain("    changed ", without.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_was_named_and_is_not_there_is_an_error_before_anything_is_judged()
    {
        var (code, text) = await RunAsync(TimeProvider.System, "cost", "--sample", "--changes", "lab");
        Assert.Equal((2, true), (code, text.Contains("no lab runs here", StringComparison.Ordinal)));
    }

    private string Bill(DateOnly today, int daysAfter, decimal daily, DateOnly since, decimal then)
    {
        var path = Path.Combine(_home.FullName, "bill.csv");
        File.WriteAllLines(path, ["date,service,cost", .. Enumerable.Range(-60, 60 + daysAfter).Select(today.AddDays)
            .Select(day => string.Create(CultureInfo.InvariantCulture, $"{day:yyyy-MM-dd},EC2,{(day >= since ? then : daily)}"))]);
        return path;
    }

    private async Task<(int Code, string Text)> RunAsync(TimeProvider time, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var code = await new Plumb.Cli.Framework.CommandLine(Plumb.Cli.Program.Contents, new Terminal(output, output, false, false, () => 100, false), time, new PlumbHome(_home.FullName))
            .RunAsync(arguments, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(output.ToString());
        return (code, output.ToString());
    }

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
