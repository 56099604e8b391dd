using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Scheduling;

/// <summary>The volumes that a pod claims: whether it must wait for them, and where they allow it to run.</summary>
internal sealed class Claims
{
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    private readonly List<NodeSelector> _places = [];

    public Claims(ClusterApi api, PodView pod)
    {
        foreach (var name in (pod.Pod.Spec.Volumes ?? []).Select(volume => volume.PersistentVolumeClaim?.ClaimName).OfType<string>())
        {
            Read(api, pod.Object.Namespace, name);
        }
    }

    /// <summary>Why the pod can run nowhere now; null when its claims allow it.</summary>
    public string? Missing { get; private set; }

    /// <summary>Claims that get their volume once a node is chosen (WaitForFirstConsumer).</summary>
    public List<KubeObject> ToBind { get; } = [];

    public Misfit? Check(NodeView node) =>
        _places.TrueForAll(place => place.NodeSelectorTerms.Any(term => NodeRules.Matches(term, node)))
            ? null
            : new Misfit(["node(s) had volume node affinity conflict"], true, Hope.NodeChange | Hope.VolumeChange);

    /// <summary>Tells the volume controller which node the pod will run on.</summary>
    public void Select(ClusterApi api, string node)
    {
        foreach (var claim in ToBind)
        {
            api.Update(Resources.PersistentVolumeClaims, claim.Namespace, claim.Name, json => json.Object("metadata").Object("annotations")[SelectedNode] = node);
        }
    }

    private void Read(ClusterApi api, string? ns, string name)
    {
        if (api.Get(Resources.PersistentVolumeClaims, ns, name) is not { } item)
        {
            Missing ??= $"persistentvolumeclaim \"{name}\" not found";
            return;
        }
        var claim = item.As(KubeJson.Compact.PersistentVolumeClaim);
        if (item.IsTerminating)
        {
            Missing ??= $"persistentvolumeclaim \"{name}\" is being deleted";
        }
        else if (claim.Status.Phase == "Lost")
        {
            Missing ??= $"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"";
        }
        else if (claim.Spec.VolumeName is { Length: > 0 } volume && claim.Status.Phase == "Bound")
        {
            if (api.Get(Resources.PersistentVolumes, null, volume)?.As(KubeJson.Compact.PersistentVolume).Spec.NodeAffinity?.Required is { } place)
            {
                _places.Add(place);
            }
        }
        else if (IsLateBinding(api, claim))
        {
            ToBind.Add(item);
        }
        else
        {
            Missing ??= "pod has unbound immediate PersistentVolumeClaims";
        }
    }

    private static bool IsLateBinding(ClusterApi api, PersistentVolumeClaim claim) =>
        claim.Spec.StorageClassName is { Length: > 0 } name
        && api.Get(Resources.StorageClasses, null, name)?.As(KubeJson.Compact.StorageClass).VolumeBindingMode == "WaitForFirstConsumer";
}
