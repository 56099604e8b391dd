namespace Plumb.Cluster.Objects.Models;

internal sealed record PersistentVolumeClaim
{
    public ObjectMeta Metadata { get; set; } = new();
    public PersistentVolumeClaimSpec Spec { get; set; } = new();
    public PersistentVolumeClaimStatus Status { get; set; } = new();
}

internal sealed record PersistentVolumeClaimSpec
{
    public IReadOnlyList<string>? AccessModes { get; set; }
    public ResourceRequirements? Resources { get; set; }
    public string? StorageClassName { get; set; }
    public string? VolumeName { get; set; }
    public string? VolumeMode { get; set; }
    public LabelSelector? Selector { get; set; }
}

internal sealed record PersistentVolumeClaimStatus
{
    /// <summary>Pending, Bound or Lost.</summary>
    public string? Phase { get; set; }
    public IReadOnlyDictionary<string, string>? Capacity { get; set; }
}

internal sealed record PersistentVolume
{
    public ObjectMeta Metadata { get; set; } = new();
    public PersistentVolumeSpec Spec { get; set; } = new();
    public PersistentVolumeStatus Status { get; set; } = new();
}

internal sealed record PersistentVolumeSpec
{
    public IReadOnlyList<string>? AccessModes { get; set; }
    public IReadOnlyDictionary<string, string>? Capacity { get; set; }
    public ObjectReference? ClaimRef { get; set; }
    public HostPathVolume? HostPath { get; set; }
    public string? PersistentVolumeReclaimPolicy { get; set; }
    public string? StorageClassName { get; set; }
    public string? VolumeMode { get; set; }
    public VolumeNodeAffinity? NodeAffinity { get; set; }
}

internal sealed record VolumeNodeAffinity
{
    public NodeSelector? Required { get; set; }
}

internal sealed record PersistentVolumeStatus
{
    /// <summary>Pending, Available, Bound, Released or Failed.</summary>
    public string? Phase { get; set; }
}

internal sealed record StorageClass
{
    public ObjectMeta Metadata { get; set; } = new();
    public string Provisioner { get; set; } = "";
    public string? ReclaimPolicy { get; set; }
    /// <summary>Immediate or WaitForFirstConsumer.</summary>
    public string? VolumeBindingMode { get; set; }
}
