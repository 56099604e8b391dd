using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>Who owns an object, by UID: names come back, UIDs do not.</summary>
internal static class Ownership
{
    public static ObjectMeta Meta(this KubeObject item) => item.Kind == Resources.Pods ? item.AsPod().Metadata : item.As(KubeJson.Compact.PlainObject).Metadata;

    /// <summary>The owner that manages the object: at most one.</summary>
    public static OwnerReference? Controller(this KubeObject item) => item.Meta().OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    /// <summary>The key of the controlling owner when it is of that kind.</summary>
    public static ObjectKey? ControllerKey(this KubeObject item, ResourceKind kind) =>
        item.Controller() is { } owner && owner.Kind == kind.Kind && owner.ApiVersion == kind.ApiVersion ? new ObjectKey(item.Namespace, owner.Name) : null;

    public static JsonObject ReferenceTo(KubeObject owner) => new()
    {
        ["apiVersion"] = owner.Kind.ApiVersion,
        ["kind"] = owner.Kind.Kind,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>
    /// The objects of a kind that the owner controls. One that matches the selector and has no controller is adopted; one that is controlled
    /// but no longer matches is let go.
    /// </summary>
    public static List<KubeObject> Claim(ClusterApi api, ResourceKind kind, KubeObject owner, LabelSelector selector)
    {
        var claimed = new List<KubeObject>();
        foreach (var item in api.List(kind, owner.Namespace))
        {
            var controller = item.Controller();
            var matches = selector.Matches(item.Labels);
            if (controller?.Uid == owner.Uid)
            {
                if (matches)
                {
                    claimed.Add(item);
                }
                else if (!owner.IsTerminating)
                {
                    Release(api, item, owner.Uid);
                }
            }
            else if (controller is null && matches && !owner.IsTerminating && !item.IsTerminating && Adopt(api, item, owner) is { } adopted)
            {
                claimed.Add(adopted);
            }
        }
        return claimed;
    }

    private static KubeObject? Adopt(ClusterApi api, KubeObject item, KubeObject owner)
    {
        var taken = false;
        var result = api.Update(item.Kind, item.Namespace, item.Name, json =>
        {
            var metadata = json.Object("metadata");
            if (metadata["ownerReferences"] is not JsonArray owners)
            {
                metadata["ownerReferences"] = owners = [];
            }
            taken = owners.Any(reference => reference is JsonObject o && o["controller"]?.GetValue<bool>() == true);
            if (!taken)
            {
                owners.Add(ReferenceTo(owner));
            }
        });
        return result.IsOk && !taken ? result.Object : null;
    }

    private static void Release(ClusterApi api, KubeObject item, string ownerUid) =>
        api.Update(item.Kind, item.Namespace, item.Name, json => RemoveOwners(json, uid => uid == ownerUid));

    /// <summary>Takes off the references whose UID is named.</summary>
    public static void RemoveOwners(JsonObject json, Func<string?, bool> isGone)
    {
        var metadata = json.Object("metadata");
        if (metadata["ownerReferences"] is not JsonArray owners)
        {
            return;
        }
        var kept = owners.Where(reference => reference is JsonObject o && !isGone(o.Text("uid"))).Select(reference => reference!.DeepClone()).ToArray();
        if (kept.Length == 0)
        {
            metadata.Remove("ownerReferences");
        }
        else
        {
            metadata["ownerReferences"] = new JsonArray(kept);
        }
    }
}
