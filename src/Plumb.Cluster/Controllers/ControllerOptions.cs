namespace Plumb.Cluster.Controllers;

/// <summary>What the controllers must be told.</summary>
internal sealed record ControllerOptions
{
    /// <summary>The provisioner's name in StorageClasses, that of the field's host-path provisioner.</summary>
    public const string Provisioner = "kubernetes.io/host-path";

    /// <summary>Provisioned volumes are directories in it.</summary>
    public required string VolumeDirectory { get; init; }

    /// <summary>False: no Service gets a listener (for tests of controllers alone).</summary>
    public bool ServesNetwork { get; init; } = true;

    /// <summary>A node whose lease was not renewed for so long is Unknown: the field's default since 1.32.</summary>
    public TimeSpan NodeGrace { get; init; } = TimeSpan.FromSeconds(50);
}
