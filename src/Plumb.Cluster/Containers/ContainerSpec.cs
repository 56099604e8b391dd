using System.Net;

namespace Plumb.Cluster.Containers;

/// <summary>Everything the runtime needs to start one container; made by the kubelet from a pod and an image.</summary>
/// <param name="Id">64 hexadecimal digits, unique.</param>
/// <param name="Directory">A directory of this container alone; its private files live there until it is removed.</param>
/// <param name="Command">Program and arguments; the program is looked up in the container's PATH and root.</param>
internal sealed record ContainerSpec(string Id, string PodUid, string Directory, IReadOnlyList<string> Command)
{
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];
    public string WorkingDirectory { get; init; } = "/";
    public string Hostname { get; init; } = "";

    /// <summary>The pod's address, which a bind to "any address" becomes; null: no such change.</summary>
    public IPAddress? PodAddress { get; init; }

    /// <summary>Directories and files of the host at a place in the container, in this order.</summary>
    public IReadOnlyList<BindMount> Mounts { get; init; } = [];

    /// <summary>Text files of the container's own, by absolute path: /etc/hosts, /etc/resolv.conf, /etc/hostname.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    public ContainerUser User { get; init; } = ContainerUser.Root;
    public bool ReadOnlyRoot { get; init; }

    /// <summary>Keeps every capability; otherwise a container's root has the usual fourteen.</summary>
    public bool Privileged { get; init; }

    public ContainerLimits Limits { get; init; } = new();
}

/// <param name="Source">Absolute path on the host, without symbolic links on the way.</param>
internal sealed record BindMount(string Source, string Target, bool ReadOnly = false);

internal sealed record ContainerUser(uint Uid, uint Gid, IReadOnlyList<uint> Groups)
{
    public static readonly ContainerUser Root = new(0, 0, []);
}

/// <param name="CpuMillis">Most CPU, in thousandths of a core; null: no limit.</param>
/// <param name="CpuRequestMillis">Weight against others when the machine is busy, in thousandths of a core.</param>
/// <param name="MemoryBytes">Most memory before the kernel kills; null: no limit.</param>
internal sealed record ContainerLimits(long? CpuMillis = null, long CpuRequestMillis = 2, long? MemoryBytes = null);

/// <summary>How a process ended.</summary>
/// <param name="Code">Exit code; 128 + signal when a signal ended it.</param>
/// <param name="OomKills">Processes of the container that the kernel killed for lack of memory, read before the cgroup went.</param>
internal sealed record ContainerExit(int Code, int? Signal, DateTimeOffset At, long OomKills);

/// <summary>Where a process's output goes. Called from one thread only.</summary>
internal interface IOutputSink
{
    void Write(ReadOnlySpan<byte> data, bool isStandardError);

    /// <summary>Nothing more will come.</summary>
    void Complete();
}
