using System.Globalization;
using Plumb.Platform.Aws;
using Xunit;

namespace Plumb.EndToEnd.Aws;

/// <summary>Costs, secrets, buckets and identities by Debian's aws; and everything that is not served, which must look refused, never done.</summary>
public sealed class OtherServiceCommandTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Costs_are_grouped_filtered_and_summed_as_asked()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var period = string.Create(CultureInfo.InvariantCulture, $"--time-period Start={today.AddDays(-40):yyyy-MM-dd},End={today:yyyy-MM-dd}");
        var daily = await aws.JsonAsync($"ce get-cost-and-usage {period} --granularity DAILY --metrics UnblendedCost --group-by Type=DIMENSION,Key=SERVICE");
        Assert.Equal(40, daily["ResultsByTime"]!.AsArray().Count);
        // The running day, which is not asked for here, and the one before are still filled.
        Assert.Equal([false, false, true], daily["ResultsByTime"]!.AsArray().Skip(37).Select(day => (bool)day!["Estimated"]!));
        var amounts = daily["ResultsByTime"]!.AsArray().SelectMany(day => day!["Groups"]!.AsArray()).Select(group => (Service: (string)group!["Keys"]![0]!, Amount: Number(group["Metrics"]!["UnblendedCost"]!["Amount"]!))).ToList();
        Assert.Equal(9 * 40, amounts.Count);

        var total = await aws.JsonAsync($"ce get-cost-and-usage {period} --granularity MONTHLY --metrics UnblendedCost");
        Assert.Equal(amounts.Sum(amount => amount.Amount), total["ResultsByTime"]!.AsArray().Sum(month => Number(month!["Total"]!["UnblendedCost"]!["Amount"]!)));
        var lambda = await aws.JsonAsync($"ce get-cost-and-usage {period} --granularity MONTHLY --metrics UnblendedCost --filter '{{\"Dimensions\":{{\"Key\":\"SERVICE\",\"Values\":[\"AWS Lambda\"]}}}}'");
        Assert.Equal(amounts.Where(amount => amount.Service == "AWS Lambda").Sum(amount => amount.Amount), lambda["ResultsByTime"]!.AsArray().Sum(month => Number(month!["Total"]!["UnblendedCost"]!["Amount"]!)));

        // Two groups make more rows than a page has; ours reads all of them, and to the same cent.
        using var client = aws.Client();
        var ours = (await client.CostExplorer.GetCostAndUsageAsync(new CostQuery(today.AddDays(-90), today, "UnblendedCost", CostGroupBy.Dimension("SERVICE"), CostGroupBy.Dimension("USAGE_TYPE")), Cancel)).Value!;
        Assert.Equal((2, 90), (client.Requests, ours.Count));
        Assert.Equal(amounts.Sum(amount => amount.Amount), ours.Skip(50).Sum(day => day.Amounts.Sum(amount => amount.Amount)));

        Assert.Contains("(ValidationException)", await aws.RefusalAsync($"ce get-cost-and-usage {period} --granularity DAILY --metrics UnblendedCost --group-by Type=DIMENSION,Key=SERVICE Type=DIMENSION,Key=REGION Type=DIMENSION,Key=USAGE_TYPE"), StringComparison.Ordinal);
        Assert.Contains("(ValidationException)", await aws.RefusalAsync("ce get-cost-and-usage --time-period Start=2026-02-01,End=2026-01-01 --granularity DAILY --metrics UnblendedCost"), StringComparison.Ordinal);
        Assert.Contains("(ValidationException)", await aws.RefusalAsync($"ce get-cost-and-usage {period} --granularity DAILY --metrics UsageQuantity"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_made_rotated_deleted_and_restored()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        var first = (string)(await aws.JsonAsync("secretsmanager create-secret --name app/db --secret-string one --tags Key=team,Value=shop"))["VersionId"]!;
        Assert.Contains("(ResourceExistsException) when calling the CreateSecret operation: The operation failed because the secret app/db already exists.",
            await aws.RefusalAsync("secretsmanager create-secret --name app/db --secret-string two"), StringComparison.Ordinal);
        var second = (string)(await aws.JsonAsync("secretsmanager put-secret-value --secret-id app/db --secret-string two --version-stages AWSPENDING"))["VersionId"]!;
        Assert.Equal("one", (string)(await aws.JsonAsync("secretsmanager get-secret-value --secret-id app/db"))["SecretString"]!);
        Assert.Contains("Staging label AWSCURRENT is currently attached to version", await aws.RefusalAsync($"secretsmanager update-secret-version-stage --secret-id app/db --version-stage AWSCURRENT --move-to-version-id {second}"), StringComparison.Ordinal);
        await aws.JsonAsync($"secretsmanager update-secret-version-stage --secret-id app/db --version-stage AWSCURRENT --move-to-version-id {second} --remove-from-version-id {first}");
        await aws.JsonAsync($"secretsmanager update-secret-version-stage --secret-id app/db --version-stage AWSPENDING --remove-from-version-id {second}");
        var described = await aws.JsonAsync("secretsmanager describe-secret --secret-id app/db");
        Assert.Equal(("AWSPREVIOUS", "AWSCURRENT"), ((string)described["VersionIdsToStages"]![first]![0]!, (string)described["VersionIdsToStages"]![second]![0]!));
        Assert.Equal("one", (string)(await aws.JsonAsync("secretsmanager get-secret-value --secret-id app/db --version-stage AWSPREVIOUS"))["SecretString"]!);
        Assert.Equal(2, (await aws.JsonAsync("secretsmanager list-secret-version-ids --secret-id app/db"))["Versions"]!.AsArray().Count);
        Assert.Equal(2, (await aws.JsonAsync("secretsmanager list-secrets --page-size 1"))["SecretList"]!.AsArray().Count);

        await aws.JsonAsync("secretsmanager delete-secret --secret-id app/db --recovery-window-in-days 7");
        Assert.Contains("(InvalidRequestException)", await aws.RefusalAsync("secretsmanager get-secret-value --secret-id app/db"), StringComparison.Ordinal);
        await aws.JsonAsync("secretsmanager restore-secret --secret-id app/db");
        using var client = aws.Client();
        Assert.Equal("two", (await client.Secrets.GetSecretValueAsync("app/db", null, null, Cancel)).Value!.Text);
        Assert.Contains("(ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.", await aws.RefusalAsync("secretsmanager get-secret-value --secret-id nothing"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objects_come_back_byte_for_byte_and_a_bucket_is_private_until_somebody_opens_it()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        var bytes = Enumerable.Range(0, 70_000).Select(i => (byte)((i * 7) & 0xFF)).ToArray();
        await File.WriteAllBytesAsync(Path.Combine(aws.Home, "up"), bytes, Cancel);
        Assert.Equal(0, (await aws.RunAsync("s3 mb s3://shop-files")).ExitCode);
        foreach (var key in (string[])["a/one", "a/t w ö+&=.bin", "b"])
        {
            var ran = await aws.RunAsync($"s3 cp up 's3://shop-files/{key}'");
            Assert.True(ran.ExitCode == 0, ran.Error);
        }
        var copied = await aws.RunAsync("s3 cp 's3://shop-files/a/t w ö+&=.bin' down");
        Assert.True(copied.ExitCode == 0, copied.Error);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(aws.Home, "down"), Cancel));
        using var client = aws.Client();
        Assert.Equal(bytes, (await client.S3.GetObjectAsync("shop-files", "a/t w ö+&=.bin", Cancel)).Value!);
        Assert.Equal(3, (await aws.JsonAsync("s3api list-objects-v2 --bucket shop-files --page-size 1"))["Contents"]!.AsArray().Count);
        Assert.Contains("PRE a/", (await aws.RunAsync("s3 ls s3://shop-files")).Output, StringComparison.Ordinal);
        Assert.Contains("(404)", await aws.RefusalAsync("s3api head-object --bucket shop-files --key none"), StringComparison.Ordinal);
        Assert.Contains("NoSuchKey", await aws.RefusalAsync("s3api get-object --bucket shop-files --key none x"), StringComparison.Ordinal);
        Assert.Contains("BucketNotEmpty", (await aws.RunAsync("s3 rb s3://shop-files")).Error, StringComparison.Ordinal);

        const string Open = """'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-files/*"}]}'""";
        Assert.True((bool)(await aws.JsonAsync("s3api get-public-access-block --bucket shop-files"))["PublicAccessBlockConfiguration"]!["BlockPublicPolicy"]!);
        Assert.Contains("BlockPublicPolicy", await aws.RefusalAsync($"s3api put-bucket-policy --bucket shop-files --policy {Open}"), StringComparison.Ordinal);
        await aws.JsonAsync("s3api delete-public-access-block --bucket shop-files");
        Assert.Contains("(NoSuchPublicAccessBlockConfiguration)", await aws.RefusalAsync("s3api get-public-access-block --bucket shop-files"), StringComparison.Ordinal);
        await aws.JsonAsync($"s3api put-bucket-policy --bucket shop-files --policy {Open}");
        Assert.True((bool)(await aws.JsonAsync("s3api get-bucket-policy-status --bucket shop-files"))["PolicyStatus"]!["IsPublic"]!);
        Assert.Equal((PublicAccessBlock.None, true), ((await client.S3.GetPublicAccessBlockAsync("shop-files", Cancel)).Value, (await client.S3.GetBucketPolicyIsPublicAsync("shop-files", Cancel)).Value));
        await aws.JsonAsync("s3api put-public-access-block --bucket shop-files --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=false,BlockPublicPolicy=true,RestrictPublicBuckets=false");
        Assert.Equal(new PublicAccessBlock(true, false, true, false), (await client.S3.GetPublicAccessBlockAsync("shop-files", Cancel)).Value);
        Assert.Equal(0, (await aws.RunAsync("s3 rb --force s3://shop-files")).ExitCode);
    }

    [Fact]
    public async Task The_identity_is_the_keys_and_a_wrong_key_is_refused_by_each_service_in_its_own_words()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        Assert.Equal("arn:aws:iam::123456789012:user/plumb", (string)(await aws.JsonAsync("sts get-caller-identity"))["Arn"]!);
        aws.Environment["AWS_SECRET_ACCESS_KEY"] = "wrong";
        Assert.Contains("(SignatureDoesNotMatch)", await aws.RefusalAsync("sts get-caller-identity"), StringComparison.Ordinal);
        Assert.Contains("(AuthFailure) when calling the DescribeSecurityGroups operation: AWS was not able to validate the provided access credentials", await aws.RefusalAsync("ec2 describe-security-groups"), StringComparison.Ordinal);
        Assert.Contains("(InvalidSignatureException)", await aws.RefusalAsync("secretsmanager list-secrets"), StringComparison.Ordinal);
        Assert.Contains("(SignatureDoesNotMatch)", await aws.RefusalAsync("s3api list-buckets"), StringComparison.Ordinal);
        aws.Environment["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
        Assert.Contains("(InvalidClientTokenId)", await aws.RefusalAsync("sts get-caller-identity"), StringComparison.Ordinal);
        Assert.Contains("(UnrecognizedClientException)", await aws.RefusalAsync("cloudtrail lookup-events"), StringComparison.Ordinal);
        Assert.Contains("(InvalidAccessKeyId)", await aws.RefusalAsync("s3api list-buckets"), StringComparison.Ordinal);
        var unsigned = await aws.RunAsync("--no-sign-request ec2 describe-security-groups");
        Assert.NotEqual(0, unsigned.ExitCode);
        Assert.Equal("", unsigned.Output);
    }

    [Theory]
    [InlineData("ec2 describe-instances", "InvalidAction")]
    [InlineData("ec2 describe-security-groups --filters Name=egress.ip-permission.cidr,Values=x", "InvalidParameterValue")]
    [InlineData("ec2 create-vpc --cidr-block 10.0.0.0/16", "InvalidAction")]
    [InlineData("iam list-users", "InvalidAction")]
    [InlineData("dynamodb list-tables", "UnknownOperationException")]
    [InlineData("sts get-session-token", "InvalidAction")]
    [InlineData("secretsmanager get-random-password", "UnknownOperationException")]
    [InlineData("cloudtrail describe-trails", "UnknownOperationException")]
    [InlineData("ce get-dimension-values --time-period Start=2026-01-01,End=2026-01-02 --dimension SERVICE", "UnknownOperationException")]
    [InlineData("s3api put-bucket-versioning --bucket plumb-lab-invoices --versioning-configuration Status=Enabled", "NotImplemented")]
    [InlineData("s3api list-object-versions --bucket plumb-lab-invoices", "NotImplemented")]
    [InlineData("s3api copy-object --bucket plumb-lab-invoices --key x --copy-source plumb-lab-terraform/web.tfstate", "NotImplemented")]
    [InlineData("s3api get-object --bucket plumb-lab-terraform --key web.tfstate --range bytes=0-9 x", "NotImplemented")]
    public async Task What_is_not_served_is_refused(string command, string code)
    {
        await using var aws = await AwsCommandLine.StartAsync();
        Assert.Contains($"({code})", await aws.RefusalAsync(command), StringComparison.Ordinal);
    }

    private static decimal Number(System.Text.Json.Nodes.JsonNode amount) => decimal.Parse((string)amount!, CultureInfo.InvariantCulture);
}
