using System.Globalization;
using System.Xml.Linq;

namespace Plumb.Platform.Aws;

/// <summary>A security group as EC2 has it now.</summary>
/// <param name="VpcId">Null in an account that still has EC2-Classic.</param>
public sealed record SecurityGroup(
    string Id, string Name, string Description, string? VpcId, string OwnerId,
    IReadOnlyList<IpPermission> Ingress, IReadOnlyList<IpPermission> Egress, IReadOnlyDictionary<string, string> Tags);

/// <summary>Rules of the same protocol and ports, gathered as DescribeSecurityGroups gathers them.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>icmp</c>, <c>icmpv6</c>, a number, or <c>-1</c> for all.</param>
/// <param name="FromPort">Null where the protocol has none; the type for ICMP, -1 for any.</param>
/// <param name="ToPort">The same; the code for ICMP.</param>
public sealed record IpPermission(
    string Protocol, int? FromPort, int? ToPort,
    IReadOnlyList<AddressRange> Ipv4, IReadOnlyList<AddressRange> Ipv6, IReadOnlyList<AddressRange> PrefixLists, IReadOnlyList<GroupPair> Groups);

/// <param name="Value">A CIDR, or the id of a prefix list.</param>
public sealed record AddressRange(string Value, string? Description);

/// <param name="OwnerId">The account of the other group.</param>
public sealed record GroupPair(string GroupId, string? OwnerId, string? VpcId, string? PeeringConnectionId, string? PeeringStatus, string? Description);

/// <summary>One rule with its own id, as DescribeSecurityGroupRules has it: exactly one of the four sources is set.</summary>
public sealed record SecurityGroupRule(
    string Id, string GroupId, string GroupOwnerId, bool IsEgress, string Protocol, int? FromPort, int? ToPort,
    string? CidrIpv4, string? CidrIpv6, string? PrefixListId, GroupPair? ReferencedGroup, string? Description, IReadOnlyDictionary<string, string> Tags);

/// <param name="OptInStatus"><c>opt-in-not-required</c>, <c>opted-in</c> or <c>not-opted-in</c>.</param>
public sealed record AwsRegion(string Name, string Endpoint, string OptInStatus);

public sealed class Ec2
{
    /// <summary>The most that one page may have.</summary>
    public const int PageSize = 1000;

    private readonly QueryApi _api;

    internal Ec2(AwsTransport transport, string? region) => _api = new QueryApi(transport, AwsService.Ec2, region, "2016-11-15");

    /// <summary>Every group of the region, or those of <paramref name="filters"/> (<c>vpc-id</c>, <c>group-id</c>, <c>tag:Name</c>).</summary>
    public Task<AwsResult<IReadOnlyList<SecurityGroup>>> DescribeSecurityGroupsAsync(IReadOnlyList<Ec2Filter> filters, CancellationToken cancellation) =>
        _api.PagesAsync("DescribeSecurityGroups", Parameters(filters), "securityGroupInfo", Group, cancellation);

    /// <summary>Every rule of the region, or those of <paramref name="filters"/> (<c>group-id</c>, <c>security-group-rule-id</c>, <c>tag:Name</c>).</summary>
    public Task<AwsResult<IReadOnlyList<SecurityGroupRule>>> DescribeSecurityGroupRulesAsync(IReadOnlyList<Ec2Filter> filters, CancellationToken cancellation) =>
        _api.PagesAsync("DescribeSecurityGroupRules", Parameters(filters), "securityGroupRuleSet", Rule, cancellation);

    /// <summary>The regions that this account may use; with <paramref name="all"/> also those that it has not opted in to.</summary>
    public Task<AwsResult<IReadOnlyList<AwsRegion>>> DescribeRegionsAsync(bool all, CancellationToken cancellation) =>
        _api.PagesAsync("DescribeRegions", [("AllRegions", all ? "true" : "false")], "regionInfo",
            region => new AwsRegion(region.Text("regionName") ?? "", region.Text("regionEndpoint") ?? "", region.Text("optInStatus") ?? ""), cancellation);

    /// <summary>Any other operation, with its parameters as the Query protocol names them: for what changes groups.</summary>
    public Task<AwsResult<XElement>> CallAsync(string operation, IReadOnlyList<(string Name, string Value)> parameters, CancellationToken cancellation) =>
        _api.CallAsync(operation, parameters, cancellation);

    private static List<(string Name, string Value)> Parameters(IReadOnlyList<Ec2Filter> filters)
    {
        List<(string, string)> parameters = [("MaxResults", PageSize.ToString(CultureInfo.InvariantCulture))];
        for (var i = 0; i < filters.Count; i++)
        {
            parameters.Add(($"Filter.{i + 1}.Name", filters[i].Name));
            parameters.AddRange(filters[i].Values.Select((value, j) => ($"Filter.{i + 1}.Value.{j + 1}", value)));
        }
        return parameters;
    }

    private static SecurityGroup Group(XElement group) => new(
        group.Text("groupId") ?? "", group.Text("groupName") ?? "", group.Text("groupDescription") ?? "", group.Text("vpcId"), group.Text("ownerId") ?? "",
        [.. group.Items("ipPermissions").Select(Permission)], [.. group.Items("ipPermissionsEgress").Select(Permission)], group.Tags());

    private static IpPermission Permission(XElement permission) => new(
        permission.Text("ipProtocol") ?? "", Number(permission, "fromPort"), Number(permission, "toPort"),
        [.. permission.Items("ipRanges").Select(range => Range(range, "cidrIp"))], [.. permission.Items("ipv6Ranges").Select(range => Range(range, "cidrIpv6"))],
        [.. permission.Items("prefixListIds").Select(range => Range(range, "prefixListId"))], [.. permission.Items("groups").Select(Pair)]);

    private static AddressRange Range(XElement range, string value) => new(range.Text(value) ?? "", range.Text("description"));

    private static GroupPair Pair(XElement pair) => new(
        pair.Text("groupId") ?? "", pair.Text("userId"), pair.Text("vpcId"), pair.Text("vpcPeeringConnectionId"), pair.Text("peeringStatus"), pair.Text("description"));

    private static SecurityGroupRule Rule(XElement rule) => new(
        rule.Text("securityGroupRuleId") ?? "", rule.Text("groupId") ?? "", rule.Text("groupOwnerId") ?? "", rule.Text("isEgress") == "true",
        rule.Text("ipProtocol") ?? "", Number(rule, "fromPort"), Number(rule, "toPort"), rule.Text("cidrIpv4"), rule.Text("cidrIpv6"), rule.Text("prefixListId"),
        rule.Child("referencedGroupInfo") is { } other ? Pair(other) : null, rule.Text("description"), rule.Tags());

    private static int? Number(XElement element, string name) => int.TryParse(element.Text(name), CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <param name="Values">Any of them matches; <c>*</c> and <c>?</c> are wildcards.</param>
public sealed record Ec2Filter(string Name, params IReadOnlyList<string> Values);
