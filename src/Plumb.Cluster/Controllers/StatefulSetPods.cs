using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>The pods and claims of a StatefulSet: their names, and who owns the claims.</summary>
internal sealed class StatefulSetPods(ClusterApi api)
{
    private const string RevisionLabel = "controller-revision-hash";

    public static string? Revision(KubeObject pod) => pod.Labels.GetValueOrDefault(RevisionLabel);

    /// <summary>The number at the end of the pod's name; null when the name is not one of the set's.</summary>
    public static int? Ordinal(KubeObject set, KubeObject pod) =>
        pod.Name.StartsWith(set.Name + "-", StringComparison.Ordinal)
        && int.TryParse(pod.Name.AsSpan(set.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : null;

    public static JsonObject Make(KubeObject set, StatefulSet model, int ordinal, KubeObject revision)
    {
        var template = revision.As(KubeJson.Compact.ControllerRevision).Data is { } data
            && data.TryGetProperty("spec", out var spec) && spec.TryGetProperty("template", out var stored) ? stored : model.Spec.Template;
        var pod = PodTemplate.ToPod(template, set);
        var name = $"{set.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";
        var metadata = pod.Object("metadata");
        metadata["name"] = name;
        var labels = metadata.Object("labels");
        labels["apps.kubernetes.io/pod-index"] = ordinal.ToString(CultureInfo.InvariantCulture);
        labels[RevisionLabel] = revision.Name;
        labels["statefulset.kubernetes.io/pod-name"] = name;
        var body = pod.Object("spec");
        body["hostname"] = name;
        if (model.Spec.ServiceName is { Length: > 0 } service)
        {
            body["subdomain"] = service;
        }
        var volumes = (body["volumes"] as JsonArray ?? []).Select(item => item!.DeepClone()).OfType<JsonObject>().ToList();
        foreach (var template2 in Templates(model))
        {
            volumes.RemoveAll(volume => volume.Text("name") == template2);
            volumes.Insert(0, new JsonObject { ["name"] = template2, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = $"{template2}-{name}" } });
        }
        if (volumes.Count > 0)
        {
            body["volumes"] = new JsonArray([.. volumes]);
        }
        return pod;
    }

    /// <summary>The claims that a pod needs: name and body.</summary>
    public static IEnumerable<(string Name, JsonObject Body)> Claims(KubeObject set, StatefulSet model, int ordinal)
    {
        foreach (var template in model.Spec.VolumeClaimTemplates ?? [])
        {
            var source = JsonObject.Create(template)!.DeepClone().AsObject();
            var metadata = source.Object("metadata");
            var name = $"{metadata.Text("name")}-{set.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";
            metadata["name"] = name;
            metadata.Remove("creationTimestamp");
            foreach (var (key, value) in model.Spec.Selector.MatchLabels ?? new Dictionary<string, string>())
            {
                metadata.Object("labels")[key] = value;
            }
            if (model.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == "Delete")
            {
                metadata["ownerReferences"] = new JsonArray(Reference(set));
            }
            yield return (name, new JsonObject { ["metadata"] = metadata.DeepClone(), ["spec"] = source["spec"]?.DeepClone() });
        }
    }

    /// <summary>Claims follow whenDeleted: owned by the set, so that they go with it, or by nobody.</summary>
    public void KeepClaims(KubeObject set, StatefulSet model, IEnumerable<KubeObject> pods)
    {
        var goes = model.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == "Delete";
        foreach (var claim in pods.SelectMany(pod => ClaimsOf(model, pod)))
        {
            var owned = claim.Meta().OwnerReferences?.Any(owner => owner.Uid == set.Uid) == true;
            if (owned != goes)
            {
                SetOwner(claim, set, goes);
            }
        }
    }

    /// <summary>With whenScaled Delete, the claims of a pod that is scaled away go with that pod.</summary>
    public void ReleaseClaims(StatefulSet model, KubeObject pod)
    {
        if (model.Spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled != "Delete")
        {
            return;
        }
        foreach (var claim in ClaimsOf(model, pod))
        {
            SetOwner(claim, pod, add: true);
        }
    }

    private void SetOwner(KubeObject claim, KubeObject owner, bool add) =>
        api.Update(claim.Kind, claim.Namespace, claim.Name, json =>
        {
            Ownership.RemoveOwners(json, uid => uid == owner.Uid);
            if (!add)
            {
                return;
            }
            var metadata = json.Object("metadata");
            if (metadata["ownerReferences"] is not JsonArray owners)
            {
                metadata["ownerReferences"] = owners = [];
            }
            owners.Add((JsonNode)Reference(owner));
        });

    private List<KubeObject> ClaimsOf(StatefulSet model, KubeObject pod) =>
        [.. Templates(model).Select(name => api.Get(Resources.PersistentVolumeClaims, pod.Namespace, $"{name}-{pod.Name}")).OfType<KubeObject>()];

    private static IEnumerable<string> Templates(StatefulSet model) =>
        (model.Spec.VolumeClaimTemplates ?? []).Select(template => template.GetProperty("metadata").GetProperty("name").GetString()!);

    private static JsonObject Reference(KubeObject owner) =>
        new() { ["apiVersion"] = owner.Kind.ApiVersion, ["kind"] = owner.Kind.Kind, ["name"] = owner.Name, ["uid"] = owner.Uid };
}
