using System.Text;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Drift;
using Plumb.Lab.Aws;
using Plumb.Platform.Aws;
using Plumb.Tests.Lab.Aws;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Drift;

/// <summary>The whole check against the stand-in, over HTTP; that the stand-in is like AWS is what the AWS command line says, in the end-to-end tests.</summary>
public sealed class DriftCheckTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_labs_own_states_are_as_aws_has_it_in_few_calls_and_the_report_says_what_was_read()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var result = (await RunAsync(aws)).Value!;
        Assert.Equal(Outcome.Pass, result.Report.Outcome);
        Assert.Equal(3, result.Coverage.States.Count);
        Assert.Contains("security groups in AWS, us-east-1: 4 groups with 12 rules, to the last page", result.Coverage.Read);
        Assert.Contains(result.Report.BlindSpots, text => text.Contains("eu-west-1", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Findings, finding => finding.IsDrift);
    }

    [Fact]
    public async Task A_permission_that_is_missing_is_named_and_nothing_is_a_pass()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("no", """{"kind":"denied","operation":"DescribeSecurityGroups"}""");
        var result = (await RunAsync(aws)).Value!;
        Assert.Equal(Outcome.Error, result.Report.Outcome);
        Assert.Contains("ec2:DescribeSecurityGroups", result.Report.Summary, StringComparison.Ordinal);
        // The rest of the account was not read, so nothing may look deleted.
        Assert.DoesNotContain(result.Findings, finding => finding.Finding.Kind == "deleted-group");
    }

    [Theory]
    [InlineData("throttle", "tried")]
    [InlineData("cut", "")]
    [InlineData("hang", "did not answer DescribeSecurityGroups within 1 s")]
    [InlineData("error", "tried")]
    public async Task An_api_that_throttles_hangs_breaks_off_or_fails_is_an_error_that_says_so(string kind, string why)
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("no", $$"""{"kind":"{{kind}}","operation":"DescribeSecurityGroups"}""");
        var result = (await RunAsync(aws, aws.Client(aws.Options with { RequestTimeout = TimeSpan.FromSeconds(1), RetryDelayLimit = TimeSpan.FromMilliseconds(1) }), null)).Value!;
        Assert.Equal(Outcome.Error, result.Report.Outcome);
        Assert.Contains(why, result.Report.Summary, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Findings, finding => finding.IsDrift);
    }

    [Fact]
    public async Task A_page_that_is_missing_is_no_part_of_an_answer()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("pages", """{"kind":"pages","size":2,"operation":"DescribeSecurityGroups"}""");
        aws.Break("then", """{"kind":"denied","operation":"DescribeSecurityGroups","after":1}""");
        var result = (await RunAsync(aws)).Value!;
        Assert.Equal(Outcome.Error, result.Report.Outcome);
        Assert.DoesNotContain(result.Findings, finding => finding.IsDrift);
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_read_makes_the_rest_no_pass()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("no", """{"kind":"denied","operation":"GetPublicAccessBlock"}""");
        var result = (await RunAsync(aws)).Value!;
        Assert.Equal(Outcome.Error, result.Report.Outcome);
        Assert.Contains("s3:GetBucketPublicAccessBlock", result.Report.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_without_anything_that_can_be_judged_is_inconclusive_and_aws_is_not_asked()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var client = aws.Client();
        var result = (await RunAsync(aws, client, """{"version":4,"resources":[{"mode":"data","type":"aws_security_group","name":"x","instances":[{"attributes":{"id":"sg-1"}}]}]}""")).Value!;
        Assert.Equal((Outcome.Inconclusive, 0), (result.Report.Outcome, client.Requests));
    }

    [Fact]
    public async Task Two_copies_of_one_state_are_refused_without_showing_their_lineage()
    {
        await using var aws = await OpenStandIn.StartAsync();
        using var directory = new TemporaryDirectory();
        foreach (var serial in (int[])[3, 4])
        {
            File.WriteAllText(Path.Combine(directory.Path, $"{serial}.tfstate"), $$"""{"version":4,"serial":{{serial}},"lineage":"hunter2","resources":[]}""");
        }
        var result = await new DriftCheck(aws.Client(), TimeProvider.System, _ => { }).RunAsync(new DriftQuestion([directory.Path], [], false, null, () => Stream.Null), Cancel);
        Assert.Contains("copies of one state", result.Problem!.What, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.Problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_account_and_no_credential_are_no_deleted_groups()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var foreign = """{"version":4,"resources":[{"mode":"managed","type":"aws_security_group","name":"x","instances":[{"attributes":{"id":"sg-1","owner_id":"999988887777","arn":"arn:aws:ec2:us-east-1:999988887777:security-group/sg-1","ingress":[],"egress":[]}}]}]}""";
        var result = (await RunAsync(aws, aws.Client(), foreign)).Value!;
        Assert.Contains("999988887777", string.Join(' ', result.Coverage.Unjudged), StringComparison.Ordinal);
        Assert.DoesNotContain(result.Findings, finding => finding.Finding.Kind == "deleted-group");

        var stranger = aws.Client(aws.Options with { Keys = new AwsKeys("AKIAUNKNOWN", "nothing") });
        Assert.NotNull((await RunAsync(aws, stranger, foreign)).Problem);
    }

    [Fact]
    public async Task Values_that_a_state_marks_as_sensitive_are_never_shown()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var state = """
            {"version":4,"resources":[{"mode":"managed","type":"aws_security_group","name":"web","instances":[{"sensitive_attributes":[[{"type":"get_attr","value":"ingress"}]],"attributes":{"id":"sg-0a1b2c3d4e5f6a7b8","owner_id":"123456789012",
            "arn":"arn:aws:ec2:us-east-1:123456789012:security-group/sg-0a1b2c3d4e5f6a7b8","egress":[],"ingress":[{"protocol":"tcp","from_port":9999,"to_port":9999,"cidr_blocks":["203.0.113.77/32","203.0.113.78/32"],"description":"hunter2"}]}}]}]}
            """;
        var result = (await RunAsync(aws, aws.Client(), state)).Value!;
        Assert.Equal(2, result.Findings.Count(finding => finding.Finding.Kind == "removed-outside" && finding.Finding.Subject.Name.Contains("9999/tcp (sensitive", StringComparison.Ordinal)));
        Assert.Equal(result.Findings.Count, result.Findings.Select(finding => finding.Finding.Id).Distinct().Count());
        var everything = Plumb.Cli.Drift.DriftJson.Of(result).ToJsonString(CoreJson.Readable(indented: false)) + Plumb.Cli.Output.SarifReport.Of(result.Report).ToJsonString() + Plumb.Cli.Output.JunitReport.Of(result.Report);
        Assert.DoesNotContain("203.0.113", everything, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_ignored_is_counted_and_shown_until_its_date()
    {
        await using var aws = await OpenStandIn.StartAsync();
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, ".plumbignore");
        var foreign = """{"version":4,"resources":[{"mode":"managed","type":"aws_security_group","name":"x","instances":[{"attributes":{"id":"sg-gone","ingress":[],"egress":[]}}]}]}""";
        File.WriteAllText(file, "# known\nunmanaged-group name:*  # other teams\ndeleted-group sg-gone until=2999-12-31\n");
        var result = (await RunAsync(aws, aws.Client(), foreign, file)).Value!;
        Assert.Equal((Outcome.Pass, 0, true), (result.Report.Outcome, result.Findings.Count(finding => finding.IsDrift), result.Ignored.Count >= 3));
        Assert.Contains($"{result.Ignored.Count} ignored", result.Report.Summary, StringComparison.Ordinal);
        Assert.Equal(3, result.Ignored.Single(ignored => ignored.Finding.Finding.Kind == "deleted-group").Line);

        File.WriteAllText(file, "unmanaged-group *\ndeleted-group sg-gone until=2020-01-01\n");
        result = (await RunAsync(aws, aws.Client(), foreign, file)).Value!;
        Assert.Equal(Outcome.Fail, result.Report.Outcome);
        Assert.Equal([2], result.ExpiredLines);

        File.WriteAllText(file, "unmanaged-gruop *\n");
        Assert.Equal($"{file}:1: there is no kind 'unmanaged-gruop'. Did you mean 'unmanaged-group'?", (await RunAsync(aws, aws.Client(), foreign, file)).Problem!.What);
    }

    private static Task<Result<DriftResult>> RunAsync(OpenStandIn aws) =>
        new DriftCheck(aws.Client(), TimeProvider.System, _ => { }).RunAsync(new DriftQuestion([StandIn.StatesIn(aws.Home)], [], false, null, () => Stream.Null), Cancel);

    /// <param name="state">Its text; null: the lab's own states.</param>
    private static Task<Result<DriftResult>> RunAsync(OpenStandIn aws, AwsClient client, string? state, string? ignore = null)
    {
        return new DriftCheck(client, TimeProvider.System, _ => { }).RunAsync(new DriftQuestion([state is null ? StandIn.StatesIn(aws.Home) : "-"], [], false, ignore, () => new MemoryStream(Encoding.UTF8.GetBytes(state!))), Cancel);
    }
}
