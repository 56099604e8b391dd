using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Scheduling;

namespace Plumb.Cluster.Controllers;

/// <summary>What is to be told about a claim in an event.</summary>
internal sealed record Told(string Type, string Reason, string Message);

/// <summary>Finds or makes the volume for a claim.</summary>
internal sealed class VolumeBinder(ClusterApi api, ControllerOptions options)
{
    private const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    /// <summary>Binds the claim when it can be bound now. Returns what to tell about it; null for nothing.</summary>
    public Told? Bind(KubeObject item, PersistentVolumeClaim claim)
    {
        var className = claim.Spec.StorageClassName ?? "";
        var storage = className.Length > 0 ? api.Get(Resources.StorageClasses, null, className)?.As(KubeJson.Compact.StorageClass) : null;
        var selected = claim.Metadata.Annotations?.GetValueOrDefault(Claims.SelectedNode);
        if (storage?.VolumeBindingMode == "WaitForFirstConsumer" && selected is null && claim.Spec.VolumeName is null or "")
        {
            return new Told("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        }
        if (Find(item, claim, className) is { } volume)
        {
            Join(item, claim, volume, isProvisioned: false);
            return null;
        }
        if (claim.Spec.VolumeName is { Length: > 0 } wanted)
        {
            return new Told("Warning", "FailedBinding", $"volume \"{wanted}\" does not exist, is bound to another claim, or does not fit this one");
        }
        if (className.Length == 0)
        {
            return new Told("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        }
        if (storage is null)
        {
            return new Told("Warning", "ProvisioningFailed", $"storageclass.storage.k8s.io \"{className}\" not found");
        }
        return storage.Provisioner == ControllerOptions.Provisioner ? Provision(item, claim, storage) : new Told("Normal", "ExternalProvisioning",
            $"Waiting for a volume to be created either by the external provisioner '{storage.Provisioner}' or manually by the system administrator. "
            + "If volume creation is delayed, please verify that the provisioner is running and correctly registered.");
    }

    public static void SetPhase(ClusterApi api, KubeObject volume, string phase) =>
        api.Update(volume.Kind, null, volume.Name, json =>
        {
            var status = json.Object("status");
            if (status.Text("phase") != phase)
            {
                status["phase"] = phase;
                status["lastPhaseTransitionTime"] = api.Time.GetUtcNow().ToKubeTime();
            }
        });

    private Told Provision(KubeObject item, PersistentVolumeClaim claim, StorageClass storage)
    {
        var name = $"pvc-{item.Uid}";
        var path = Path.Combine(Path.GetFullPath(options.VolumeDirectory), name);
        try
        {
            // Pods run as different users; each volume is one claim's alone, so its directory is open to whoever it is mounted for.
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            return new Told("Warning", "ProvisioningFailed", $"Failed to provision volume with StorageClass \"{storage.Metadata.Name}\": {failed.Message}");
        }
        var created = api.Create(Resources.PersistentVolumes, null, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["annotations"] = new JsonObject { ["pv.kubernetes.io/provisioned-by"] = ControllerOptions.Provisioner },
            },
            ["spec"] = new JsonObject
            {
                ["capacity"] = new JsonObject { ["storage"] = claim.Spec.Resources?.Requests?.GetValueOrDefault("storage") ?? "0" },
                ["hostPath"] = new JsonObject { ["path"] = path, ["type"] = "" },
                ["accessModes"] = new JsonArray([.. (claim.Spec.AccessModes ?? []).Select(mode => (JsonNode)JsonValue.Create(mode))]),
                ["persistentVolumeReclaimPolicy"] = storage.ReclaimPolicy ?? "Delete",
                ["storageClassName"] = storage.Metadata.Name,
                ["volumeMode"] = claim.Spec.VolumeMode ?? "Filesystem",
            },
        });
        var volume = created.IsOk ? created.Object : api.Get(Resources.PersistentVolumes, null, name);
        if (volume is null)
        {
            return new Told("Warning", "ProvisioningFailed", $"Failed to provision volume with StorageClass \"{storage.Metadata.Name}\": {created.Failure!.Message}");
        }
        Join(item, claim, volume, isProvisioned: true);
        return new Told("Normal", "ProvisioningSucceeded", $"Successfully provisioned volume {name} using {ControllerOptions.Provisioner}");
    }

    /// <summary>The smallest free volume that fits, or the one that the claim or the volume names.</summary>
    private KubeObject? Find(KubeObject item, PersistentVolumeClaim claim, string className)
    {
        var size = Quantity.Parse(claim.Spec.Resources?.Requests?.GetValueOrDefault("storage")) ?? 0;
        return (
            from candidate in api.List(Resources.PersistentVolumes)
            let volume = candidate.As(KubeJson.Compact.PersistentVolume)
            let capacity = Quantity.Parse(volume.Spec.Capacity?.GetValueOrDefault("storage")) ?? 0
            let reference = volume.Spec.ClaimRef
            where !candidate.IsTerminating
            where reference is null || (reference.Name == item.Name && reference.Namespace == item.Namespace && (reference.Uid is null or "" || reference.Uid == item.Uid))
            where claim.Spec.VolumeName is null or "" || claim.Spec.VolumeName == candidate.Name
            where (volume.Spec.StorageClassName ?? "") == className && capacity >= size
            where (volume.Spec.VolumeMode ?? "Filesystem") == (claim.Spec.VolumeMode ?? "Filesystem")
            where (claim.Spec.AccessModes ?? []).All(mode => volume.Spec.AccessModes?.Contains(mode) == true)
            where claim.Spec.Selector?.Matches(candidate.Labels) ?? true
            orderby reference is null, capacity, candidate.Name
            select candidate).FirstOrDefault();
    }

    private void Join(KubeObject item, PersistentVolumeClaim claim, KubeObject volume, bool isProvisioned)
    {
        var bound = api.Update(volume.Kind, null, volume.Name, json =>
        {
            json.Object("metadata").Object("annotations")["pv.kubernetes.io/bound-by-controller"] = "yes";
            json.Object("spec")["claimRef"] = new JsonObject
            {
                ["kind"] = item.Kind.Kind,
                ["namespace"] = item.Namespace,
                ["name"] = item.Name,
                ["uid"] = item.Uid,
                ["apiVersion"] = item.Kind.ApiVersion,
                ["resourceVersion"] = $"{item.ResourceVersion}",
            };
        });
        SetPhase(api, volume, "Bound");
        if (!bound.IsOk)
        {
            return;
        }
        var capacity = bound.Object.As(KubeJson.Compact.PersistentVolume).Spec.Capacity?.GetValueOrDefault("storage");
        api.Update(item.Kind, item.Namespace, item.Name, json =>
        {
            var annotations = json.Object("metadata").Object("annotations");
            annotations["pv.kubernetes.io/bind-completed"] = "yes";
            annotations["pv.kubernetes.io/bound-by-controller"] = "yes";
            if (isProvisioned)
            {
                annotations["volume.beta.kubernetes.io/storage-provisioner"] = ControllerOptions.Provisioner;
                annotations[Provisioner] = ControllerOptions.Provisioner;
            }
            json.Object("spec")["volumeName"] = volume.Name;
            json["status"] = new JsonObject
            {
                ["phase"] = "Bound",
                ["accessModes"] = new JsonArray([.. (claim.Spec.AccessModes ?? []).Select(mode => (JsonNode)JsonValue.Create(mode))]),
                ["capacity"] = new JsonObject { ["storage"] = capacity },
            };
        });
    }
}
