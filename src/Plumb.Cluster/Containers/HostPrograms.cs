namespace Plumb.Cluster.Containers;

/// <summary>
/// Which directories of the machine containers must be shown although their overlay of / does not reach them: file systems of their
/// own that programs live on, and this program with its runtime when they stand below a hidden directory such as /home.
/// </summary>
internal static class HostPrograms
{
    private static readonly string[] DiskTypes = ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "squashfs"];
    private static readonly string[] ProgramDirectories = ["/usr", "/opt", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/var/lib"];

    public static IReadOnlyList<string> Find() => Find(File.ReadAllLines("/proc/self/mountinfo"), OwnDirectories());

    internal static IReadOnlyList<string> Find(IEnumerable<string> mountInfo, IEnumerable<string> programs)
    {
        var mounts = mountInfo.Select(line => line.Split(" - ", 2)).Where(halves => halves.Length == 2 && DiskTypes.Contains(halves[1].Split(' ')[0]))
            .Select(halves => halves[0].Split(' ')[4]).Where(point => point != "/").ToList();
        var own = programs.Distinct(StringComparer.Ordinal).ToList();
        var shown = mounts.Where(point => ProgramDirectories.Any(directory => IsAtOrBelow(point, directory)) && Directory.Exists(point))
            .Concat(own.Where(path => ContainerRoot.HiddenDirectories.Any(hidden => IsAtOrBelow(path, hidden)) || mounts.Any(point => IsAtOrBelow(path, point))))
            .Distinct(StringComparer.Ordinal).OrderBy(path => path.Length).ToList();
        // A directory below another one that is shown already comes with it, unless it is a mount of its own (binds are recursive).
        return [.. shown.Where((path, index) => !shown.Take(index).Any(other => IsAtOrBelow(path, other)))];
    }

    private static List<string> OwnDirectories()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/System.Private.CoreLib.dll
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location) is { Length: > 0 } directory ? Path.GetFullPath(Path.Combine(directory, "..", "..", "..")) : "/";
        List<string> own = [Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)];
        if (runtime != "/")
        {
            own.Add(runtime);
        }
        return own;
    }

    private static bool IsAtOrBelow(string path, string directory) => path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal);
}
