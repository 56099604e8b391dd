using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws.Ec2;

/// <summary>Groups and rules as EC2 writes them, in XML, and as CloudTrail does, in JSON.</summary>
internal static class Ec2Xml
{
    public const string Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";

    public static ApiReply Reply(string operation, string requestId, params IEnumerable<XElement?> content) =>
        ApiReply.Xml(ApiFault.Qualified(Namespace, new XElement(operation + "Response", new XElement("requestId", requestId), content)));

    public static XElement Group(GroupRow group, IReadOnlyList<RuleRow> rules) => new("item",
        new XElement("ownerId", User.Account), new XElement("groupId", group.Id), new XElement("groupName", group.Name), new XElement("groupDescription", group.Description),
        new XElement("vpcId", group.VpcId), new XElement("securityGroupArn", Arn(group)),
        new XElement("ipPermissions", Permissions(rules.Where(rule => !rule.IsEgress))), new XElement("ipPermissionsEgress", Permissions(rules.Where(rule => rule.IsEgress))),
        Tags(group.Tags));

    public static XElement Rule(RuleRow rule, string region) => new("item",
        new XElement("securityGroupRuleId", rule.Id), new XElement("securityGroupRuleArn", $"arn:aws:ec2:{region}:{User.Account}:security-group-rule/{rule.Id}"),
        new XElement("groupId", rule.GroupId), new XElement("groupOwnerId", User.Account), new XElement("isEgress", rule.IsEgress), new XElement("ipProtocol", rule.Protocol),
        new XElement("fromPort", rule.FromPort ?? -1), new XElement("toPort", rule.ToPort ?? -1),
        Optional("cidrIpv4", rule.CidrIpv4), Optional("cidrIpv6", rule.CidrIpv6), Optional("prefixListId", rule.PrefixListId),
        rule.OtherGroupId is null ? null : new XElement("referencedGroupInfo", new XElement("groupId", rule.OtherGroupId), new XElement("userId", rule.OtherOwner)),
        Optional("description", rule.Description), Tags(rule.Tags));

    public static XElement Tags(SortedDictionary<string, string> tags) =>
        new("tagSet", tags.Select(tag => new XElement("item", new XElement("key", tag.Key), new XElement("value", tag.Value))));

    public static string Arn(GroupRow group) => $"arn:aws:ec2:{group.Region}:{User.Account}:security-group/{group.Id}";

    /// <summary>A request's rules, as the trail has them: one entry for each protocol and ports.</summary>
    public static JsonObject TrailPermissions(IEnumerable<RuleRow> rules) => new()
    {
        ["items"] = new JsonArray([.. Gathered(rules).Select(gathered => new JsonObject
        {
            ["ipProtocol"] = gathered.Key.Protocol,
            ["fromPort"] = gathered.Key.FromPort,
            ["toPort"] = gathered.Key.ToPort,
            ["groups"] = Items(gathered.Where(rule => rule.OtherGroupId is not null), rule => new JsonObject { ["groupId"] = rule.OtherGroupId, ["userId"] = rule.OtherOwner, ["description"] = rule.Description }),
            ["ipRanges"] = Items(gathered.Where(rule => rule.CidrIpv4 is not null), rule => new JsonObject { ["cidrIp"] = rule.CidrIpv4, ["description"] = rule.Description }),
            ["ipv6Ranges"] = Items(gathered.Where(rule => rule.CidrIpv6 is not null), rule => new JsonObject { ["cidrIpv6"] = rule.CidrIpv6, ["description"] = rule.Description }),
            ["prefixListIds"] = Items(gathered.Where(rule => rule.PrefixListId is not null), rule => new JsonObject { ["prefixListId"] = rule.PrefixListId, ["description"] = rule.Description }),
        })]),
    };

    public static JsonObject TrailRules(IEnumerable<RuleRow> rules) => new()
    {
        ["items"] = new JsonArray([.. rules.Select(rule => new JsonObject
        {
            ["groupOwnerId"] = User.Account, ["groupId"] = rule.GroupId, ["securityGroupRuleId"] = rule.Id, ["description"] = rule.Description, ["isEgress"] = rule.IsEgress,
            ["ipProtocol"] = rule.Protocol, ["fromPort"] = rule.FromPort ?? -1, ["toPort"] = rule.ToPort ?? -1, ["cidrIpv4"] = rule.CidrIpv4, ["cidrIpv6"] = rule.CidrIpv6,
            ["prefixListId"] = rule.PrefixListId,
        })]),
    };

    /// <summary>DescribeSecurityGroups has one entry for each protocol and ports, with all sources in it.</summary>
    private static IEnumerable<XElement> Permissions(IEnumerable<RuleRow> rules) => Gathered(rules).Select(gathered => new XElement("item",
        new XElement("ipProtocol", gathered.Key.Protocol),
        gathered.Key.FromPort is { } from ? new XElement("fromPort", from) : null,
        gathered.Key.ToPort is { } to ? new XElement("toPort", to) : null,
        new XElement("groups", gathered.Where(rule => rule.OtherGroupId is not null).Select(rule =>
            new XElement("item", new XElement("userId", rule.OtherOwner), new XElement("groupId", rule.OtherGroupId), Optional("description", rule.Description)))),
        Ranges("ipRanges", "cidrIp", gathered, rule => rule.CidrIpv4), Ranges("ipv6Ranges", "cidrIpv6", gathered, rule => rule.CidrIpv6),
        Ranges("prefixListIds", "prefixListId", gathered, rule => rule.PrefixListId)));

    private static IEnumerable<IGrouping<(string Protocol, int? FromPort, int? ToPort), RuleRow>> Gathered(IEnumerable<RuleRow> rules) =>
        rules.GroupBy(rule => (rule.Protocol, rule.FromPort, rule.ToPort));

    private static XElement Ranges(string list, string name, IEnumerable<RuleRow> rules, Func<RuleRow, string?> value) =>
        new(list, rules.Where(rule => value(rule) is not null).Select(rule => new XElement("item", new XElement(name, value(rule)), Optional("description", rule.Description))));

    private static JsonObject Items(IEnumerable<RuleRow> rules, Func<RuleRow, JsonObject> make)
    {
        var items = rules.Select(rule => (JsonNode)make(rule)).ToArray();
        return items.Length == 0 ? [] : new JsonObject { ["items"] = new JsonArray(items) };
    }

    private static XElement? Optional(string name, string? value) => value is null ? null : new XElement(name, string.Create(CultureInfo.InvariantCulture, $"{value}"));
}
