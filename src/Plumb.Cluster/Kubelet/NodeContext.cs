using Plumb.Cluster.Api;
using Plumb.Cluster.Containers;

namespace Plumb.Cluster.Kubelet;

/// <summary>What every part of one node's kubelet works with.</summary>
internal sealed record NodeContext(ClusterApi Api, EventRecorder Events, ContainerRuntime Runtime, KubeletOptions Options, ProbeClient Probes, NodeResources Resources)
{
    public TimeProvider Time => Api.Time;

    public string PodDirectory(string uid) => Path.Combine(Options.StateDirectory, "pods", uid);

    /// <summary>On a tmpfs, for emptyDir volumes with medium Memory.</summary>
    public string MemoryDirectory(string uid) => $"/dev/shm/{Runtime.LabCgroup}/{uid}";

    public string LogDirectory(string ns, string pod, string uid) => Path.Combine(Options.StateDirectory, "logs", $"{ns}_{pod}_{uid}");

    public string AppletDirectory => Path.Combine(Options.StateDirectory, "images", "busybox");

    public string CacheDirectory => Path.Combine(Options.StateDirectory, "..", "cache");
}

/// <summary>What a node says that it has.</summary>
internal sealed record NodeResources(int Cpus, long MemoryBytes, long StorageBytes, int Pods)
{
    /// <summary>Pods a node takes, as every kubelet's default.</summary>
    private const int MaxPods = 110;

    public static NodeResources Of(KubeletOptions options)
    {
        var memory = options.MemoryBytes ?? ReadMemory();
        var drive = new DriveInfo(options.StateDirectory);
        return new NodeResources(options.Cpus ?? Environment.ProcessorCount, memory, drive.TotalSize, MaxPods);
    }

    private static long ReadMemory()
    {
        var line = File.ReadLines("/proc/meminfo").First(text => text.StartsWith("MemTotal:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }
}
