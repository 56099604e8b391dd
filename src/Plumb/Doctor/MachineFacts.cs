using Plumb.Core;

namespace Plumb.Doctor;

/// <summary>What was found out about a program of this machine.</summary>
/// <param name="Path">Where it is; null when it is missing.</param>
/// <param name="Version">Its version as it prints it; null when it did not say.</param>
public sealed record Tool(string? Path, string? Version = null)
{
    public static readonly Tool Missing = new((string?)null);

    public bool IsThere => Path is not null;
}

/// <summary>Everything that a diagnosis rests on, as it was measured; no opinions.</summary>
/// <param name="SdkVersions">The .NET SDKs; empty when there is none.</param>
/// <param name="CgroupV1">Controllers that are mounted as cgroup v1.</param>
/// <param name="CgroupV2">Controllers of the cgroup v2 hierarchy; null when that is not mounted, empty when it has none.</param>
/// <param name="Namespaces">Null: a process of its own PID and mount namespace could be started. Otherwise why not.</param>
/// <param name="Overlay">Whether the kernel has overlay file systems.</param>
/// <param name="Loopback">Null: a port on an address like 127.77.0.1 could be opened. Otherwise why not.</param>
/// <param name="Home">The state directory.</param>
/// <param name="HomeProblem">Null: the state directory can be written to. Otherwise why not.</param>
/// <param name="ConsoleBuilt">Whether this program carries the web console.</param>
public sealed record MachineFacts(
    string System,
    bool IsRoot,
    IReadOnlyList<string> SdkVersions,
    IReadOnlySet<string> CgroupV1,
    IReadOnlySet<string>? CgroupV2,
    string? Namespaces,
    bool Overlay,
    string? Loopback,
    string Home,
    string? HomeProblem,
    long DiskFreeBytes,
    long MemoryAvailableBytes,
    bool ConsoleBuilt,
    Tool Postgres,
    Tool Prometheus,
    Tool Busybox,
    Tool Node,
    Tool Npm,
    Tool Kubectl)
{
    /// <summary>Null: the kernel takes the programs of the flight recorder. Otherwise why not.</summary>
    public Problem? Recorder { get; init; }

    /// <summary>Plans that a newer version left open and this one cannot take back, each as what happened and what to do.</summary>
    public IReadOnlyList<Problem> ForeignPlans { get; init; } = [];
}
