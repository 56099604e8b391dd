using Microsoft.Data.Sqlite;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Lab.Aws;
using Plumb.Lab.Scenes;
using Plumb.Platform.Aws;
using Plumb.Platform.Storage;
using Plumb.Tests.Lab.Aws;
using Xunit;

namespace Plumb.Tests.Lab.Scenes;

/// <summary>Scenes against the lab's AWS in this process; with pods and other processes they run in the end-to-end tests.</summary>
public sealed class SceneStageTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PlumbHome Home => new(_directory.Path);

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("open-port", 22, true)]
    [InlineData("closed-port", 80, false)]
    public async Task A_colleague_changes_a_rule_with_a_trace_in_the_trail_and_the_reset_changes_it_back(string name, int port, bool opens)
    {
        await using var aws = await StartAsync();
        using var store = Open();
        var client = aws.Client();
        Assert.Equal(!opens, await IsOpenAsync(client, port));
        Assert.Null(await Stage(store).BreakAsync(SceneCatalogue.Find(name)!, Cancel));
        Assert.Equal(opens, await IsOpenAsync(client, port));
        var made = Assert.Single((await client.CloudTrail.LookupEventsAsync(("ResourceName", "sg-0a1b2c3d4e5f6a7b8"), null, null, 10, Cancel)).Value!);
        Assert.Equal(("sam.oncall", opens ? "AuthorizeSecurityGroupIngress" : "RevokeSecurityGroupIngress", "ec2.amazonaws.com"), (made.User, made.Name, made.Source));

        Assert.Equal([(name, null)], await ResetAsync(store, null));
        Assert.Equal(!opens, await IsOpenAsync(client, port));
        Assert.Empty(await ResetAsync(store, null));
    }

    [Fact]
    public async Task A_group_that_no_state_knows_comes_and_goes_with_its_rules()
    {
        await using var aws = await StartAsync();
        using var store = Open();
        Assert.Null(await Stage(store).BreakAsync(SceneCatalogue.Find("invisible-group")!, Cancel));
        var group = Assert.Single((await aws.Client().Ec2.DescribeSecurityGroupsAsync([new Ec2Filter("group-name", "temp-debug")], Cancel)).Value!);
        Assert.Equal(3389, Assert.Single(group.Ingress).FromPort);
        Assert.Equal([("invisible-group", null)], await ResetAsync(store, null));
        Assert.Equal(4, (await aws.Client().Ec2.DescribeSecurityGroupsAsync([], Cancel)).Value!.Count);
    }

    [Fact]
    public async Task A_bucket_becomes_public_and_private_again()
    {
        await using var aws = await StartAsync();
        using var store = Open();
        var s3 = aws.Client().S3;
        Assert.Null(await Stage(store).BreakAsync(SceneCatalogue.Find("public-bucket")!, Cancel));
        Assert.Equal(PublicAccessBlock.None, (await s3.GetPublicAccessBlockAsync("plumb-lab-invoices", Cancel)).Value);
        Assert.True((await s3.GetBucketPolicyIsPublicAsync("plumb-lab-invoices", Cancel)).Value);
        Assert.Equal([("public-bucket", null)], await ResetAsync(store, null));
        Assert.Equal(new PublicAccessBlock(true, true, true, true), (await s3.GetPublicAccessBlockAsync("plumb-lab-invoices", Cancel)).Value);
        Assert.False((await s3.GetBucketPolicyIsPublicAsync("plumb-lab-invoices", Cancel)).Value);
    }

    [Theory]
    [InlineData("cost-spike", "Amazon Elastic Compute Cloud - Compute")]
    [InlineData("new-service", "Amazon SageMaker")]
    public async Task The_bill_shows_a_scenes_costs_and_the_reset_takes_them_away(string name, string service)
    {
        await using var aws = await StartAsync();
        using var store = Open();
        var client = aws.Client();
        var before = await YesterdayAsync(client, service);
        Assert.Null(await Stage(store).BreakAsync(SceneCatalogue.Find(name)!, Cancel));
        Assert.True(await YesterdayAsync(client, service) > before + 30);
        Assert.Single(await ResetAsync(store, name));
        Assert.Equal(before, await YesterdayAsync(client, service));
    }

    [Fact]
    public async Task Every_scene_that_needs_no_pod_can_be_broken_at_once_and_all_are_repaired_newest_first()
    {
        await using var aws = await StartAsync();
        using var store = Open();
        var scenes = SceneCatalogue.All.Where(scene => scene.Name != "trace-gap" && !scene.Name.StartsWith("aws-", StringComparison.Ordinal))
            .Concat(SceneCatalogue.All.Where(scene => scene.Name.StartsWith("aws-", StringComparison.Ordinal))).ToList();
        foreach (var scene in scenes)
        {
            Assert.Null(await Stage(store).BreakAsync(scene, Cancel));
        }
        Assert.Equal(scenes.Count, Stage(store).States().Count(state => state.Since is not null));
        Assert.Equal(scenes.AsEnumerable().Reverse().Select(scene => (scene.Name, (Problem?)null)), await ResetAsync(store, null));
        Assert.All(Stage(store).States(), state => Assert.Null(state.Since));
    }

    [Fact]
    public async Task A_scene_is_broken_once_belongs_to_nobody_then_and_one_that_is_being_broken_is_left_alone()
    {
        await using var aws = await StartAsync();
        using var store = Open();
        var scene = SceneCatalogue.Find("cost-spike")!;
        Assert.Null(await Stage(store).BreakAsync(scene, Cancel));
        Assert.Equal("the scene cost-spike is broken already. Repair it first with 'plumb lab reset cost-spike'", (await Stage(store).BreakAsync(scene, Cancel))!.ToString());
        // The process that broke it runs still, and yet anybody may repair it: a console breaks scenes and goes on.
        Assert.Equal([("cost-spike", (Problem?)null)], await ResetAsync(store, null));
        // A plan that a running process is still at is its own.
        store.Journal.Open(Stage(store).PlanOf(scene));
        Assert.Empty(await Stage(store).ResetAsync(null, Cancel));
    }

    [Fact]
    public async Task Without_a_lab_a_break_says_so_and_leaves_nothing_open()
    {
        using var store = Open();
        foreach (var name in (string[])["open-port", "trace-gap"])
        {
            Assert.Equal($"the scene {name} needs a running lab, and none is ready here (state directory {Home.Path}). Start one with 'plumb up'",
                (await Stage(store).BreakAsync(SceneCatalogue.Find(name)!, Cancel))!.ToString());
        }
        Assert.DoesNotContain(Stage(store).States(), state => state.Since is not null);
    }

    [Fact]
    public async Task Recovering_other_plans_leaves_scenes_alone()
    {
        await using var aws = await StartAsync();
        using var store = Open();
        Assert.Null(await Stage(store).BreakAsync(SceneCatalogue.Find("cost-spike")!, Cancel));
        Abandon();
        Assert.Empty(await new Applier(store.Journal, [], TimeProvider.System).RecoverAsync(Cancel));
        Assert.Single(await Stage(store).ResetAsync(null, Cancel));
    }

    private SceneStage Stage(StateStore store) => new(Home, store.Journal, TimeProvider.System);

    private async Task<IReadOnlyList<(string, Problem?)>> ResetAsync(StateStore store, string? name)
    {
        Abandon();
        return await Stage(store).ResetAsync(name, Cancel);
    }

    /// <summary>As if the process that broke the scene had ended, or had been killed: nothing else tells the two apart.</summary>
    private void Abandon()
    {
        using var connection = new SqliteConnection($"Data Source={Home.File("state.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE plans SET owner='other-boot:1:1'";
        command.ExecuteNonQuery();
    }

    private StateStore Open()
    {
        var store = StateStore.Open(Home);
        Assert.True(store.IsOk, store.Problem?.ToString());
        return store.Value;
    }

    /// <summary>The lab's AWS, and the file by which other parts find it.</summary>
    private async Task<OpenStandIn> StartAsync()
    {
        var aws = await OpenStandIn.StartAsync(Home.File("aws"));
        new LabState
        {
            Pid = Environment.ProcessId,
            ProcessStart = LabState.StartOf(Environment.ProcessId)!.Value,
            StartedAt = TimeProvider.System.GetUtcNow(),
            Phase = LabPhase.Ready,
            Nodes = 0,
            Kubeconfig = Home.File("none"),
            Server = new Uri("https://127.0.0.1:1"),
            Aws = new LabAws(aws.StandIn.Endpoint, StandIn.Region, aws.StandIn.Keys.AccessKeyId, aws.StandIn.Keys.SecretAccessKey, StandIn.StatesIn(aws.Home)),
        }.Write(Home);
        return aws;
    }

    private static async Task<bool> IsOpenAsync(AwsClient client, int port)
    {
        var group = Assert.Single((await client.Ec2.DescribeSecurityGroupsAsync([new Ec2Filter("group-name", "web")], Cancel)).Value!);
        return group.Ingress.Any(permission => permission.FromPort == port && permission.Ipv4.Any(range => range.Value == "0.0.0.0/0"));
    }

    private static async Task<decimal> YesterdayAsync(AwsClient client, string service)
    {
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var days = (await client.CostExplorer.GetCostAndUsageAsync(new CostQuery(today.AddDays(-1), today, "UnblendedCost", CostGroupBy.Dimension("SERVICE")), Cancel)).Value!;
        return Assert.Single(days).Amounts.Where(amount => amount.Keys[0] == service).Sum(amount => amount.Amount);
    }
}
