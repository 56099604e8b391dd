using System.Text.Json.Serialization;

namespace Plumb.Lab.Aws.Account;

internal sealed record GroupRow(string Id, string Region, string Name, string Description, string VpcId, SortedDictionary<string, string> Tags);

/// <summary>One rule with one source: exactly one of the last four is set.</summary>
/// <param name="FromPort">Null where the protocol has no ports.</param>
internal sealed record RuleRow(
    string Id, string GroupId, bool IsEgress, string Protocol, int? FromPort, int? ToPort, string? Description,
    string? CidrIpv4, string? CidrIpv6, string? PrefixListId, string? OtherGroupId, string? OtherOwner = null)
{
    public SortedDictionary<string, string> Tags { get; init; } = [];

    /// <summary>Two rules with the same key are the same rule to AWS, whatever their descriptions say.</summary>
    public (string, bool, string, int?, int?, string) Key => (GroupId, IsEgress, Protocol, FromPort, ToPort, CidrIpv4 ?? CidrIpv6 ?? PrefixListId ?? $"{OtherOwner}/{OtherGroupId}");
}

internal sealed record SecretRow(
    string Arn, string Region, string Name, string? Description, DateTimeOffset Created, DateTimeOffset Changed, DateTimeOffset? Deleted,
    SortedDictionary<string, string> Tags, IReadOnlyList<SecretVersionRow> Versions);

internal sealed record SecretVersionRow(string Id, string? Text, string? Binary, DateTimeOffset Created, IReadOnlyList<string> Stages);

/// <param name="Block">The four switches in S3's order; null: the bucket has no such setting.</param>
internal sealed record BucketRow(string Name, string Region, DateTimeOffset Created, IReadOnlyList<bool>? Block, string? Policy);

internal sealed record ObjectRow(string Bucket, string Key, DateTimeOffset Modified, string ContentType, string ETag, byte[] Content);

/// <param name="Record">The whole event as CloudTrail has it, JSON.</param>
internal sealed record EventRow(
    string Id, string Region, DateTimeOffset Time, string Name, string Source, string User, string AccessKeyId, IReadOnlyList<ResourceRow> Resources, string Record);

internal sealed record ResourceRow(string Type, string Name);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GroupRow))]
[JsonSerializable(typeof(RuleRow))]
[JsonSerializable(typeof(SecretRow))]
[JsonSerializable(typeof(BucketRow))]
[JsonSerializable(typeof(ObjectRow))]
[JsonSerializable(typeof(EventRow))]
internal sealed partial class AccountJson : JsonSerializerContext;
