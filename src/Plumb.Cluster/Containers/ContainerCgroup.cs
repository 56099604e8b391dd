using System.Globalization;

namespace Plumb.Cluster.Containers;

/// <summary>What the kernel counted for one container.</summary>
/// <param name="CpuNanoseconds">CPU time used since the start.</param>
/// <param name="WorkingSetBytes">Usage without the file cache that the kernel can drop at once.</param>
/// <param name="Periods">CPU quota periods in which it ran; <paramref name="ThrottledPeriods"/> of them it was stopped in.</param>
internal sealed record CgroupStats(
    long CpuNanoseconds, long MemoryBytes, long WorkingSetBytes, long RssBytes, long CacheBytes, long Periods, long ThrottledPeriods, long ThrottledNanoseconds, long OomKills);

/// <summary>One container's directory in every cgroup hierarchy of the machine.</summary>
internal sealed class ContainerCgroup
{
    /// <summary>The kernel's CPU accounting period, in microseconds; the same as Kubernetes uses.</summary>
    private const long CpuPeriodUs = 100_000;

    /// <summary>Times that a directory is tried again while the kernel still lets processes go.</summary>
    private const int RemoveTries = 100;

    private readonly CgroupHierarchies _hierarchies;
    private readonly string _name;

    /// <param name="name">Path below each hierarchy's root: lab, pod, container.</param>
    public ContainerCgroup(CgroupHierarchies hierarchies, string name)
    {
        _hierarchies = hierarchies;
        _name = name;
    }

    /// <summary>The files that a process writes 0 to, to move itself in.</summary>
    public IReadOnlyList<string> ProcsFiles => [.. _hierarchies.Roots.Select(root => Path.Combine(root, _name, "cgroup.procs"))];

    public void Create(ContainerLimits limits)
    {
        foreach (var root in _hierarchies.Roots)
        {
            Directory.CreateDirectory(Path.Combine(root, _name));
        }
        EnableUnifiedControllers();
        if (_hierarchies.MemoryV1 is { } memory && limits.MemoryBytes is { } bytes)
        {
            Write(memory, "memory.limit_in_bytes", bytes);
            Write(memory, "memory.memsw.limit_in_bytes", bytes);
        }
        else if (_hierarchies.UnifiedMemory && limits.MemoryBytes is { } max)
        {
            Write(_hierarchies.Unified!, "memory.max", max);
            Write(_hierarchies.Unified!, "memory.swap.max", 0);
        }
        if (_hierarchies.CpuV1 is { } cpu)
        {
            Write(cpu, "cpu.shares", Math.Max(2, limits.CpuRequestMillis * 1024 / 1000));
            if (limits.CpuMillis is { } quota)
            {
                Write(cpu, "cpu.cfs_period_us", CpuPeriodUs);
                Write(cpu, "cpu.cfs_quota_us", QuotaUs(quota));
            }
        }
        else if (_hierarchies.UnifiedCpu)
        {
            // The same formula as Kubernetes: shares 2..262144 map to weights 1..10000.
            var shares = Math.Clamp(limits.CpuRequestMillis * 1024 / 1000, 2, 262_144);
            Write(_hierarchies.Unified!, "cpu.weight", 1 + ((shares - 2) * 9999 / 262_142));
            if (limits.CpuMillis is { } quota)
            {
                WriteText(_hierarchies.Unified!, "cpu.max", string.Create(CultureInfo.InvariantCulture, $"{QuotaUs(quota)} {CpuPeriodUs}"));
            }
        }
    }

    /// <summary>The kernel's own count of processes that it killed here for lack of memory.</summary>
    public long OomKills() =>
        _hierarchies.MemoryV1 is { } memory ? Keyed(memory, "memory.oom_control").GetValueOrDefault("oom_kill")
        : _hierarchies.UnifiedMemory ? Keyed(_hierarchies.Unified!, "memory.events").GetValueOrDefault("oom_kill") : 0;

    public CgroupStats Stats()
    {
        var (cpu, usage, inactive, rss, cache) = (0L, 0L, 0L, 0L, 0L);
        if (_hierarchies.MemoryV1 is { } v1)
        {
            var stat = Keyed(v1, "memory.stat");
            usage = Number(v1, "memory.usage_in_bytes");
            (inactive, rss, cache) = (stat.GetValueOrDefault("total_inactive_file"), stat.GetValueOrDefault("total_rss"), stat.GetValueOrDefault("total_cache"));
        }
        else if (_hierarchies.UnifiedMemory)
        {
            var stat = Keyed(_hierarchies.Unified!, "memory.stat");
            usage = Number(_hierarchies.Unified!, "memory.current");
            (inactive, rss, cache) = (stat.GetValueOrDefault("inactive_file"), stat.GetValueOrDefault("anon"), stat.GetValueOrDefault("file"));
        }
        var throttle = _hierarchies.CpuV1 is { } cpuV1 ? Keyed(cpuV1, "cpu.stat")
            : _hierarchies.Unified is { } unified ? Keyed(unified, "cpu.stat") : [];
        cpu = _hierarchies.CpuAcctV1 is { } acct ? Number(acct, "cpuacct.usage") : throttle.GetValueOrDefault("usage_usec") * 1000;
        var throttledNs = throttle.TryGetValue("throttled_time", out var ns) ? ns : throttle.GetValueOrDefault("throttled_usec") * 1000;
        return new CgroupStats(
            cpu, usage, Math.Max(0, usage - inactive), rss, cache, throttle.GetValueOrDefault("nr_periods"), throttle.GetValueOrDefault("nr_throttled"), throttledNs, OomKills());
    }

    /// <summary>Ends every process in it.</summary>
    public void Kill()
    {
        foreach (var root in _hierarchies.Roots)
        {
            KillAllIn(Path.Combine(root, _name));
        }
    }

    public async Task RemoveAsync(TimeProvider time, CancellationToken cancel)
    {
        foreach (var root in _hierarchies.Roots)
        {
            await RemoveDirectoryAsync(Path.Combine(root, _name), time, cancel);
        }
    }

    internal static void KillAllIn(string directory)
    {
        var killFile = Path.Combine(directory, "cgroup.kill");
        try
        {
            if (File.Exists(killFile))
            {
                File.WriteAllText(killFile, "1");
            }
            foreach (var line in File.ReadAllLines(Path.Combine(directory, "cgroup.procs")))
            {
                if (int.TryParse(line, CultureInfo.InvariantCulture, out var pid) && pid > 0)
                {
                    _ = Native.kill(pid, Native.SigKill);
                }
            }
        }
        catch (IOException)
        {
            // The directory is gone: so are its processes.
        }
    }

    internal static async Task RemoveDirectoryAsync(string directory, TimeProvider time, CancellationToken cancel)
    {
        var path = Native.Text(directory);
        for (var tries = 0; tries < RemoveTries && Native.rmdir(path) != 0 && Native.LastError != Native.ENoEnt; tries++)
        {
            KillAllIn(directory);
            await Task.Delay(TimeSpan.FromMilliseconds(10), time, cancel);
        }
    }

    private static long QuotaUs(long millis) => Math.Max(1000, millis * CpuPeriodUs / 1000);

    /// <summary>On cgroup v2 a controller reaches a directory only when every directory above hands it down.</summary>
    private void EnableUnifiedControllers()
    {
        if (_hierarchies.Unified is not { } root || !(_hierarchies.UnifiedMemory || _hierarchies.UnifiedCpu))
        {
            return;
        }
        var path = root;
        foreach (var part in _name.Split('/'))
        {
            foreach (var controller in new[] { "+memory", "+cpu" })
            {
                TryWrite(Path.Combine(path, "cgroup.subtree_control"), controller);
            }
            path = Path.Combine(path, part);
        }
    }

    private void Write(string root, string file, long value) => WriteText(root, file, value.ToString(CultureInfo.InvariantCulture));

    private void WriteText(string root, string file, string value) => TryWrite(Path.Combine(root, _name, file), value);

    private static void TryWrite(string path, string value)
    {
        try
        {
            if (File.Exists(path))
            {
                File.WriteAllText(path, value);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What the kernel does not take is found by NodeCapabilities' own probe, and told there once.
        }
    }

    private long Number(string root, string file) =>
        ReadLines(root, file) is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private Dictionary<string, long> Keyed(string root, string file)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in ReadLines(root, file))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && long.TryParse(line.AsSpan(space + 1), CultureInfo.InvariantCulture, out var value))
            {
                values[line[..space]] = value;
            }
        }
        return values;
    }

    private string[] ReadLines(string root, string file)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(root, _name, file));
        }
        catch (IOException)
        {
            return [];
        }
    }
}
