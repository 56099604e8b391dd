using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Drift.Rules;

namespace Plumb.Drift.SecurityGroups;

/// <summary>Both ways out of a difference, ready to be read and copied: one makes AWS as the state, the other Terraform as AWS.</summary>
internal static class GroupWaysOut
{
    private const string Hidden = "The values are marked sensitive in the state, so no command is written down here";

    public static IReadOnlyList<WayOut> Of(GroupDifference difference) => difference switch
    {
        { IsSensitive: true } => [new WayOut($"To take it back: run 'terraform apply'. {Hidden}"), new WayOut($"To keep it: change the configuration. {Hidden}")],
        { Kind: DriftKind.AddedOutside, Atom: { } atom } => [new WayOut("To take it back", Call(difference, "revoke", atom, null)), Keep(difference, atom)],
        { Kind: DriftKind.RemovedOutside, Atom: { } atom } =>
            [new WayOut("To put it back", Call(difference, "authorize", atom, difference.Description)), Drop(difference)],
        { Kind: DriftKind.Changed, Atom: { } atom, Before: { } before } when atom == before =>
            [new WayOut("To put the old description back", Describe(difference, atom)), new WayOut("To keep it", Hcl: $"# in {Where(difference)}\ndescription = {Quote(difference.Description)}")],
        { Kind: DriftKind.Changed, Atom: { } atom, Before: { } before } =>
        [
            new WayOut("To take it back", $"{Call(difference, "authorize", before, difference.BeforeDescription)} && {Call(difference, "revoke", atom, null)}"),
            new WayOut("To keep it: write the new values", Hcl: $"# in {Where(difference)}\n{Attributes(atom, difference.Description, difference.Style)}"),
        ],
        { Kind: DriftKind.DeletedGroup } => Deleted(difference),
        { Kind: DriftKind.UnmanagedGroup or DriftKind.UnmanagedDefaultGroup } => Unmanaged(difference),
        { Kind: DriftKind.InlineAndStandalone } =>
        [
            new WayOut("If the group has inline blocks: move each to a resource of its own, then remove the blocks"),
            new WayOut("If it has none: a refresh recorded a rule that was added outside; take that rule back, or write it as a resource of its own"),
        ],
        { Kind: DriftKind.ClaimedTwice } => [.. difference.Origins.Select(origin => new WayOut($"To leave the group to the other: in the configuration of {origin.State}", $"terraform state rm {Shell(Bare(origin.Address))}"))],
        _ => [],
    };

    private static WayOut Keep(GroupDifference difference, RuleAtom atom) => difference.Style switch
    {
        RuleStyle.Inline => new WayOut("To keep it: add the block to the group, which is in the state already", Hcl: $"# in {Where(difference)}\n{Block(atom, difference.Description)}"),
        RuleStyle.Rule => new WayOut("To keep it: add it, and import it",
            Hcl: Resource("aws_security_group_rule", $"  type              = {Quote(atom.DirectionWord)}\n  security_group_id = {Quote(difference.Group.Id)}\n{Indent(Attributes(atom, difference.Description, RuleStyle.Rule))}", ImportId(difference.Group.Id, atom))),
        _ => new WayOut("To keep it: add it, and import it",
            Hcl: Resource($"aws_vpc_security_group_{atom.DirectionWord}_rule", $"  security_group_id = {Quote(difference.Group.Id)}\n{Indent(Attributes(atom, difference.Description, RuleStyle.VpcRule))}", difference.RuleId ?? "sgr-… (aws ec2 describe-security-group-rules shows it)")),
    };

    private static WayOut Drop(GroupDifference difference) => difference.Style == RuleStyle.Inline
        ? new WayOut($"To leave it out: delete the {difference.Atom!.Value.DirectionWord} block from {Where(difference)}; the next plan shows no change")
        : new WayOut($"To leave it out: delete the resource, and forget it", $"terraform state rm {Shell(Bare(difference.Origins[0].Address))}");

    private static WayOut[] Deleted(GroupDifference difference) =>
    [
        new WayOut("To put it back, under a new id", $"terraform apply -target={Shell(Bare(difference.Origins[0].Address))}"),
        new WayOut("To leave it out: delete the resource, and forget it", $"terraform state rm {Shell(Bare(difference.Origins[0].Address))}"),
    ];

    private static WayOut[] Unmanaged(GroupDifference difference)
    {
        var group = difference.Group;
        var type = difference.Kind == DriftKind.UnmanagedDefaultGroup || group.Name == "default" ? "aws_default_security_group" : "aws_security_group";
        var body = new StringBuilder();
        if (type == "aws_security_group")
        {
            body.Append("  name        = ").Append(Quote(group.Name ?? "")).Append("\n  description = ").Append(Quote(difference.GroupDescription ?? "")).Append('\n');
        }
        body.Append(group.VpcId is null ? "" : $"  vpc_id      = {Quote(group.VpcId)}\n");
        foreach (var rule in difference.Rules)
        {
            body.Append('\n').Append(Indent(Block(rule.Atom, rule.Description, group.Id)));
        }
        var keep = new WayOut("To manage it", Hcl: Resource(type, body.ToString().TrimEnd('\n'), type == "aws_security_group" ? group.Id : group.VpcId ?? group.Id, Name(group.Name)));
        return type == "aws_security_group"
            ? [new WayOut("To delete it; AWS refuses while something uses it", $"aws ec2 delete-security-group --region {group.Region} --group-id {group.Id}"), keep]
            : [keep];
    }

    private static string Call(GroupDifference difference, string verb, RuleAtom atom, string? description) =>
        $"aws ec2 {verb}-security-group-{atom.DirectionWord} --region {difference.Group.Region} --group-id {difference.Group.Id} --ip-permissions {Shell(Permissions(atom, description, difference.Group.Account))}";

    private static string Describe(GroupDifference difference, RuleAtom atom) =>
        $"aws ec2 update-security-group-rule-descriptions-{atom.DirectionWord} --region {difference.Group.Region} --group-id {difference.Group.Id} --ip-permissions {Shell(Permissions(atom, difference.BeforeDescription ?? "", difference.Group.Account))}";

    private static string Permissions(RuleAtom atom, string? description, string? account)
    {
        var (list, source) = atom.Source.Kind switch
        {
            SourceKind.Ipv4 => ("IpRanges", new JsonObject { ["CidrIp"] = atom.Source.Value }),
            SourceKind.Ipv6 => ("Ipv6Ranges", new JsonObject { ["CidrIpv6"] = atom.Source.Value }),
            SourceKind.PrefixList => ("PrefixListIds", new JsonObject { ["PrefixListId"] = atom.Source.Value }),
            _ when atom.Source.Value.Split('/') is [var owner, var id] => ("UserIdGroupPairs", new JsonObject { ["GroupId"] = id, ["UserId"] = owner }),
            _ => ("UserIdGroupPairs", new JsonObject { ["GroupId"] = atom.Source.Value, ["UserId"] = account }),
        };
        if (source["UserId"] is null)
        {
            source.Remove("UserId");
        }
        if (!string.IsNullOrEmpty(description))
        {
            source["Description"] = description;
        }
        var permission = new JsonObject { ["IpProtocol"] = Protocols.HasPorts(atom.Protocol) || Protocols.IsIcmp(atom.Protocol) ? Protocols.Name(atom.Protocol) : Number(atom.Protocol) };
        if (Protocols.HasPorts(atom.Protocol) || Protocols.IsIcmp(atom.Protocol))
        {
            (permission["FromPort"], permission["ToPort"]) = (atom.From, atom.To);
        }
        permission[list] = new JsonArray(source);
        return new JsonArray(permission).ToJsonString(CoreJson.Readable(indented: false));
    }

    private static string Block(RuleAtom atom, string description, string? own = null)
    {
        var source = atom.Source switch
        {
            { Kind: SourceKind.Ipv4 } => $"cidr_blocks = [{Quote(atom.Source.Value)}]",
            { Kind: SourceKind.Ipv6 } => $"ipv6_cidr_blocks = [{Quote(atom.Source.Value)}]",
            { Kind: SourceKind.PrefixList } => $"prefix_list_ids = [{Quote(atom.Source.Value)}]",
            { Value: var value } when value == own => "self = true",
            _ => $"security_groups = [{Quote(atom.Source.Value)}]",
        };
        return $"{atom.DirectionWord} {{\n{Indent($"protocol = {Quote(Protocol(atom))}\nfrom_port = {Number(atom.From)}\nto_port = {Number(atom.To)}\n{source}{(description.Length == 0 ? "" : $"\ndescription = {Quote(description)}")}")}}}\n";
    }

    private static string Attributes(RuleAtom atom, string description, RuleStyle style)
    {
        if (style == RuleStyle.Inline)
        {
            return Block(atom, description).TrimEnd('\n');
        }
        var isVpc = style == RuleStyle.VpcRule;
        var (name, isList) = atom.Source.Kind switch
        {
            SourceKind.Ipv4 => isVpc ? ("cidr_ipv4", false) : ("cidr_blocks", true),
            SourceKind.Ipv6 => isVpc ? ("cidr_ipv6", false) : ("ipv6_cidr_blocks", true),
            SourceKind.PrefixList => isVpc ? ("prefix_list_id", false) : ("prefix_list_ids", true),
            _ => isVpc ? ("referenced_security_group_id", false) : ("source_security_group_id", false),
        };
        var ports = isVpc && !Protocols.HasPorts(atom.Protocol) && !Protocols.IsIcmp(atom.Protocol) ? "" : $"\nfrom_port = {Number(atom.From)}\nto_port = {Number(atom.To)}";
        return $"{(isVpc ? "ip_protocol" : "protocol")} = {Quote(Protocol(atom))}{ports}\n{name} = {(isList ? $"[{Quote(atom.Source.Value)}]" : Quote(atom.Source.Value))}{(description.Length == 0 ? "" : $"\ndescription = {Quote(description)}")}";
    }

    private static string Resource(string type, string body, string importId, string name = "added_outside") =>
        $"resource \"{type}\" \"{name}\" {{\n{body}\n}}\n\nimport {{\n  to = {type}.{name}\n  id = {Quote(importId)}\n}}";

    /// <summary>sg-1_ingress_tcp_22_22_0.0.0.0/0, the form that the provider's import reads.</summary>
    private static string ImportId(string group, RuleAtom atom) => string.Create(CultureInfo.InvariantCulture,
        $"{group}_{atom.DirectionWord}_{Protocol(atom)}_{atom.From}_{atom.To}_{(atom.Source.Value == group ? "self" : atom.Source.Value)}");

    private static string Protocol(RuleAtom atom) => atom.Protocol == Protocols.All ? "-1" : Protocols.HasPorts(atom.Protocol) || Protocols.IsIcmp(atom.Protocol) ? Protocols.Name(atom.Protocol) : Number(atom.Protocol);

    private static string Where(GroupDifference difference) => difference.Origins is [var origin, ..] ? origin.Address : difference.Group.Id;

    /// <summary>The address without the word that marks a leftover.</summary>
    private static string Bare(string address) => address.Split(' ')[0];

    private static string Indent(string text) => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"  {line}\n"));

    private static string Name(string? text)
    {
        var name = string.Concat((text ?? "").Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '_')).Trim('_');
        return name.Length == 0 || char.IsAsciiDigit(name[0]) ? $"group_{name}".TrimEnd('_') : name;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("${", "$${", StringComparison.Ordinal).Replace("%{", "%%{", StringComparison.Ordinal)}\"";

    private static string Shell(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
