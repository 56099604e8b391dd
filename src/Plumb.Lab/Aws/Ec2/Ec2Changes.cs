using System.Text.Json.Nodes;
using System.Xml.Linq;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws.Ec2;

/// <summary>What changes security groups. Each change and its event in the trail are one transaction.</summary>
internal sealed partial class Ec2Api
{
    private const string GroupType = "AWS::EC2::SecurityGroup";

    /// <summary>AWS's quota of rules a group and direction, unless somebody asked for more.</summary>
    private const int MostRules = 60;

    private ApiReply CreateGroup(ApiRequest request, Form form)
    {
        var (name, description) = (form.Needed("GroupName"), form.Needed("GroupDescription"));
        var vpc = form.Text("VpcId") ?? (request.Region == StandIn.Region ? Seed.Vpc : throw new ApiFault(400, "VPCIdNotSpecified", "No default VPC for this user"));
        var tags = Specification(form, "security-group");
        form.Done();
        if (vpc != Seed.Vpc || request.Region != StandIn.Region)
        {
            throw new ApiFault(400, "InvalidVpcID.NotFound", $"The vpc ID '{vpc}' does not exist");
        }
        if (name.StartsWith("sg-", StringComparison.OrdinalIgnoreCase) || name.Length > 255)
        {
            throw new ApiFault(400, "InvalidParameterValue", $"Value ({name}) for parameter GroupName is invalid. {(name.Length > 255 ? "Character sets beyond 255 are not supported." : "Group names may not be in the format sg-*.")}");
        }
        if (store.Groups.All.Any(each => each.Name == name && each.VpcId == vpc))
        {
            throw new ApiFault(400, "InvalidGroup.Duplicate", $"The security group '{name}' already exists for VPC '{vpc}'");
        }
        var group = new GroupRow(NewId("sg"), request.Region, name, description, vpc, tags);
        store.Groups.Put(group.Id, group);
        // A new group of a VPC may send everything: AWS's own rule, which Terraform takes away and people forget.
        Put(new RuleRow(NewId("sgr"), group.Id, true, "-1", null, null, null, "0.0.0.0/0", null, null, null));
        trail.Record(request, "CreateSecurityGroup", new JsonObject { ["groupName"] = name, ["groupDescription"] = description, ["vpcId"] = vpc },
            new JsonObject { ["requestId"] = request.Id, ["_return"] = true, ["groupId"] = group.Id }, new ResourceRow(GroupType, name), new ResourceRow(GroupType, group.Id), new ResourceRow("AWS::EC2::VPC", vpc));
        return Ec2Xml.Reply("CreateSecurityGroup", request.Id, new XElement("return", true), new XElement("groupId", group.Id), new XElement("securityGroupArn", Ec2Xml.Arn(group)), Ec2Xml.Tags(tags));
    }

    private ApiReply DeleteGroup(ApiRequest request, Form form)
    {
        var group = Named(request, form);
        form.Done();
        if (group.Name == "default")
        {
            throw new ApiFault(400, "CannotDelete", $"the specified group: \"{group.Id}\" name: \"default\" cannot be deleted by a user");
        }
        if (store.Rules.All.Any(rule => rule.OtherGroupId == group.Id && rule.GroupId != group.Id))
        {
            throw new ApiFault(400, "DependencyViolation", $"resource {group.Id} has a dependent object");
        }
        foreach (var rule in store.Rules.All.Where(rule => rule.GroupId == group.Id).ToList())
        {
            store.Rules.Remove(rule.Id);
        }
        store.Groups.Remove(group.Id);
        trail.Record(request, "DeleteSecurityGroup", new JsonObject { ["groupId"] = group.Id }, new JsonObject { ["requestId"] = request.Id, ["_return"] = true }, new ResourceRow(GroupType, group.Id));
        return Ec2Xml.Reply("DeleteSecurityGroup", request.Id, new XElement("return", true), new XElement("groupId", group.Id));
    }

    private ApiReply Authorize(ApiRequest request, Form form, string operation)
    {
        var isEgress = operation.EndsWith("Egress", StringComparison.Ordinal);
        var group = Named(request, form);
        var tags = Specification(form, "security-group-rule");
        var wanted = RuleSpec.Read(form, group, isEgress);
        form.Done();
        var existing = store.Rules.All.Where(rule => rule.GroupId == group.Id && rule.IsEgress == isEgress).Select(rule => rule.Key).ToHashSet();
        foreach (var rule in wanted)
        {
            CheckOther(request, rule);
            if (!existing.Add(rule.Key))
            {
                throw new ApiFault(400, "InvalidPermission.Duplicate", $"the specified rule \"peer: {rule.Key.Item6.TrimStart('/')}, {Words(rule)}, ALLOW\" already exists");
            }
        }
        if (existing.Count > MostRules)
        {
            throw new ApiFault(400, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.");
        }
        var made = wanted.Select(rule => rule with { Id = NewId("sgr"), Tags = tags }).ToList();
        made.ForEach(Put);
        Recorded(request, operation, group.Id, wanted, made);
        return Ec2Xml.Reply(operation, request.Id, new XElement("return", true), new XElement("securityGroupRuleSet", made.Select(rule => Ec2Xml.Rule(rule, request.Region))));
    }

    private ApiReply Revoke(ApiRequest request, Form form, string operation)
    {
        var isEgress = operation.EndsWith("Egress", StringComparison.Ordinal);
        var group = Named(request, form);
        var ids = form.Texts("SecurityGroupRuleId");
        var wanted = ids.Count > 0 ? [] : RuleSpec.Read(form, group, isEgress);
        form.Done();
        var existing = store.Rules.All.Where(rule => rule.GroupId == group.Id && rule.IsEgress == isEgress).ToList();
        var revoked = new List<RuleRow>();
        foreach (var id in ids)
        {
            revoked.Add(existing.Find(rule => rule.Id == id)
                ?? throw new ApiFault(400, "InvalidSecurityGroupRuleId.NotFound", $"The security group rule ID '{id}' does not exist"));
        }
        foreach (var rule in wanted)
        {
            // AWS compares the description too when one is given, and ignores it otherwise.
            revoked.Add(existing.Find(each => each.Key == rule.Key && (rule.Description is null || rule.Description == each.Description))
                ?? throw new ApiFault(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group."));
        }
        revoked.ForEach(rule => store.Rules.Remove(rule.Id));
        Recorded(request, operation, group.Id, revoked, revoked);
        return Ec2Xml.Reply(operation, request.Id, new XElement("return", true), new XElement("revokedSecurityGroupRuleSet", revoked.Select(rule => new XElement("item",
            Ec2Xml.Rule(rule, request.Region).Elements().Where(element => element.Name.LocalName is not ("tagSet" or "groupOwnerId" or "securityGroupRuleArn"))))));
    }

    private ApiReply Modify(ApiRequest request, Form form)
    {
        var group = Group(request, form.Needed("GroupId"));
        var changed = new List<RuleRow>();
        foreach (var entry in form.Entries("SecurityGroupRule"))
        {
            var id = form.Needed($"{entry}.SecurityGroupRuleId");
            var old = store.Rules.Find(id) is { } found && found.GroupId == group.Id ? found
                : throw new ApiFault(400, "InvalidSecurityGroupRuleId.NotFound", $"The security group rule ID '{id}' does not exist");
            var rule = RuleSpec.Replacement(form, $"{entry}.SecurityGroupRule", old);
            CheckOther(request, rule);
            if (store.Rules.All.Any(each => each.Id != id && each.Key == rule.Key))
            {
                throw new ApiFault(400, "InvalidPermission.Duplicate", $"the specified rule \"peer: {rule.Key.Item6.TrimStart('/')}, {Words(rule)}, ALLOW\" already exists");
            }
            changed.Add(rule);
        }
        form.Done();
        if (changed.Count == 0)
        {
            throw new ApiFault(400, "MissingParameter", "The request must contain the parameter SecurityGroupRules");
        }
        changed.ForEach(Put);
        Recorded(request, "ModifySecurityGroupRules", group.Id, changed, changed);
        return Ec2Xml.Reply("ModifySecurityGroupRules", request.Id, new XElement("return", true));
    }

    private ApiReply Describe(ApiRequest request, Form form, string operation)
    {
        var isEgress = operation.EndsWith("Egress", StringComparison.Ordinal);
        var group = Named(request, form);
        var wanted = RuleSpec.Read(form, group, isEgress);
        form.Done();
        var changed = wanted.Select(rule => (store.Rules.All.FirstOrDefault(each => each.Key == rule.Key)
            ?? throw new ApiFault(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group.")) with { Description = rule.Description }).ToList();
        changed.ForEach(Put);
        Recorded(request, operation, group.Id, changed, changed);
        return Ec2Xml.Reply(operation, request.Id, new XElement("return", true));
    }

    private ApiReply ChangeTags(ApiRequest request, Form form, string operation)
    {
        var ids = form.Texts("ResourceId");
        var tags = form.Entries("Tag").Select(entry => (Key: form.Needed($"{entry}.Key"), Value: form.Text($"{entry}.Value"))).ToList();
        form.Done();
        foreach (var id in ids)
        {
            if (store.Rules.Find(id) is { } rule)
            {
                Put(rule with { Tags = Tagged(rule.Tags) });
            }
            else
            {
                var group = Group(request, id);
                store.Groups.Put(id, group with { Tags = Tagged(group.Tags) });
            }
        }
        trail.Record(request, operation, new JsonObject { ["resourcesSet"] = new JsonObject { ["items"] = new JsonArray([.. ids.Select(id => new JsonObject { ["resourceId"] = id })]) } },
            new JsonObject { ["requestId"] = request.Id, ["_return"] = true }, [.. ids.Select(id => new ResourceRow(GroupType, id))]);
        return Ec2Xml.Reply(operation, request.Id, new XElement("return", true));

        SortedDictionary<string, string> Tagged(SortedDictionary<string, string> old)
        {
            var changed = new SortedDictionary<string, string>(old, StringComparer.Ordinal);
            foreach (var (key, value) in tags)
            {
                if (operation == "CreateTags")
                {
                    changed[key] = value ?? "";
                }
                else if (value is null || changed.GetValueOrDefault(key) == value)
                {
                    changed.Remove(key);
                }
            }
            return changed;
        }
    }

    private void Put(RuleRow rule) => store.Rules.Put(rule.Id, rule);

    private void Recorded(ApiRequest request, string operation, string groupId, IEnumerable<RuleRow> wanted, IEnumerable<RuleRow> done) => trail.Record(request, operation,
        new JsonObject { ["groupId"] = groupId, ["ipPermissions"] = Ec2Xml.TrailPermissions(wanted) },
        new JsonObject { ["requestId"] = request.Id, ["_return"] = true, ["securityGroupRuleSet"] = Ec2Xml.TrailRules(done) }, new ResourceRow(GroupType, groupId));

    /// <summary>The group of a change: by its id, or, in the default VPC, by its name.</summary>
    private GroupRow Named(ApiRequest request, Form form)
    {
        if (form.Text("GroupId") is { Length: > 0 } id)
        {
            return Group(request, id);
        }
        var name = form.Text("GroupName") is { Length: > 0 } given ? given : throw new ApiFault(400, "MissingParameter", "The request must contain the parameter groupName or groupId");
        return store.Groups.All.FirstOrDefault(group => group.Region == request.Region && group.Name == name)
            ?? throw new ApiFault(400, "InvalidGroup.NotFound", $"The security group '{name}' does not exist in default VPC '{Seed.Vpc}'");
    }

    private void CheckOther(ApiRequest request, RuleRow rule)
    {
        if (rule.OtherGroupId is { } other && rule.OtherOwner == User.Account)
        {
            Group(request, other);
        }
    }

    /// <summary>The tags of a TagSpecification for one type of resource.</summary>
    private static SortedDictionary<string, string> Specification(Form form, string type)
    {
        var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in form.Entries("TagSpecification"))
        {
            if (form.Needed($"{entry}.ResourceType") != type)
            {
                throw new ApiFault(400, "InvalidParameterValue", $"'{form.Text($"{entry}.ResourceType")}' is not a valid taggable resource type for this operation.");
            }
            foreach (var tag in form.Entries($"{entry}.Tag"))
            {
                tags[form.Needed($"{tag}.Key")] = form.Text($"{tag}.Value") ?? "";
            }
        }
        return tags;
    }

    private static string Words(RuleRow rule) => rule.Protocol switch
    {
        "-1" => "ALL",
        "icmp" or "icmpv6" => $"{rule.Protocol.ToUpperInvariant()}, type: {rule.FromPort}, code: {rule.ToPort}",
        _ => $"{rule.Protocol.ToUpperInvariant()}, from port: {rule.FromPort}, to port: {rule.ToPort}",
    };
}
