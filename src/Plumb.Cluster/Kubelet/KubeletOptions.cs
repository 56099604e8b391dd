using Plumb.Cluster.Containers;

namespace Plumb.Cluster.Kubelet;

/// <summary>What one node of the lab is.</summary>
/// <param name="NodeName">For instance <c>node1</c>.</param>
/// <param name="StateDirectory">This node's own files: pods, logs, caches. Without symbolic links on the way.</param>
/// <param name="NodeAddress">The node's InternalIP.</param>
/// <param name="PodCidr">The range that <see cref="PodAddress"/> gives addresses of.</param>
/// <param name="PodAddress">The n-th address of the range, n from 1 to 254.</param>
internal sealed record KubeletOptions(string NodeName, string StateDirectory, string NodeAddress, string PodCidr, Func<int, string> PodAddress)
{
    public IReadOnlyList<LabImage> Images { get; init; } = LabImages.Default;

    /// <summary>Cores that the node says it has; null: the machine's.</summary>
    public int? Cpus { get; init; }

    /// <summary>Bytes of memory that the node says it has; null: the machine's.</summary>
    public long? MemoryBytes { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Where pods ask for names; null: no DNS in this cluster.</summary>
    public string? DnsAddress { get; init; }

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Makes a service account token; null when the account is not there. Without this, pods get no token.</summary>
    public Func<TokenRequest, string?>? IssueToken { get; init; }

    /// <summary>From a change of a Secret or ConfigMap to its new files in the pods. A real kubelet takes up to 90 s.</summary>
    public TimeSpan VolumeUpdateDelay { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan LeaseInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the node's conditions get a new heartbeat when nothing else changed.</summary>
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A container's log is turned over at this size.</summary>
    public long LogBytes { get; init; } = 10 << 20;

    /// <summary>Files kept of one container's log, the present one counted.</summary>
    public int LogFiles { get; init; } = 5;
}

internal sealed record TokenRequest(string Namespace, string ServiceAccount, string PodName, string PodUid, long ExpirationSeconds, string? Audience);
