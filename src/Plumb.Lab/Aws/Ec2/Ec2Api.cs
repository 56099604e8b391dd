using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws.Ec2;

/// <summary>Security groups, their rules and tags; one VPC in the lab's region.</summary>
internal sealed partial class Ec2Api(AccountStore store, Trail trail) : IApi
{
    private const int SmallestPage = 5;
    private const int LargestPage = 1000;

    /// <summary>The regions that every account has without opting in.</summary>
    private static readonly string[] Regions =
    [
        "ap-south-1", "eu-north-1", "eu-west-3", "eu-west-2", "eu-west-1", "ap-northeast-3", "ap-northeast-2", "ap-northeast-1", "ca-central-1", "sa-east-1",
        "ap-southeast-1", "ap-southeast-2", "eu-central-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    ];

    public Wire Wire => Wire.Ec2;

    public string? OperationOf(ApiRequest request) => Form.Parse(request).Action;

    public ApiReply Answer(ApiRequest request, string operation)
    {
        var form = Form.Parse(request);
        form.Text("DryRun");
        if (!Regions.Contains(request.Region))
        {
            throw new ApiFault(401, "AuthFailure", "AWS was not able to validate the provided access credentials");
        }
        return operation switch
        {
            "DescribeSecurityGroups" => DescribeGroups(request, form),
            "DescribeSecurityGroupRules" => DescribeRules(request, form),
            "DescribeRegions" => DescribeRegions(request, form),
            "DescribeVpcs" => DescribeVpcs(request, form),
            "CreateSecurityGroup" => CreateGroup(request, form),
            "DeleteSecurityGroup" => DeleteGroup(request, form),
            "AuthorizeSecurityGroupIngress" or "AuthorizeSecurityGroupEgress" => Authorize(request, form, operation),
            "RevokeSecurityGroupIngress" or "RevokeSecurityGroupEgress" => Revoke(request, form, operation),
            "ModifySecurityGroupRules" => Modify(request, form),
            "UpdateSecurityGroupRuleDescriptionsIngress" or "UpdateSecurityGroupRuleDescriptionsEgress" => Describe(request, form, operation),
            "CreateTags" or "DeleteTags" => ChangeTags(request, form, operation),
            _ => throw new ApiFault(400, "InvalidAction", $"The action {operation} is not valid for this web service."),
        };
    }

    private ApiReply DescribeGroups(ApiRequest request, Form form)
    {
        var (ids, names) = (form.Texts("GroupId"), form.Texts("GroupName"));
        var rules = store.Rules.All.ToLookup(rule => rule.GroupId, StringComparer.Ordinal);
        var match = Ec2Filters.OfGroups(form, group => [.. rules[group.Id]]);
        var page = Page(request, form);
        form.Done();
        var groups = store.Groups.All.Where(group => group.Region == request.Region).ToList();
        foreach (var id in ids)
        {
            Group(request, id);
        }
        foreach (var name in names.Where(name => !groups.Exists(group => group.Name == name)))
        {
            throw new ApiFault(400, "InvalidGroup.NotFound", $"The security group '{name}' does not exist in default VPC '{Seed.Vpc}'");
        }
        var found = groups.Where(group => (ids.Count == 0 || ids.Contains(group.Id)) && (names.Count == 0 || names.Contains(group.Name)) && match(group));
        return Paged("DescribeSecurityGroups", request, "securityGroupInfo", found, page, group => Ec2Xml.Group(group, [.. rules[group.Id]]));
    }

    private ApiReply DescribeRules(ApiRequest request, Form form)
    {
        var ids = form.Texts("SecurityGroupRuleId");
        var match = Ec2Filters.OfRules(form);
        var page = Page(request, form);
        form.Done();
        var regional = store.Groups.All.Where(group => group.Region == request.Region).Select(group => group.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            Rule(regional, id);
        }
        var found = store.Rules.All.Where(rule => regional.Contains(rule.GroupId) && (ids.Count == 0 || ids.Contains(rule.Id)) && match(rule));
        return Paged("DescribeSecurityGroupRules", request, "securityGroupRuleSet", found, page, rule => Ec2Xml.Rule(rule, request.Region));
    }

    private static ApiReply DescribeRegions(ApiRequest request, Form form)
    {
        var names = form.Texts("RegionName");
        form.Text("AllRegions");
        // The real call has no pages; a client that asks for them is told so there too.
        form.Done();
        foreach (var name in names.Where(name => !Regions.Contains(name)))
        {
            throw new ApiFault(400, "InvalidParameterValue", $"Invalid region names: [{name}]");
        }
        return Ec2Xml.Reply("DescribeRegions", request.Id, new XElement("regionInfo", Regions.Where(name => names.Count == 0 || names.Contains(name)).Select(name => new XElement("item",
            new XElement("regionName", name), new XElement("regionEndpoint", $"ec2.{name}.amazonaws.com"), new XElement("optInStatus", "opt-in-not-required")))));
    }

    private static ApiReply DescribeVpcs(ApiRequest request, Form form)
    {
        var ids = form.Texts("VpcId");
        form.Done();
        var here = request.Region == StandIn.Region;
        if (ids.FirstOrDefault(id => !here || id != Seed.Vpc) is { } unknown)
        {
            throw new ApiFault(400, "InvalidVpcID.NotFound", $"The vpc ID '{unknown}' does not exist");
        }
        return Ec2Xml.Reply("DescribeVpcs", request.Id, new XElement("vpcSet", !here ? null : new XElement("item",
            new XElement("vpcId", Seed.Vpc), new XElement("ownerId", User.Account), new XElement("state", "available"), new XElement("cidrBlock", Seed.VpcCidr),
            new XElement("instanceTenancy", "default"), new XElement("isDefault", true))));
    }

    /// <summary>How much of an answer is wanted, and from where.</summary>
    private static (int From, int Size) Page(ApiRequest request, Form form)
    {
        var size = form.Number("MaxResults");
        if (size is < SmallestPage or > LargestPage)
        {
            throw new ApiFault(400, "InvalidParameterValue", $"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {SmallestPage} and {LargestPage}.");
        }
        var token = form.Text("NextToken");
        var from = 0;
        if (!string.IsNullOrEmpty(token) && !(int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out from) && from > 0))
        {
            throw new ApiFault(400, "InvalidParameterValue", $"Value ( {token} ) for parameter nextToken is invalid.");
        }
        return (from, Math.Min(size ?? int.MaxValue, request.PageSize ?? int.MaxValue));
    }

    private static ApiReply Paged<T>(string operation, ApiRequest request, string list, IEnumerable<T> found, (int From, int Size) page, Func<T, XElement> write)
    {
        var items = found.Skip(page.From).Take(page.Size == int.MaxValue ? page.Size : page.Size + 1).ToList();
        var more = items.Count > page.Size;
        return Ec2Xml.Reply(operation, request.Id, new XElement(list, items.Take(page.Size).Select(write)), more ? new XElement("nextToken", page.From + page.Size) : null);
    }

    /// <exception cref="ApiFault">There is no such group in the region.</exception>
    private GroupRow Group(ApiRequest request, string id) =>
        !GroupId().IsMatch(id) ? throw new ApiFault(400, "InvalidGroupId.Malformed", $"Invalid id: \"{id}\" (expecting \"sg-...\")")
        : store.Groups.Find(id) is { } group && group.Region == request.Region ? group
        : throw new ApiFault(400, "InvalidGroup.NotFound", $"The security group '{id}' does not exist");

    private RuleRow Rule(HashSet<string> groups, string id) => store.Rules.Find(id) is { } rule && groups.Contains(rule.GroupId) ? rule
        : throw new ApiFault(400, "InvalidSecurityGroupRuleId.NotFound", $"The security group rule ID '{id}' does not exist");

    /// <summary>Ids as AWS makes them: a prefix and 17 hexadecimal digits.</summary>
    private static string NewId(string prefix) => $"{prefix}-0{RandomNumberGenerator.GetHexString(16, lowercase: true)}";

    [GeneratedRegex("^sg-[0-9a-f]+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GroupId();
}
