using System.Text.Json.Nodes;
using Plumb.Platform.Aws;
using Xunit;

namespace Plumb.EndToEnd.Aws;

/// <summary>The proof that the stand-in speaks EC2: a client that we did not write changes it, and reads what ours reads.</summary>
public sealed class SecurityGroupCommandTests
{
    private const string Web = "sg-0a1b2c3d4e5f6a7b8";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_lives_its_whole_life_with_rules_of_every_kind()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        var made = await aws.JsonAsync("ec2 create-security-group --group-name shop --description 'the shop' --tag-specifications 'ResourceType=security-group,Tags=[{Key=team,Value=shop}]'");
        var id = (string)made["GroupId"]!;
        Assert.Matches("^sg-[0-9a-f]{17}$", id);
        Assert.EndsWith("The security group 'shop' already exists for VPC 'vpc-0a1b2c3d4e5f60718'",
            await aws.RefusalAsync("ec2 create-security-group --group-name shop --description again"), StringComparison.Ordinal);

        await aws.JsonAsync($"ec2 authorize-security-group-ingress --group-id {id} --protocol tcp --port 8443 --cidr 10.1.2.3/16");
        var rules = await aws.JsonAsync($"ec2 authorize-security-group-ingress --group-id {id} --ip-permissions "
            + $"'IpProtocol=udp,FromPort=53,ToPort=53,IpRanges=[{{CidrIp=10.0.0.0/8,Description=dns}}],Ipv6Ranges=[{{CidrIpv6=2001:db8::1/32}}],UserIdGroupPairs=[{{GroupId={Web}}}]' "
            + "'IpProtocol=icmp,FromPort=-1,ToPort=-1,IpRanges=[{CidrIp=0.0.0.0/0}]' 'IpProtocol=-1,PrefixListIds=[{PrefixListId=pl-63a5400a}]'");
        Assert.Equal(5, rules["SecurityGroupRules"]!.AsArray().Count);
        await aws.JsonAsync($"ec2 authorize-security-group-egress --group-id {id} --ip-permissions 'IpProtocol=tcp,FromPort=0,ToPort=65535,IpRanges=[{{CidrIp=10.0.0.0/8}}]'");

        var seen = (await aws.JsonAsync($"ec2 describe-security-groups --group-ids {id}"))["SecurityGroups"]![0]!;
        Assert.Equal("10.1.0.0/16", (string)seen["IpPermissions"]!.AsArray().Single(each => (int?)each!["FromPort"] == 8443)!["IpRanges"]![0]!["CidrIp"]!);
        Assert.Equal(2, seen["IpPermissionsEgress"]!.AsArray().Count);
        Assert.Equal("shop", (string)seen["Tags"]![0]!["Value"]!);

        // Ours reads the same.
        using var client = aws.Client();
        var ours = Assert.Single((await client.Ec2.DescribeSecurityGroupsAsync([new Ec2Filter("group-id", id)], Cancel)).Value!);
        var dns = Assert.Single(ours.Ingress, permission => permission.Protocol == "udp");
        Assert.Equal((new AddressRange("10.0.0.0/8", "dns"), new AddressRange("2001:db8::/32", null), Web), (Assert.Single(dns.Ipv4), Assert.Single(dns.Ipv6), Assert.Single(dns.Groups).GroupId));
        Assert.Equal("pl-63a5400a", Assert.Single(Assert.Single(ours.Ingress, permission => permission.Protocol == "-1").PrefixLists).Value);
        Assert.Equal((-1, -1), (ours.Ingress.Single(permission => permission.Protocol == "icmp").FromPort, ours.Ingress.Single(permission => permission.Protocol == "icmp").ToPort));

        var ruleId = (string)rules["SecurityGroupRules"]![0]!["SecurityGroupRuleId"]!;
        await aws.JsonAsync($"ec2 modify-security-group-rules --group-id {id} --security-group-rules 'SecurityGroupRuleId={ruleId},SecurityGroupRule={{IpProtocol=udp,FromPort=5353,ToPort=5353,CidrIpv4=10.0.0.0/8,Description=mdns}}'");
        await aws.JsonAsync($"ec2 update-security-group-rule-descriptions-ingress --group-id {id} --ip-permissions 'IpProtocol=tcp,FromPort=8443,ToPort=8443,IpRanges=[{{CidrIp=10.1.0.0/16,Description=admin}}]'");
        await aws.JsonAsync($"ec2 create-tags --resources {id} {ruleId} --tags Key=env,Value=test");
        await aws.JsonAsync($"ec2 delete-tags --resources {id} --tags Key=team");
        var changed = (await aws.JsonAsync($"ec2 describe-security-group-rules --filters Name=tag:env,Values=t*"))["SecurityGroupRules"]![0]!;
        Assert.Equal((ruleId, 5353, "mdns"), ((string)changed["SecurityGroupRuleId"]!, (int)changed["FromPort"]!, (string)changed["Description"]!));

        await aws.JsonAsync($"ec2 revoke-security-group-ingress --group-id {id} --protocol tcp --port 8443 --cidr 10.1.0.0/16");
        await aws.JsonAsync($"ec2 revoke-security-group-ingress --group-id {id} --security-group-rule-ids {ruleId}");
        await aws.JsonAsync($"ec2 revoke-security-group-egress --group-id {id} --ip-permissions 'IpProtocol=-1,IpRanges=[{{CidrIp=0.0.0.0/0}}]'");
        Assert.Single((await client.Ec2.DescribeSecurityGroupRulesAsync([new Ec2Filter("group-id", id)], Cancel)).Value!, rule => rule.IsEgress);
        await aws.JsonAsync($"ec2 delete-security-group --group-id {id}");
        Assert.EndsWith($"The security group '{id}' does not exist", await aws.RefusalAsync($"ec2 describe-security-groups --group-ids {id}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_EC2_refuses_is_refused_in_its_words()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        (string Command, string Refusal)[] expected =
        [
            ($"authorize-security-group-ingress --group-id {Web} --protocol tcp --port 443 --cidr 0.0.0.0/0",
                "An error occurred (InvalidPermission.Duplicate) when calling the AuthorizeSecurityGroupIngress operation: the specified rule \"peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW\" already exists"),
            ($"revoke-security-group-ingress --group-id {Web} --protocol tcp --port 1 --cidr 0.0.0.0/0",
                "An error occurred (InvalidPermission.NotFound) when calling the RevokeSecurityGroupIngress operation: The specified rule does not exist in this security group."),
            ($"authorize-security-group-ingress --group-id {Web} --protocol tcp --port 22 --cidr 10.0.0.0/33",
                "An error occurred (InvalidParameterValue) when calling the AuthorizeSecurityGroupIngress operation: CIDR block 10.0.0.0/33 is malformed"),
            ("describe-security-groups --group-ids foo", "An error occurred (InvalidGroupId.Malformed) when calling the DescribeSecurityGroups operation: Invalid id: \"foo\" (expecting \"sg-...\")"),
            ("delete-security-group --group-id sg-0d9e8f7a6b5c4d3e2",
                "An error occurred (CannotDelete) when calling the DeleteSecurityGroup operation: the specified group: \"sg-0d9e8f7a6b5c4d3e2\" name: \"default\" cannot be deleted by a user"),
            ($"delete-security-group --group-id {Web}", $"An error occurred (DependencyViolation) when calling the DeleteSecurityGroup operation: resource {Web} has a dependent object"),
            ("describe-security-groups --max-results 2000",
                "An error occurred (InvalidParameterValue) when calling the DescribeSecurityGroups operation: Value ( 2000 ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."),
            ("describe-security-groups --filters Name=no-such,Values=x", "An error occurred (InvalidParameterValue) when calling the DescribeSecurityGroups operation: The filter 'no-such' is invalid"),
            ("describe-security-groups --dry-run", "An error occurred (DryRunOperation) when calling the DescribeSecurityGroups operation: Request would have succeeded, but DryRun flag is set."),
            ("create-security-group --group-name x --description x --vpc-id vpc-1", "An error occurred (InvalidVpcID.NotFound) when calling the CreateSecurityGroup operation: The vpc ID 'vpc-1' does not exist"),
        ];
        foreach (var (command, refusal) in expected)
        {
            Assert.Equal(refusal, await aws.RefusalAsync($"ec2 {command}"));
        }
        Assert.Equal("4", (await aws.RunAsync("ec2 describe-security-groups --query 'length(SecurityGroups)'")).Output.Trim());
    }

    [Fact]
    public async Task Pages_have_tokens_and_their_sum_is_everything()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        using var client = aws.Client();
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await client.Ec2.CallAsync("CreateSecurityGroup", [("GroupName", $"extra-{i}"), ("GroupDescription", "page")], Cancel)).IsOk);
        }
        Assert.Equal(14, (await aws.JsonAsync("ec2 describe-security-groups --page-size 5"))["SecurityGroups"]!.AsArray().Count);
        var first = await aws.JsonAsync("ec2 describe-security-groups --page-size 5 --max-items 6");
        Assert.Equal(6, first["SecurityGroups"]!.AsArray().Count);
        var rest = await aws.JsonAsync($"ec2 describe-security-groups --page-size 5 --starting-token {(string)first["NextToken"]!}");
        var names = new[] { first, rest }.SelectMany(page => page["SecurityGroups"]!.AsArray()).Select(group => (string)group!["GroupName"]!).ToList();
        Assert.Equal((14, 14), (names.Count, names.Distinct().Count()));
        Assert.Equal(22, (await aws.JsonAsync("ec2 describe-security-group-rules --page-size 5"))["SecurityGroupRules"]!.AsArray().Count);
        Assert.Equal(10, (await aws.JsonAsync("cloudtrail lookup-events --page-size 3"))["Events"]!.AsArray().Count);
        Assert.Equal(17, (await aws.JsonAsync("ec2 describe-regions"))["Regions"]!.AsArray().Count);
    }

    [Fact]
    public async Task Who_changed_a_group_and_when_stands_in_the_trail()
    {
        await using var aws = await AwsCommandLine.StartAsync();
        aws.Environment["AWS_ACCESS_KEY_ID"] = aws.StandIn.ColleagueKeys.AccessKeyId;
        aws.Environment["AWS_SECRET_ACCESS_KEY"] = aws.StandIn.ColleagueKeys.SecretAccessKey;
        await aws.JsonAsync($"ec2 authorize-security-group-ingress --group-id {Web} --protocol tcp --port 22 --cidr 0.0.0.0/0");
        await aws.RefusalAsync($"ec2 authorize-security-group-ingress --group-id {Web} --protocol tcp --port 22 --cidr 0.0.0.0/0");
        var found = (await aws.JsonAsync($"cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue={Web} --start-time 2020-01-01"))["Events"]!.AsArray();
        var made = Assert.Single(found)!;
        Assert.Equal(("AuthorizeSecurityGroupIngress", "sam.oncall"), ((string)made["EventName"]!, (string)made["Username"]!));
        var record = JsonNode.Parse((string)made["CloudTrailEvent"]!)!;
        Assert.Equal("arn:aws:iam::123456789012:user/sam.oncall", (string)record["userIdentity"]!["arn"]!);
        Assert.Equal("0.0.0.0/0", (string)record["requestParameters"]!["ipPermissions"]!["items"]![0]!["ipRanges"]!["items"]![0]!["cidrIp"]!);
        Assert.StartsWith("aws-cli/", (string)record["userAgent"]!, StringComparison.Ordinal);
        Assert.Empty((await aws.JsonAsync("cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=nobody"))["Events"]!.AsArray());
        Assert.Contains("InvalidLookupAttributesException", await aws.RefusalAsync("cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=a AttributeKey=EventName,AttributeValue=b"), StringComparison.Ordinal);
    }
}
