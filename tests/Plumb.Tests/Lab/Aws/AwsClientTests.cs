using Plumb.Lab.Aws;
using Plumb.Platform.Aws;
using Xunit;

namespace Plumb.Tests.Lab.Aws;

/// <summary>The client against the stand-in; that the stand-in is like AWS is what the AWS command line says, in the end-to-end tests.</summary>
public sealed class AwsClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Groups_and_rules_are_what_the_account_has()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var ec2 = aws.Client().Ec2;
        var groups = (await ec2.DescribeSecurityGroupsAsync([], Cancel)).Value!;
        Assert.Equal(["default", "web", "payments", "postgres"], groups.Select(group => group.Name));
        var web = groups.Single(group => group.Name == "web");
        Assert.Equal("terraform", web.Tags["ManagedBy"]);
        var https = Assert.Single(web.Ingress, permission => permission.FromPort == 443);
        Assert.Equal(("tcp", 443), (https.Protocol, https.ToPort!.Value));
        Assert.Equal([new AddressRange("0.0.0.0/0", "https")], https.Ipv4);
        Assert.Equal([new AddressRange("::/0", "https")], https.Ipv6);
        var all = Assert.Single(web.Egress);
        Assert.Equal(("-1", null, null), (all.Protocol, all.FromPort, all.ToPort));

        var rules = (await ec2.DescribeSecurityGroupRulesAsync([new Ec2Filter("group-id", groups.Single(group => group.Name == "postgres").Id)], Cancel)).Value!;
        Assert.Equal(2, rules.Count);
        Assert.Equal(groups.Single(group => group.Name == "payments").Id, rules.Single(rule => !rule.IsEgress).ReferencedGroup!.GroupId);
        Assert.Contains((await ec2.DescribeRegionsAsync(false, Cancel)).Value!, region => region.Name == StandIn.Region);
        Assert.Empty((await aws.Client().In("eu-west-1").Ec2.DescribeSecurityGroupsAsync([], Cancel)).Value!);
    }

    [Fact]
    public async Task Pages_are_read_to_the_end()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("pages", """{"kind":"pages","size":1}""");
        var client = aws.Client();
        Assert.Equal(4, (await client.Ec2.DescribeSecurityGroupsAsync([], Cancel)).Value!.Count);
        Assert.Equal(4, client.Requests);
        Assert.Equal(12, (await client.Ec2.DescribeSecurityGroupRulesAsync([], Cancel)).Value!.Count);
    }

    [Fact]
    public async Task A_page_that_cannot_be_had_is_an_error_of_the_whole_question()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("pages", """{"kind":"pages","size":2}""");
        aws.Break("second", """{"kind":"denied","operation":"DescribeSecurityGroups","after":1}""");
        var answer = await aws.Client().Ec2.DescribeSecurityGroupsAsync([], Cancel);
        Assert.False(answer.IsOk);
        Assert.Equal(AwsErrorKind.Denied, answer.Error.Kind);
    }

    [Fact]
    public async Task A_throttled_call_is_tried_again_until_it_is_served()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("throttle", """{"kind":"throttle","times":3}""");
        var client = aws.Client();
        Assert.True((await client.Ec2.DescribeSecurityGroupsAsync([], Cancel)).IsOk);
        Assert.Equal(4, client.Requests);
    }

    [Fact]
    public async Task Throttling_without_end_is_given_up_and_said()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("throttle", """{"kind":"throttle"}""");
        var client = aws.Client();
        foreach (var error in new[]
        {
            (await client.Ec2.DescribeSecurityGroupsAsync([], Cancel)).Error!, (await client.CloudTrail.LookupEventsAsync(null, null, null, 10, Cancel)).Error!,
            (await client.CostExplorer.GetCostAndUsageAsync(Week, Cancel)).Error!, (await client.S3.ListBucketsAsync(Cancel)).Error!,
        })
        {
            Assert.Equal(AwsErrorKind.Throttled, error.Kind);
            Assert.Contains("(tried 6 times)", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_missing_permission_is_named_with_the_principal_who_lacks_it()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("denied", """{"kind":"denied","user":"plumb"}""");
        var client = aws.Client();
        foreach (var (permission, error) in new[]
        {
            ("ec2:DescribeSecurityGroups", (await client.Ec2.DescribeSecurityGroupsAsync([], Cancel)).Error!),
            ("ce:GetCostAndUsage", (await client.CostExplorer.GetCostAndUsageAsync(Week, Cancel)).Error!),
            ("cloudtrail:LookupEvents", (await client.CloudTrail.LookupEventsAsync(null, null, null, 10, Cancel)).Error!),
            ("secretsmanager:GetSecretValue", (await client.Secrets.GetSecretValueAsync("payments/database", null, null, Cancel)).Error!),
            ("s3:GetBucketPublicAccessBlock", (await client.S3.GetPublicAccessBlockAsync("plumb-lab-invoices", Cancel)).Error!),
            ("s3:ListAllMyBuckets", (await client.S3.ListBucketsAsync(Cancel)).Error!),
        })
        {
            Assert.Equal((AwsErrorKind.Denied, permission), (error.Kind, error.Permission));
            Assert.StartsWith($"arn:aws:iam::123456789012:user/plumb lacks the permission {permission} ", error.Message, StringComparison.Ordinal);
            Assert.StartsWith($"Allow {permission} in an IAM policy of arn:", error.Next, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wrong_key_and_a_wrong_secret_are_refused_by_every_service()
    {
        await using var aws = await OpenStandIn.StartAsync();
        foreach (var keys in new[] { new AwsKeys("AKIAIOSFODNN7EXAMPLE", "x"), aws.StandIn.Keys with { SecretAccessKey = "x" } })
        {
            var client = aws.Client(aws.Options with { Keys = keys });
            foreach (var error in new[]
            {
                (await client.Ec2.DescribeSecurityGroupsAsync([], Cancel)).Error, (await client.CostExplorer.GetCostAndUsageAsync(Week, Cancel)).Error,
                (await client.S3.ListBucketsAsync(Cancel)).Error, (await client.Sts.GetCallerIdentityAsync(Cancel)).Error,
            })
            {
                Assert.Equal(AwsErrorKind.Credentials, error!.Kind);
                Assert.DoesNotContain(aws.StandIn.Keys.SecretAccessKey, error.ToString(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task An_endpoint_that_hangs_or_breaks_off_or_is_not_there_is_an_error_with_its_own_words()
    {
        await using var aws = await OpenStandIn.StartAsync();
        aws.Break("fault", """{"kind":"hang"}""");
        var hanging = await aws.Client(aws.Options with { RequestTimeout = TimeSpan.FromMilliseconds(200) }).Ec2.DescribeSecurityGroupsAsync([], Cancel);
        Assert.Equal(AwsErrorKind.Timeout, hanging.Error!.Kind);
        Assert.Contains("did not answer DescribeSecurityGroups within 0.2 s", hanging.Error.Message, StringComparison.Ordinal);

        aws.Break("fault", """{"kind":"cut"}""");
        Assert.Equal(AwsErrorKind.Unreachable, (await aws.Client().Ec2.DescribeSecurityGroupsAsync([], Cancel)).Error!.Kind);

        aws.Break("fault", """{"kind":"error"}""");
        Assert.Equal(AwsErrorKind.Server, (await aws.Client().Ec2.DescribeSecurityGroupsAsync([], Cancel)).Error!.Kind);

        var nobody = await aws.Client(aws.Options with { Endpoint = new Uri("http://127.0.0.1:1/") }).Ec2.DescribeSecurityGroupsAsync([], Cancel);
        Assert.Equal(AwsErrorKind.Unreachable, nobody.Error!.Kind);
        Assert.Contains("AWS_ENDPOINT_URL", nobody.Error.Next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Costs_come_a_day_each_to_the_last_digit_over_many_pages()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var client = aws.Client();
        var days = (await client.CostExplorer.GetCostAndUsageAsync(Week with { GroupBy = [CostGroupBy.Dimension("SERVICE"), CostGroupBy.Dimension("USAGE_TYPE")] }, Cancel)).Value!;
        Assert.Equal(7, days.Count);
        Assert.All(days, day => Assert.Equal(15, day.Amounts.Count));
        Assert.Equal(3, client.Requests);
        var total = (await client.CostExplorer.GetCostAndUsageAsync(Week with { GroupBy = [] }, Cancel)).Value!;
        Assert.Equal(days.Select(day => day.Amounts.Sum(amount => amount.Amount)), total.Select(day => Assert.Single(day.Amounts).Amount));
        Assert.All(days.SelectMany(day => day.Amounts), amount => Assert.Equal("USD", amount.Unit));
    }

    [Fact]
    public async Task A_secret_rotates_through_its_stages_and_a_repeated_request_changes_nothing()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var secrets = aws.Client().Secrets;
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        Assert.True((await secrets.CreateSecretAsync("app/db", "one", "a test", first, Cancel)).IsOk);
        Assert.Equal(AwsErrorKind.Conflict, (await secrets.CreateSecretAsync("app/db", "other", null, Guid.NewGuid(), Cancel)).Error!.Kind);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Assert.Equal(["AWSPENDING"], (await secrets.PutSecretValueAsync("app/db", "two", second, ["AWSPENDING"], Cancel)).Value!.Stages);
        }
        Assert.Equal("one", (await secrets.GetSecretValueAsync("app/db", null, null, Cancel)).Value!.Text);
        Assert.True((await secrets.UpdateSecretVersionStageAsync("app/db", "AWSCURRENT", $"{first}", $"{second}", Cancel)).IsOk);
        var info = (await secrets.DescribeSecretAsync("app/db", Cancel)).Value!;
        Assert.Equal(["AWSPREVIOUS"], info.Versions[$"{first}"]);
        Assert.Equal(["AWSPENDING", "AWSCURRENT"], info.Versions[$"{second}"]);
        var value = (await secrets.GetSecretValueAsync("app/db", null, "AWSCURRENT", Cancel)).Value!;
        Assert.Equal("two", value.Text);
        Assert.DoesNotContain("two", $"{value}", StringComparison.Ordinal);
        Assert.Equal(AwsErrorKind.NotFound, (await secrets.GetSecretValueAsync("nothing", null, null, Cancel)).Error!.Kind);
        Assert.Contains((await secrets.ListSecretsAsync(Cancel)).Value!, secret => secret.Name == "app/db");
    }

    [Fact]
    public async Task Buckets_and_objects_are_read_and_what_is_not_set_is_not_an_error()
    {
        await using var aws = await OpenStandIn.StartAsync();
        var s3 = aws.Client().S3;
        Assert.Equal(["plumb-lab-invoices", "plumb-lab-terraform"], (await s3.ListBucketsAsync(Cancel)).Value!.Select(bucket => bucket.Name));
        Assert.Equal(new PublicAccessBlock(true, true, true, true), (await s3.GetPublicAccessBlockAsync("plumb-lab-invoices", Cancel)).Value);
        var isPublic = await s3.GetBucketPolicyIsPublicAsync("plumb-lab-invoices", Cancel);
        Assert.True(isPublic.IsOk && !isPublic.Value);
        Assert.Contains("\"version\": 4", System.Text.Encoding.UTF8.GetString((await s3.GetObjectAsync("plumb-lab-terraform", "web.tfstate", Cancel)).Value!), StringComparison.Ordinal);
        Assert.Equal("NoSuchKey", (await s3.GetObjectAsync("plumb-lab-terraform", "no such/key.tfstate", Cancel)).Error!.Code);
        Assert.Equal("NoSuchBucket", (await s3.GetObjectAsync("nothing", "x", Cancel)).Error!.Code);
        // A bucket is found from another region too, by the region that S3 names.
        Assert.True((await aws.Client().In("eu-west-1").S3.GetObjectAsync("plumb-lab-terraform", "web.tfstate", Cancel)).IsOk);
    }

    [Fact]
    public void A_configuration_that_cannot_work_is_said_when_it_is_opened()
    {
        string? Of(params (string Name, string Value)[] variables) =>
            AwsClient.Open(new AwsOptions(TimeProvider.System) { Environment = name => variables.FirstOrDefault(variable => variable.Name == name).Value }).Error?.ToString();
        Assert.Equal("AWS_ENDPOINT_URL is 'localhost', which is no http or https URL. Set it like http://127.0.0.1:4566, or unset it", Of(("AWS_ENDPOINT_URL", "localhost")));
        Assert.StartsWith("there is no AWS profile 'no-such-profile'", Of(("AWS_PROFILE", "no-such-profile")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_region_a_regional_service_says_what_to_set()
    {
        using var client = AwsClient.Open(new AwsOptions(TimeProvider.System) { Keys = new AwsKeys("a", "b"), Environment = _ => null }).Value!;
        Assert.Equal("no AWS region is configured, and EC2 is asked region by region. Set AWS_REGION, or pass --region", (await client.Ec2.DescribeSecurityGroupsAsync([], Cancel)).Error!.ToString());
        Assert.Equal("https://ce.us-east-1.amazonaws.com/", $"{client.EndpointOf(AwsService.CostExplorer)}");
        Assert.Equal("https://ec2.cn-north-1.amazonaws.com.cn/", $"{client.In("cn-north-1").EndpointOf(AwsService.Ec2)}");
    }

    [Fact]
    public void A_services_own_endpoint_goes_before_the_general_one()
    {
        using var client = AwsClient.Open(new AwsOptions(TimeProvider.System)
        {
            Keys = new AwsKeys("a", "b"),
            Environment = name => name switch { "AWS_ENDPOINT_URL" => "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_EC2" => "http://127.0.0.1:4567", _ => null },
        }).Value!;
        Assert.Equal(("http://127.0.0.1:4567/", "http://127.0.0.1:4566/"), ($"{client.EndpointOf(AwsService.Ec2)}", $"{client.EndpointOf(AwsService.CostExplorer)}"));
    }

    private static CostQuery Week
    {
        get
        {
            var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
            return new CostQuery(today.AddDays(-10), today.AddDays(-3), "UnblendedCost", CostGroupBy.Dimension("SERVICE"));
        }
    }
}
