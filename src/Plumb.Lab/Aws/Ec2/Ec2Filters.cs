using System.Text.RegularExpressions;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws.Ec2;

/// <summary>The Filter.N parameters: all of them must match, each by any of its values, with * and ? as wildcards.</summary>
internal static class Ec2Filters
{
    private const string TagPrefix = "tag:";
    private static readonly string[] RuleFilters = ["group-id", "security-group-rule-id", "tag-key"];

    private static readonly string[] GroupFilters =
    [
        "group-id", "group-name", "description", "vpc-id", "owner-id", "tag-key", "ip-permission.cidr", "ip-permission.ipv6-cidr", "ip-permission.from-port", "ip-permission.to-port",
        "ip-permission.protocol", "ip-permission.group-id",
    ];

    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);

    public static Func<GroupRow, bool> OfGroups(Form form, Func<GroupRow, IReadOnlyList<RuleRow>> rulesOf) => Read<GroupRow>(form, GroupFilters, (name, group) => name switch
    {
        "group-id" => [group.Id],
        "group-name" => [group.Name],
        "description" => [group.Description],
        "vpc-id" => [group.VpcId],
        "owner-id" => [User.Account],
        "tag-key" => group.Tags.Keys,
        "ip-permission.cidr" => rulesOf(group).Where(rule => !rule.IsEgress).Select(rule => rule.CidrIpv4),
        "ip-permission.ipv6-cidr" => rulesOf(group).Where(rule => !rule.IsEgress).Select(rule => rule.CidrIpv6),
        "ip-permission.from-port" => rulesOf(group).Where(rule => !rule.IsEgress).Select(rule => $"{rule.FromPort}"),
        "ip-permission.to-port" => rulesOf(group).Where(rule => !rule.IsEgress).Select(rule => $"{rule.ToPort}"),
        "ip-permission.protocol" => rulesOf(group).Where(rule => !rule.IsEgress).Select(rule => rule.Protocol),
        "ip-permission.group-id" => rulesOf(group).Where(rule => !rule.IsEgress).Select(rule => rule.OtherGroupId),
        _ => Tag(name, group.Tags),
    });

    public static Func<RuleRow, bool> OfRules(Form form) => Read<RuleRow>(form, RuleFilters, (name, rule) => name switch
    {
        "group-id" => [rule.GroupId],
        "security-group-rule-id" => [rule.Id],
        "tag-key" => rule.Tags.Keys,
        _ => Tag(name, rule.Tags),
    });

    private static IEnumerable<string?> Tag(string name, SortedDictionary<string, string> tags) => tags.TryGetValue(name[TagPrefix.Length..], out var value) ? [value] : [];

    /// <param name="values">Of a filter's name in one row.</param>
    private static Func<T, bool> Read<T>(Form form, string[] known, Func<string, T, IEnumerable<string?>> values)
    {
        var filters = form.Entries("Filter").Select(entry =>
        {
            var name = form.Needed($"{entry}.Name");
            if (!known.Contains(name) && !name.StartsWith(TagPrefix, StringComparison.Ordinal))
            {
                throw new ApiFault(400, "InvalidParameterValue", $"The filter '{name}' is invalid");
            }
            var patterns = form.Texts($"{entry}.Value").Select(value => new Regex(
                "^" + Regex.Escape(value).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal) + "$", RegexOptions.ExplicitCapture | RegexOptions.Singleline, MatchLimit)).ToList();
            return (name, patterns);
        }).ToList();
        return row => filters.TrueForAll(filter =>
            values(filter.name, row).Any(value => value is not null && filter.patterns.Exists(pattern => pattern.IsMatch(value))));
    }
}
