namespace Plumb.Cluster.Containers;

/// <summary>
/// Where this machine mounts its cgroup controllers. Version 1, version 2, or both at once: each controller is in exactly one
/// hierarchy, so each is looked up by itself.
/// </summary>
/// <param name="Unified">The cgroup2 mount, also when it carries no controller that we use (then it serves for killing and for network hooks).</param>
internal sealed record CgroupHierarchies(string? MemoryV1, string? CpuV1, string? CpuAcctV1, string? Unified, bool UnifiedMemory, bool UnifiedCpu)
{
    public bool HasMemory => MemoryV1 is not null || UnifiedMemory;

    public bool HasCpu => CpuV1 is not null || UnifiedCpu;

    /// <summary>Every hierarchy that a container has a directory in, each once.</summary>
    public IReadOnlyList<string> Roots { get; } =
        [.. new[] { MemoryV1, CpuV1, CpuAcctV1, Unified }.OfType<string>().Distinct(StringComparer.Ordinal)];

    public static readonly CgroupHierarchies None = new(null, null, null, null, false, false);

    public static CgroupHierarchies Detect() => Native.IsRoot ? Parse(File.ReadAllLines("/proc/self/mountinfo"), ControllersOf) : None;

    /// <param name="mountInfo">Lines of /proc/self/mountinfo.</param>
    /// <param name="controllersOf">The names in a cgroup2 mount's cgroup.controllers.</param>
    internal static CgroupHierarchies Parse(IEnumerable<string> mountInfo, Func<string, IReadOnlyList<string>> controllersOf)
    {
        var v1 = new Dictionary<string, string>(StringComparer.Ordinal);
        string? unified = null;
        foreach (var line in mountInfo)
        {
            var halves = line.Split(" - ", 2);
            if (halves.Length < 2)
            {
                continue;
            }
            var mountPoint = halves[0].Split(' ')[4];
            var (type, options) = (halves[1].Split(' ')[0], halves[1].Split(' ')[^1]);
            if (type == "cgroup2")
            {
                unified ??= mountPoint;
            }
            else if (type == "cgroup")
            {
                foreach (var option in options.Split(','))
                {
                    v1.TryAdd(option, mountPoint);
                }
            }
        }
        var controllers = unified is null ? [] : controllersOf(unified);
        return new CgroupHierarchies(
            v1.GetValueOrDefault("memory"), v1.GetValueOrDefault("cpu"), v1.GetValueOrDefault("cpuacct"), unified,
            controllers.Contains("memory"), controllers.Contains("cpu"));
    }

    private static string[] ControllersOf(string mount)
    {
        try
        {
            return File.ReadAllText(Path.Combine(mount, "cgroup.controllers")).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
