using System.Globalization;

namespace Plumb.Bench;

/// <summary>What the kernel says that a process uses.</summary>
internal static class ProcessUse
{
    /// <summary>The kernel counts CPU time in these ticks (USER_HZ, 100 on every Linux that .NET runs on).</summary>
    private const double TicksPerSecond = 100;

    /// <summary>User and system time in seconds: fields 14 and 15 of /proc/PID/stat.</summary>
    public static double CpuSeconds(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Resident memory in MiB: VmRSS.</summary>
    public static double ResidentMiB(int pid) => Field(pid, "status", "VmRSS:");

    /// <summary>The process's share of resident memory in MiB (Pss): a library that ten processes map counts a tenth for each.</summary>
    public static double ProportionalMiB(int pid) => Field(pid, "smaps_rollup", "Pss:");

    /// <summary>The processes below one, with their own children.</summary>
    public static IReadOnlyList<(int Pid, string Command)> Descendants(int root)
    {
        var parents = new Dictionary<int, (int Parent, string Command)>();
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid) && Read(pid) is { } found)
            {
                parents[pid] = found;
            }
        }

        return [.. parents.Where(p => IsBelow(p.Key)).Select(p => (p.Key, p.Value.Command))];

        bool IsBelow(int pid)
        {
            for (var depth = 0; depth < 64 && parents.TryGetValue(pid, out var found); depth++)
            {
                if (found.Parent == root)
                {
                    return true;
                }

                pid = found.Parent;
            }

            return false;
        }
    }

    private static (int Parent, string Command)? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var command = File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();
            return (int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture), command);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static double Field(int pid, string file, string name)
    {
        var line = File.ReadLines($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/{file}").First(l => l.StartsWith(name, StringComparison.Ordinal));
        return Math.Round(double.Parse(line[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) / 1024, 1);
    }
}
