using System.Globalization;
using System.Text.Json;
using Plumb.Core;
using Plumb.Drift.Addresses;
using Plumb.Drift.Rules;
using Plumb.Platform.Aws;

namespace Plumb.Drift.SecurityGroups;

/// <summary>What CloudTrail tells of who changed a group. Read only for groups with findings, because AWS allows two such calls a second.</summary>
internal sealed class GroupHistory(Dictionary<string, IReadOnlyList<CloudTrailEvent>> events)
{
    /// <summary>Groups that are looked up in one run.</summary>
    public const int MaxGroups = 20;

    private const int EventsOfGroup = 50;

    public static GroupHistory None { get; } = new([]);

    /// <summary>Asks for the groups, and says what could not be asked: not knowing who is no reason to hide what.</summary>
    public static async Task<(GroupHistory History, string? BlindSpot)> ReadAsync(CloudAccess cloud, IReadOnlyList<GroupIdentity> groups, CancellationToken cancellation)
    {
        var found = new Dictionary<string, IReadOnlyList<CloudTrailEvent>>();
        foreach (var group in groups.Take(MaxGroups))
        {
            var events = await cloud.Client.In(group.Region!).CloudTrail.LookupEventsAsync(("ResourceName", group.Id), null, null, EventsOfGroup, cancellation);
            if (!events.IsOk)
            {
                return (new GroupHistory(found), $"who did it and when: {events.Error.Message}");
            }
            found[group.Id] = events.Value;
        }
        return (new GroupHistory(found), groups.Count > MaxGroups ? $"who did it and when, of {groups.Count - MaxGroups} groups: CloudTrail is asked for the {MaxGroups} groups with the worst findings" : null);
    }

    /// <summary>The newest call that made the difference; null when CloudTrail has none, because it is older than 90 days or not there yet.</summary>
    public Change? Of(GroupDifference difference)
    {
        var wanted = difference.Kind switch
        {
            DriftKind.AddedOutside => ["AuthorizeSecurityGroup", "ModifySecurityGroupRules"],
            DriftKind.RemovedOutside => ["RevokeSecurityGroup", "ModifySecurityGroupRules"],
            DriftKind.Changed => ["ModifySecurityGroupRules", "UpdateSecurityGroupRuleDescriptions", "AuthorizeSecurityGroup"],
            DriftKind.DeletedGroup => ["DeleteSecurityGroup"],
            DriftKind.UnmanagedGroup => ["CreateSecurityGroup"],
            _ => (string[])[],
        };
        return (events.GetValueOrDefault(difference.Group.Id) ?? []).OrderByDescending(found => found.Time)
            .Where(found => wanted.Any(name => found.Name.StartsWith(name, StringComparison.Ordinal)))
            .Select(found => Read(found, difference)).FirstOrDefault(change => change is not null);
    }

    private static Change? Read(CloudTrailEvent found, GroupDifference difference)
    {
        try
        {
            using var record = JsonDocument.Parse(found.Record);
            var root = record.RootElement;
            if (Text(root, "errorCode") is not null || (difference.Atom is { } atom && !Mentions(root, atom, difference.RuleId)))
            {
                return null;
            }
            var who = root.TryGetProperty("userIdentity", out var identity) ? Text(identity, "arn") ?? Text(identity, "invokedBy") : null;
            return new Change(who ?? found.User ?? "somebody unnamed", found.Name, found.Time, Text(root, "sourceIPAddress"), found.Id);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether the call was about this rule: its direction, and its source and ports anywhere among the parameters, or its id.</summary>
    private static bool Mentions(JsonElement root, RuleAtom atom, string? ruleId)
    {
        var name = Text(root, "eventName") ?? "";
        if ((name.EndsWith("Ingress", StringComparison.Ordinal) && atom.Direction == Direction.Egress) || (name.EndsWith("Egress", StringComparison.Ordinal) && atom.Direction == Direction.Ingress))
        {
            return false;
        }
        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in (string[])["requestParameters", "responseElements"])
        {
            if (root.TryGetProperty(part, out var element))
            {
                Gather(element, texts);
            }
        }
        var source = atom.Source.Value.Split('/') is [_, var other] && atom.Source.Kind == SourceKind.Group ? other : atom.Source.Value;
        return (ruleId is not null && texts.Contains(ruleId))
            || (texts.Contains(source) && (!Protocols.HasPorts(atom.Protocol) || (texts.Contains(atom.From.ToString(CultureInfo.InvariantCulture)) && texts.Contains(atom.To.ToString(CultureInfo.InvariantCulture)))));
    }

    private static void Gather(JsonElement element, HashSet<string> texts)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    Gather(member.Value, texts);
                }
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Gather(item, texts);
                }
                break;
            case JsonValueKind.Number:
                texts.Add(element.GetRawText());
                break;
            case JsonValueKind.String when element.GetString() is { } text:
                texts.Add(text);
                if (AddressBlock.TryParse(text, out var block))
                {
                    texts.Add(block.ToString());
                }
                break;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
