using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Scheduling;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Binds claims to volumes, makes a directory on this machine for a claim of a host-path StorageClass, and takes it away again when the
/// claim is gone and the volume's reclaim policy is Delete. A claim that a pod uses is not deleted before that pod ends.
/// </summary>
internal sealed class VolumeController(ClusterApi api, ControllerOptions options) : IController
{
    private const string ClaimProtection = "kubernetes.io/pvc-protection";
    private const string VolumeProtection = "kubernetes.io/pv-protection";
    private readonly EventRecorder _events = new(api, "persistentvolume-controller");
    private readonly VolumeBinder _binder = new(api, options);

    public string Name => "persistentvolume";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.PersistentVolumeClaims, Resources.PersistentVolumes, Resources.StorageClasses, Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.Pods)
        {
            foreach (var volume in change.Object.AsPod().Spec.Volumes ?? [])
            {
                if (volume.PersistentVolumeClaim is { } claim)
                {
                    enqueue(new ObjectKey(change.Object.Namespace, claim.ClaimName));
                }
            }
            return;
        }
        enqueue(change.Object.Kind == Resources.StorageClasses ? new ObjectKey(null, "") : change.Object.Key);
        if (change.Object.Kind == Resources.PersistentVolumeClaims && change.Object.As(KubeJson.Compact.PersistentVolumeClaim).Spec.VolumeName is { Length: > 0 } bound)
        {
            enqueue(new ObjectKey(null, bound));
        }
        else if (change.Object.Kind != Resources.PersistentVolumeClaims)
        {
            // A new volume or class may be what a waiting claim waits for.
            foreach (var claim in api.List(Resources.PersistentVolumeClaims).Where(claim => claim.As(KubeJson.Compact.PersistentVolumeClaim).Status.Phase != "Bound"))
            {
                enqueue(claim.Key);
            }
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.PersistentVolumeClaims).Concat(api.List(Resources.PersistentVolumes)).Select(item => item.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (key.Namespace is null)
        {
            if (api.Get(Resources.PersistentVolumes, null, key.Name) is { } volume)
            {
                SyncVolume(volume);
            }
        }
        else if (api.Get(Resources.PersistentVolumeClaims, key.Namespace, key.Name) is { } claim)
        {
            SyncClaim(claim);
        }
        return null;
    }

    private void SyncClaim(KubeObject item)
    {
        if (item.IsTerminating)
        {
            if (!IsUsed(item))
            {
                RemoveFinalizer(item, ClaimProtection);
            }
            return;
        }
        var claim = item.As(KubeJson.Compact.PersistentVolumeClaim);
        if (claim.Status.Phase == "Bound")
        {
            if (claim.Spec.VolumeName is { } name && api.Get(Resources.PersistentVolumes, null, name) is null)
            {
                api.Update(item.Kind, item.Namespace, item.Name, json => json.Object("status")["phase"] = "Lost");
                _events.Record(item, "Warning", "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
            }
            return;
        }
        if (claim.Status.Phase == "Lost")
        {
            return;
        }
        var outcome = _binder.Bind(item, claim);
        if (outcome is { } told)
        {
            _events.Record(item, told.Type, told.Reason, told.Message);
        }
    }

    private bool IsUsed(KubeObject claim) =>
        api.List(Resources.Pods, claim.Namespace).Select(pod => pod.AsPod())
            .Any(pod => !pod.IsTerminal() && (pod.Spec.Volumes ?? []).Any(volume => volume.PersistentVolumeClaim?.ClaimName == claim.Name));

    private void SyncVolume(KubeObject item)
    {
        var volume = item.As(KubeJson.Compact.PersistentVolume);
        var claim = volume.Spec.ClaimRef is { Name: { } name } reference ? api.Get(Resources.PersistentVolumeClaims, reference.Namespace, name) : null;
        var isBound = claim is not null && (volume.Spec.ClaimRef!.Uid is null or "" || volume.Spec.ClaimRef.Uid == claim.Uid);
        var phase = volume.Spec.ClaimRef?.Uid is null or "" ? "Available" : isBound ? "Bound" : "Released";
        if (phase != volume.Status.Phase && !(phase == "Available" && isBound))
        {
            VolumeBinder.SetPhase(api, item, phase);
        }
        if (item.IsTerminating)
        {
            if (!isBound)
            {
                RemoveFinalizer(item, VolumeProtection);
            }
        }
        else if (phase == "Released" && volume.Spec.PersistentVolumeReclaimPolicy == "Delete")
        {
            Reclaim(item, volume);
        }
    }

    /// <summary>Removes the directory, only if it is one that this cluster made.</summary>
    private void Reclaim(KubeObject item, PersistentVolume volume)
    {
        if (volume.Spec.HostPath?.Path is not { } path || Path.GetDirectoryName(path) != Path.GetFullPath(options.VolumeDirectory))
        {
            _events.Record(item, "Warning", "VolumeFailedDelete", $"the directory {volume.Spec.HostPath?.Path} was not made by this cluster, so it is left as it is; delete the PersistentVolume yourself");
            VolumeBinder.SetPhase(api, item, "Failed");
            return;
        }
        try
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            _events.Record(item, "Warning", "VolumeFailedDelete", failed.Message);
            VolumeBinder.SetPhase(api, item, "Failed");
            return;
        }
        api.Delete(item.Kind, null, item.Name, new DeleteRequest(Uid: item.Uid));
    }

    private void RemoveFinalizer(KubeObject item, string finalizer) =>
        api.Update(item.Kind, item.Namespace, item.Name, json =>
        {
            var kept = (json.Object("metadata")["finalizers"] as JsonArray ?? []).Where(name => name?.GetValue<string>() != finalizer).Select(name => name!.DeepClone());
            json.Object("metadata")["finalizers"] = new JsonArray([.. kept]);
        });
}
