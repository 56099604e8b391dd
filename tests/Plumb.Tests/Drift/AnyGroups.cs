using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Drift.Addresses;
using Plumb.Drift.Rules;
using Plumb.Drift.SecurityGroups;
using Plumb.Platform.Aws;

namespace Plumb.Tests.Drift;

/// <summary>
/// Any groups, as three parties write them down: the truth, a state in one of the three styles with all the spellings that providers allow, and the
/// answer of DescribeSecurityGroups, gathered and shuffled. The seed makes a case.
/// </summary>
internal sealed class AnyGroups(int seed)
{
    public const string Account = "123456789012";
    public const string Region = "eu-west-1";

    private static readonly int[] SomeProtocols = [Protocols.All, Protocols.Tcp, Protocols.Tcp, Protocols.Tcp, Protocols.Udp, Protocols.Icmp, Protocols.IcmpV6, 50, 47, 132];
    private static readonly int[] SomePorts = [0, 22, 80, 443, 1024, 5432, 8080, 65535];

    private readonly Random _random = new(seed);

    public Dictionary<RuleAtom, string> Rules(string id, int most)
    {
        var rules = new Dictionary<RuleAtom, string>();
        for (var count = _random.Next(most + 1); count > 0; count--)
        {
            rules[Atom(id)] = _random.Next(3) == 0 ? "" : $"why {_random.Next(4)}";
        }
        return rules;
    }

    public RuleAtom Atom(string id)
    {
        var protocol = Pick(SomeProtocols);
        int? from = null, to = null;
        if (Protocols.HasPorts(protocol))
        {
            (from, to) = (Pick(SomePorts), Pick(SomePorts));
            (from, to) = from <= to ? (from, to) : (to, from);
        }
        else if (Protocols.IsIcmp(protocol))
        {
            from = _random.Next(3) == 0 ? -1 : _random.Next(3, 12);
            to = from == -1 || _random.Next(2) == 0 ? -1 : _random.Next(0, 4);
        }
        var normal = Protocols.Normalize(protocol, from, to);
        return new RuleAtom(_random.Next(3) == 0 ? Direction.Egress : Direction.Ingress, protocol, normal.From, normal.To, Source(id));
    }

    public RuleSource Source(string id) => _random.Next(8) switch
    {
        0 => new RuleSource(SourceKind.Group, id),
        1 => new RuleSource(SourceKind.Group, $"sg-{_random.Next(5)}other"),
        2 => new RuleSource(SourceKind.Group, $"999988887777/sg-{_random.Next(5)}far"),
        3 => new RuleSource(SourceKind.PrefixList, $"pl-{_random.Next(5)}"),
        4 => Cidr($"2001:db8:{_random.Next(4)}::/{Pick(0, 32, 48, 128)}"),
        _ => Cidr($"10.{_random.Next(4)}.{_random.Next(4)}.0/{Pick(0, 8, 16, 24, 32)}"),
    };

    /// <summary>DescribeSecurityGroups: what has the same protocol and ports is one entry, in no order.</summary>
    public SecurityGroup Cloud(string id, Dictionary<RuleAtom, string> rules)
    {
        IReadOnlyList<IpPermission> Permissions(Direction direction) => [.. Shuffle(rules.Where(rule => rule.Key.Direction == direction).GroupBy(rule => (rule.Key.Protocol, rule.Key.From, rule.Key.To))).Select(gathered =>
        {
            var (protocol, from, to) = gathered.Key;
            var ported = Protocols.HasPorts(protocol) || Protocols.IsIcmp(protocol);
            AddressRange[] Ranges(SourceKind kind) => [.. Shuffle(gathered.Where(rule => rule.Key.Source.Kind == kind)).Select(rule => new AddressRange(rule.Key.Source.Value, Description(rule.Value)))];
            return new IpPermission(protocol == Protocols.All ? "-1" : ported ? Protocols.Name(protocol) : protocol.ToString(CultureInfo.InvariantCulture), ported ? from : null, ported ? to : null,
                Ranges(SourceKind.Ipv4), Ranges(SourceKind.Ipv6), Ranges(SourceKind.PrefixList),
                [.. Shuffle(gathered.Where(rule => rule.Key.Source.Kind == SourceKind.Group)).Select(rule => rule.Key.Source.Value.Split('/') is [var owner, var other]
                    ? new GroupPair(other, owner, null, null, null, Description(rule.Value))
                    : new GroupPair(rule.Key.Source.Value, _random.Next(2) == 0 ? Account : null, null, null, null, Description(rule.Value)))]);
        })];
        return new SecurityGroup(id, $"name of {id}", "", "vpc-1", Account, Permissions(Direction.Ingress), Permissions(Direction.Egress), new Dictionary<string, string>());
    }

    /// <summary>Resources of a state for one group.</summary>
    public IEnumerable<JsonObject> State(string id, Dictionary<RuleAtom, string> rules, RuleStyle style)
    {
        // A refresh writes every rule into the group's own record, whoever made it.
        var refreshed = style != RuleStyle.Inline && _random.Next(2) == 0;
        var own = style == RuleStyle.Inline || refreshed ? rules : [];
        var label = id.Replace('-', '_');
        var attributes = new JsonObject
        {
            ["id"] = id, ["name"] = $"name of {id}", ["owner_id"] = Account, ["arn"] = $"arn:aws:ec2:{Region}:{Account}:security-group/{id}", ["vpc_id"] = "vpc-1", ["tags"] = null,
            ["ingress"] = Blocks(id, own, Direction.Ingress), ["egress"] = Blocks(id, own, Direction.Egress),
        };
        yield return Resource("aws_security_group", label, [Instance(attributes, _random.Next(2) == 0 ? null : JsonValue.Create(0))]);
        if (style == RuleStyle.VpcRule)
        {
            foreach (var direction in (Direction[])[Direction.Ingress, Direction.Egress])
            {
                var instances = Shuffle(rules.Where(rule => rule.Key.Direction == direction)).Select((rule, index) => Instance(VpcRule(id, rule.Key, rule.Value), JsonValue.Create($"key {index}"))).ToArray();
                if (instances.Length > 0)
                {
                    yield return Resource($"aws_vpc_security_group_{(direction == Direction.Ingress ? "ingress" : "egress")}_rule", label, instances);
                }
            }
        }
        else if (style == RuleStyle.Rule)
        {
            foreach (var (name, rule) in Shuffle(rules).Select((rule, index) => ($"{label}_{index}", rule)))
            {
                yield return Resource("aws_security_group_rule", name, [Instance(OneRule(id, rule.Key, rule.Value), null)]);
            }
        }
    }

    public static JsonObject Document(IEnumerable<JsonObject> resources, string lineage = "one") => new()
    {
        ["version"] = 4, ["terraform_version"] = "1.9.8", ["serial"] = 3, ["lineage"] = lineage, ["outputs"] = new JsonObject(), ["resources"] = new JsonArray([.. resources]), ["check_results"] = null,
    };

    public static JsonObject Resource(string type, string name, JsonObject[] instances) => new()
    {
        ["mode"] = "managed", ["type"] = type, ["name"] = name, ["provider"] = "provider[\"registry.terraform.io/hashicorp/aws\"]", ["instances"] = new JsonArray([.. instances]),
    };

    public static JsonObject Instance(JsonObject attributes, JsonValue? key)
    {
        var instance = new JsonObject { ["schema_version"] = 1, ["attributes"] = attributes, ["sensitive_attributes"] = new JsonArray(), ["private"] = "bnVsbA==" };
        if (key is not null)
        {
            instance["index_key"] = key;
        }
        return instance;
    }

    public T Pick<T>(params IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    public IEnumerable<T> Shuffle<T>(IEnumerable<T> items)
    {
        var all = items.ToArray();
        _random.Shuffle(all);
        return all;
    }

    private static RuleSource Cidr(string text) => AddressBlock.TryParse(text, out var block) ? new RuleSource(block.IsIpv6 ? SourceKind.Ipv6 : SourceKind.Ipv4, block.ToString()) : throw new FormatException(text);

    private string? Description(string text) => text.Length == 0 && _random.Next(2) == 0 ? null : text;

    /// <summary>Blocks gather what shares protocol, ports and description; the provider splits them as it likes.</summary>
    private JsonArray Blocks(string id, Dictionary<RuleAtom, string> rules, Direction direction) =>
        new([.. Shuffle(rules.Where(rule => rule.Key.Direction == direction).GroupBy(rule => (rule.Key.Protocol, rule.Key.From, rule.Key.To, rule.Value, Split: _random.Next(2)))).Select(block =>
        {
            var json = Ports(block.Key.Protocol, block.Key.From, block.Key.To, "protocol", noneIsNull: false);
            json["description"] = block.Key.Value;
            Sources(json, id, [.. block.Select(rule => rule.Key.Source)], "security_groups");
            return json;
        })]);

    private JsonObject OneRule(string id, RuleAtom atom, string description)
    {
        var json = Ports(atom.Protocol, atom.From, atom.To, "protocol", noneIsNull: false);
        (json["type"], json["security_group_id"], json["description"], json["id"], json["source_security_group_id"]) = (atom.DirectionWord, id, description.Length == 0 ? null : description, "sgrule-1", null);
        if (atom.Source.Kind == SourceKind.Group && atom.Source.Value != id)
        {
            Sources(json, id, [], null);
            json["source_security_group_id"] = atom.Source.Value.Contains('/') || _random.Next(2) == 0 ? atom.Source.Value : $"{Account}/{atom.Source.Value}";
        }
        else
        {
            Sources(json, id, [atom.Source], null);
        }
        return json;
    }

    private JsonObject VpcRule(string id, RuleAtom atom, string description)
    {
        var json = Ports(atom.Protocol, atom.From, atom.To, "ip_protocol", noneIsNull: true);
        (json["security_group_id"], json["description"], json["arn"], json["security_group_rule_id"]) = (id, description.Length == 0 ? null : description, $"arn:aws:ec2:{Region}:{Account}:security-group-rule/sgr-1", "sgr-1");
        (json["cidr_ipv4"], json["cidr_ipv6"], json["prefix_list_id"], json["referenced_security_group_id"]) = (null, null, null, null);
        json[atom.Source.Kind switch { SourceKind.Ipv4 => "cidr_ipv4", SourceKind.Ipv6 => "cidr_ipv6", SourceKind.PrefixList => "prefix_list_id", _ => "referenced_security_group_id" }] = Spelled(atom.Source);
        return json;
    }

    private JsonObject Ports(int protocol, int from, int to, string name, bool noneIsNull)
    {
        var ported = Protocols.HasPorts(protocol) || Protocols.IsIcmp(protocol);
        var number = protocol.ToString(CultureInfo.InvariantCulture);
        var json = new JsonObject { [name] = protocol == Protocols.All ? Pick("-1", "all") : Pick(Protocols.Name(protocol), Protocols.Name(protocol), number) };
        // Where ports mean nothing, providers write 0, -1, the whole range or nothing.
        (json["from_port"], json["to_port"]) = ported ? (from, to) : noneIsNull ? (null, null) : Pick(((JsonNode?)0, (JsonNode?)0), (0, 65535), (-1, -1));
        return json;
    }

    private void Sources(JsonObject json, string id, IReadOnlyList<RuleSource> sources, string? groups)
    {
        JsonArray? Of(SourceKind kind) => sources.Any(source => source.Kind == kind) ? new([.. Shuffle(sources.Where(source => source.Kind == kind)).Select(source => (JsonNode)Spelled(source))]) : Pick(null, new JsonArray());
        (json["cidr_blocks"], json["ipv6_cidr_blocks"], json["prefix_list_ids"]) = (Of(SourceKind.Ipv4), Of(SourceKind.Ipv6), Of(SourceKind.PrefixList));
        json["self"] = sources.Any(source => source.Value == id);
        if (groups is not null)
        {
            json[groups] = new JsonArray([.. sources.Where(source => source.Kind == SourceKind.Group && source.Value != id).Select(source => (JsonNode)source.Value)]);
        }
    }

    /// <summary>A network may be written with bits behind its prefix: 67.221.169.243/0 is 0.0.0.0/0.</summary>
    private string Spelled(RuleSource source)
    {
        if (source.Kind != SourceKind.Ipv4 || _random.Next(4) != 0 || !AddressBlock.TryParse(source.Value, out var block))
        {
            return source.Value;
        }
        var inside = new AddressBlock(IsIpv6: false, block.First | (AddressBlock.HostBits(32 - block.Prefix) & (UInt128)_random.NextInt64(1L << 32)), 32);
        return $"{inside.ToString().Split('/')[0]}/{block.Prefix}";
    }
}
