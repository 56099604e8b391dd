using Plumb.Core;
using Plumb.Recorder.Kernel;

namespace Plumb.Recorder.Targets;

/// <summary>The machine's cgroup2 mount, also where version 1 has the controllers.</summary>
/// <param name="Mount">Where it is mounted.</param>
/// <param name="Depth">Depth of the mounted directory below the hierarchy's root; 0 almost always.</param>
public sealed record UnifiedHierarchy(string Mount, int Depth)
{
    /// <summary>The number of the first cgroup namespace (include/linux/proc_ns.h).</summary>
    private const string FirstNamespace = "cgroup:[4026531835]";

    public static Result<UnifiedHierarchy> Find()
    {
        var isFirst = IsFirstNamespace();
        foreach (var line in File.Exists("/proc/self/mountinfo") ? File.ReadAllLines("/proc/self/mountinfo") : [])
        {
            // proc(5): 36 35 98:0 /root /mount options optional - type source options.
            var halves = line.Split(" - ", 2);
            if (halves is not [var left, var right] || !right.StartsWith("cgroup2 ", StringComparison.Ordinal) || left.Split(' ') is not [_, _, _, var root, var mount, ..])
            {
                continue;
            }
            if (isFirst)
            {
                return new UnifiedHierarchy(mount, Parts(root));
            }
            // From a namespace of its own a container sees the machine's hierarchy as one that begins above itself.
            if (root.Length > 1 && Array.TrueForAll(root.Split('/', StringSplitOptions.RemoveEmptyEntries), part => part == ".."))
            {
                return new UnifiedHierarchy(mount, 0);
            }
        }
        if (!isFirst)
        {
            return new Problem("this process runs in a cgroup namespace of its own, where cgroups of the machine cannot be told apart", "Run it on the machine itself, or mount the machine's /sys/fs/cgroup into the container (deploy/recorder.yaml)");
        }
        return new Problem("no cgroup2 hierarchy is mounted, so containers cannot be told apart", "Mount it: mount -t cgroup2 none /sys/fs/cgroup/unified");
    }

    /// <summary>Directory of a cgroup, by its absolute path or by its path below the mount.</summary>
    public Result<string> Directory(string path)
    {
        var absolute = Path.GetFullPath(path.StartsWith(Mount + "/", StringComparison.Ordinal) || path == Mount ? path : Path.Combine(Mount, path.TrimStart('/')));
        return File.Exists(Path.Combine(absolute, "cgroup.procs")) && (absolute + "/").StartsWith(Mount + "/", StringComparison.Ordinal)
            ? absolute
            : new Problem($"there is no cgroup '{path}' in the cgroup2 hierarchy at {Mount}", $"'find {Mount} -type d' lists them");
    }

    /// <summary>The cgroup's id as calls carry it (<see cref="Ring.RecordedCall.CgroupId"/>: its low half); null when it is gone.</summary>
    public static uint? IdOf(string directory) => (uint?)(FileNumber.Of(directory) & uint.MaxValue);

    /// <summary>The cgroup's whole id; null when it is gone.</summary>
    internal static ulong? WholeIdOf(string directory) => FileNumber.Of(directory);

    /// <summary>What the kernel compares: the cgroup's id, and how deep it lies.</summary>
    internal Result<(ulong Id, int Level)> Key(string directory)
    {
        var id = FileNumber.Of(directory);
        return id is null ? new Problem($"the cgroup {directory} went away") : (id.Value, Depth + Parts(directory[Mount.Length..]));
    }

    private static int Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Length;

    private static bool IsFirstNamespace() => new FileInfo("/proc/self/ns/cgroup").LinkTarget is null or FirstNamespace;
}
