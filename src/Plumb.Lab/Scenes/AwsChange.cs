using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Lab.Aws;
using Plumb.Platform.Aws;
using Plumb.Platform.Storage;

namespace Plumb.Lab.Scenes;

/// <summary>
/// What a colleague does in the lab's AWS, through its API and with the colleague's key, so that the trail has it as it would have a real
/// change. The undo is done with Plumb's key.
/// </summary>
internal sealed class AwsChange(PlumbHome home, TimeProvider time) : IStepHandler
{
    public const string StepKind = "lab.aws";

    private const string OpenPolicy = """{"Version":"2012-10-17","Statement":[{"Sid":"share","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*"}]}""";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The world is already as the undo would make it.</summary>
    private static readonly string[] AlreadyDone = ["InvalidPermission.NotFound", "InvalidPermission.Duplicate", "InvalidGroup.NotFound", "NoSuchBucket"];

    public string Kind => StepKind;

    public static PlanStep Rule(string groupId, string groupName, int port, string cidr, string description, bool opens)
    {
        var (open, close) = (Ingress("AuthorizeSecurityGroupIngress", ("GroupId", groupId), port, cidr, description), Ingress("RevokeSecurityGroupIngress", ("GroupId", groupId), port, cidr, description));
        var rule = string.Create(CultureInfo.InvariantCulture, $"{port}/tcp from {cidr}");
        return opens
            ? new PlanStep(StepKind, $"{User.Colleague} allows {rule} in the security group {groupName}", groupName, open, close, $"revoke {rule}")
            : new PlanStep(StepKind, $"{User.Colleague} revokes {rule} in the security group {groupName}", groupName, close, open, $"allow {rule} again");
    }

    public static PlanStep Group(string name, string description) => new(StepKind, $"{User.Colleague} makes the security group {name}", "the lab's VPC",
        Call("CreateSecurityGroup", ("GroupName", name), ("GroupDescription", description)), Call("DeleteSecurityGroup", ("GroupName", name)), $"delete the security group {name}");

    public static PlanStep RuleOfNew(string groupName, int port, string cidr) => new(StepKind,
        string.Create(CultureInfo.InvariantCulture, $"{User.Colleague} allows {port}/tcp from {cidr} in it"), groupName,
        Ingress("AuthorizeSecurityGroupIngress", ("GroupName", groupName), port, cidr, ""), null, "the group is deleted with its rules");

    public static PlanStep OpenBucket(string bucket) => new(StepKind, $"{User.Colleague} switches off the public access block of the bucket {bucket} and shares it by policy", bucket,
        new JsonObject { ["bucket"] = bucket, ["public"] = true }, new JsonObject { ["bucket"] = bucket, ["public"] = false }, "take the policy away and block public access again");

    public Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation) => SendAsync(arguments, User.Colleague, cancellation);

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) => SendAsync(arguments, User.Plumb, cancellation);

    private async Task<Problem?> SendAsync(JsonObject arguments, string userName, CancellationToken cancellation)
    {
        if (LabState.Running(home) is not { IsOk: true, Value.Aws: { } aws })
        {
            return new Problem("no lab runs here, so its AWS cannot be asked", "Start it with 'plumb up'");
        }
        var user = User.ReadOrMake(Path.Combine(home.File(LabHost.AwsDirectory), "users.json")).First(each => each.Name == userName);
        var opened = AwsClient.Open(new AwsOptions(time) { Endpoint = aws.Endpoint, Region = aws.Region, Keys = user.Keys, RequestTimeout = Patience });
        if (!opened.IsOk)
        {
            return opened.Error.ToProblem();
        }
        using var client = opened.Value;
        var error = (string?)arguments["bucket"] is { } bucket
            ? await BucketAsync(client.S3, bucket, (bool)arguments["public"]!, cancellation)
            : (await client.Ec2.CallAsync((string)arguments["operation"]!, [.. arguments["parameters"]!.AsObject().Select(pair => (pair.Key, (string)pair.Value!))], cancellation)).Error;
        return error is null || (userName == User.Plumb && AlreadyDone.Contains(error.Code)) ? null : error.ToProblem();
    }

    private static async Task<AwsError?> BucketAsync(S3 s3, string bucket, bool isPublic, CancellationToken cancellation)
    {
        // In this order a public policy never meets a block that refuses it, and is gone before the block is back.
        var block = new PublicAccessBlock(!isPublic, !isPublic, !isPublic, !isPublic);
        return isPublic
            ? await s3.PutPublicAccessBlockAsync(bucket, block, cancellation) ?? await s3.PutBucketPolicyAsync(bucket, OpenPolicy.Replace("BUCKET", bucket, StringComparison.Ordinal), cancellation)
            : await s3.PutBucketPolicyAsync(bucket, null, cancellation) ?? await s3.PutPublicAccessBlockAsync(bucket, block, cancellation);
    }

    private static JsonObject Ingress(string operation, (string Name, string Value) group, int port, string cidr, string description)
    {
        List<(string, string)> parameters =
        [
            group, ("IpPermissions.1.IpProtocol", "tcp"), ("IpPermissions.1.FromPort", $"{port}"), ("IpPermissions.1.ToPort", $"{port}"), ("IpPermissions.1.IpRanges.1.CidrIp", cidr),
        ];
        if (description.Length > 0)
        {
            parameters.Add(("IpPermissions.1.IpRanges.1.Description", description));
        }
        return Call(operation, [.. parameters]);
    }

    private static JsonObject Call(string operation, params (string Name, string Value)[] parameters) => new()
    {
        ["operation"] = operation,
        ["parameters"] = new JsonObject([.. parameters.Select(parameter => KeyValuePair.Create(parameter.Name, (JsonNode?)parameter.Value))]),
    };
}
