using System.Globalization;
using System.Text.Json;
using Plumb.Core;
using Plumb.Drift.Addresses;
using Plumb.Drift.Rules;
using Plumb.Drift.States;

namespace Plumb.Drift.SecurityGroups;

/// <summary>How a rule is written in Terraform.</summary>
internal enum RuleStyle
{
    /// <summary>A block of <c>aws_security_group</c>. The blocks are all rules the group may have.</summary>
    Inline,

    /// <summary><c>aws_security_group_rule</c>, in addition to others.</summary>
    Rule,

    /// <summary><c>aws_vpc_security_group_ingress_rule</c> and <c>…_egress_rule</c>, in addition to others.</summary>
    VpcRule,
}

/// <summary>A rule that Terraform last recorded.</summary>
/// <param name="IsSensitive">Its source and description are marked sensitive and may not be shown.</param>
/// <param name="IsDeposed">A leftover that the next apply deletes: it may be there or not.</param>
internal sealed record StateRule(RuleAtom Atom, string Description, RuleStyle Style, ResourceOrigin Origin, string? RuleId, bool IsSensitive, bool IsDeposed);

/// <summary>A group that Terraform manages.</summary>
/// <param name="Account">Null when the state does not tell.</param>
/// <param name="HasIngress">False: the state has no record of ingress at all, not even an empty one.</param>
internal sealed record StateGroup(string Id, string? Name, string? Account, string? Region, ResourceOrigin Origin, bool IsDeposed, bool IsTainted, bool HasIngress, bool HasEgress);

/// <summary>What the states say about security groups, in all three styles, gathered by group.</summary>
internal sealed class StateGroups
{
    private static readonly string[] GroupTypes = ["aws_security_group", "aws_default_security_group"];
    private static readonly string[] RuleTypes = ["aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"];

    private readonly Dictionary<string, List<StateGroup>> _groups = [];
    private readonly Dictionary<string, List<StateRule>> _rules = [];

    public static IReadOnlyList<string> Types { get; } = [.. GroupTypes, .. RuleTypes];

    /// <summary>By group id; more than one when several states or addresses claim it.</summary>
    public IReadOnlyDictionary<string, List<StateGroup>> Groups => _groups;

    /// <summary>By group id, also of groups that no state manages.</summary>
    public IReadOnlyDictionary<string, List<StateRule>> Rules => _rules;

    public int RuleCount => _rules.Values.Sum(rules => rules.Count);

    /// <summary>Every region that a state names.</summary>
    public IEnumerable<string> Regions => _groups.Values.SelectMany(groups => groups).Select(group => group.Region).OfType<string>().Concat(_ruleRegions).Distinct(StringComparer.Ordinal);

    private readonly HashSet<string> _ruleRegions = [];

    /// <summary>Takes one instance in. A wrong type of an attribute is a <see cref="FormatException"/>, anything else that cannot be understood a problem.</summary>
    public Problem? Read(StateInstance instance)
    {
        try
        {
            if (GroupTypes.Contains(instance.Type))
            {
                ReadGroup(instance);
            }
            else if (instance.Type == "aws_security_group_rule")
            {
                ReadRule(instance);
            }
            else
            {
                ReadVpcRule(instance);
            }
            return null;
        }
        catch (UnreadableRuleException unreadable)
        {
            return new Problem($"{instance.Origin}: {unreadable.Message}", "If Terraform accepts it, this is a mistake of plumb: please report it");
        }
    }

    private void ReadGroup(StateInstance instance)
    {
        var attributes = instance.Attributes;
        var id = Id(attributes.Text("id") ?? throw new FormatException("the group has no id"));
        var (region, account) = Arn(attributes.Text("arn"));
        region = Region(attributes.Text("region") ?? region);
        account = attributes.Text("owner_id") ?? account;
        var (ingress, egress) = (attributes.List("ingress"), attributes.List("egress"));
        Of(_groups, id).Add(new StateGroup(id, attributes.Text("name"), account, region, instance.Origin, instance.IsDeposed, instance.IsTainted, ingress is not null, egress is not null));
        foreach (var (direction, name, blocks) in (ReadOnlySpan<(Direction, string, IReadOnlyList<JsonElement>?)>)[(Direction.Ingress, "ingress", ingress), (Direction.Egress, "egress", egress)])
        {
            var sensitive = IsSensitive(instance, name);
            foreach (var block in blocks ?? [])
            {
                var description = block.Text("description") ?? "";
                foreach (var source in Sources(block, id, account, "security_groups"))
                {
                    Add(id, new StateRule(Atom(direction, block, "protocol", source), description, RuleStyle.Inline, instance.Origin, null, sensitive, instance.IsDeposed));
                }
            }
        }
    }

    private void ReadRule(StateInstance instance)
    {
        var attributes = instance.Attributes;
        var group = Id(attributes.Text("security_group_id") ?? throw new FormatException("the rule names no group"));
        var direction = attributes.Text("type") switch
        {
            "ingress" => Direction.Ingress,
            "egress" => Direction.Egress,
            _ => throw new FormatException("'type' is neither ingress nor egress"),
        };
        var sources = Sources(attributes, group, null, "security_groups").ToList();
        if (attributes.Text("source_security_group_id") is { } other && !sources.Exists(source => source.Value == other))
        {
            sources.Add(new RuleSource(SourceKind.Group, other));
        }
        foreach (var source in sources.Distinct())
        {
            Add(group, new StateRule(Atom(direction, attributes, "protocol", source), attributes.Text("description") ?? "", RuleStyle.Rule, instance.Origin,
                attributes.Text("security_group_rule_id"), IsSensitive(instance, "cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "source_security_group_id", "description"), instance.IsDeposed));
        }
    }

    private void ReadVpcRule(StateInstance instance)
    {
        var attributes = instance.Attributes;
        var group = Id(attributes.Text("security_group_id") ?? throw new FormatException("the rule names no group"));
        var (region, account) = Arn(attributes.Text("arn"));
        if (Region(attributes.Text("region") ?? region) is { } known)
        {
            _ruleRegions.Add(known);
        }
        var source = attributes.Text("cidr_ipv4") is { } ipv4 ? Cidr(ipv4)
            : attributes.Text("cidr_ipv6") is { } ipv6 ? Cidr(ipv6)
            : attributes.Text("prefix_list_id") is { } list ? new RuleSource(SourceKind.PrefixList, list)
            : attributes.Text("referenced_security_group_id") is { } other ? Group(other, account)
            : throw new UnreadableRuleException("the rule has no source: neither a CIDR, a prefix list nor a group");
        var direction = instance.Type == "aws_vpc_security_group_ingress_rule" ? Direction.Ingress : Direction.Egress;
        Add(group, new StateRule(Atom(direction, attributes, "ip_protocol", source), attributes.Text("description") ?? "", RuleStyle.VpcRule, instance.Origin,
            attributes.Text("security_group_rule_id") ?? attributes.Text("id"), IsSensitive(instance, "cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id", "description"), instance.IsDeposed));
    }

    private static RuleAtom Atom(Direction direction, JsonElement rule, string protocolName, RuleSource source)
    {
        var text = rule.Text(protocolName) ?? throw new FormatException("a rule has no protocol");
        if (!Protocols.TryParse(text, out var protocol))
        {
            throw new UnreadableRuleException($"'{text}' is no protocol that is known here");
        }
        var (from, to) = Protocols.Normalize(protocol, rule.Number("from_port"), rule.Number("to_port"));
        return new RuleAtom(direction, protocol, from, to, source);
    }

    private static IEnumerable<RuleSource> Sources(JsonElement rule, string own, string? account, string groups) =>
        rule.Texts("cidr_blocks").Concat(rule.Texts("ipv6_cidr_blocks")).Select(Cidr)
            .Concat(rule.Texts("prefix_list_ids").Select(list => new RuleSource(SourceKind.PrefixList, list)))
            .Concat(rule.Texts(groups).Select(group => Group(group, account)))
            .Concat(rule.Flag("self") ? [new RuleSource(SourceKind.Group, own)] : []);

    /// <summary>A group of the own account has no owner before it, whoever wrote it.</summary>
    private static RuleSource Group(string group, string? account) =>
        new(SourceKind.Group, account is not null && group.StartsWith(account + "/", StringComparison.Ordinal) ? group[(account.Length + 1)..] : group);

    private static RuleSource Cidr(string text) => AddressBlock.TryParse(text, out var block)
        ? new RuleSource(block.IsIpv6 ? SourceKind.Ipv6 : SourceKind.Ipv4, block.ToString())
        // The text is not quoted: it may be marked sensitive.
        : throw new UnreadableRuleException("a source is no CIDR network");

    private static bool IsSensitive(StateInstance instance, params ReadOnlySpan<string> attributes)
    {
        if (instance.Sensitive.Count == 0)
        {
            return false;
        }
        foreach (var attribute in attributes)
        {
            if (instance.Sensitive.Contains(attribute))
            {
                return true;
            }
        }
        return instance.Sensitive.Contains("*");
    }

    /// <summary>Ids go into commands that a person copies into a shell.</summary>
    private static string Id(string id) => id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_') ? id : throw new FormatException("the group's id has characters that no id has");

    /// <summary>A region becomes part of a host name that signed requests go to.</summary>
    private static string? Region(string? region) => region is null || region.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-') ? region : throw new FormatException("the region has characters that no region has");

    private static (string? Region, string? Account) Arn(string? arn) => arn?.Split(':') is [_, _, _, var region, var account, ..] ? (Blank(region), Blank(account)) : (null, null);

    private static string? Blank(string text) => text.Length == 0 ? null : text;

    private void Add(string group, StateRule rule) => Of(_rules, group).Add(rule);

    private static List<T> Of<T>(Dictionary<string, List<T>> by, string id)
    {
        ref var list = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(by, id, out _);
        return list ??= [];
    }

    private sealed class UnreadableRuleException(string message) : Exception(message);
}
