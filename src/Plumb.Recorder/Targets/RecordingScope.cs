using System.Globalization;
using Plumb.Core;

namespace Plumb.Recorder.Targets;

/// <summary>Whose calls are recorded.</summary>
/// <param name="CgroupId">0: every cgroup.</param>
/// <param name="ProcessId">0: every process.</param>
/// <param name="Directory">The cgroup's; null without one.</param>
/// <param name="FromExec">Nothing counts before the first execve.</param>
public sealed record RecordingScope(ulong CgroupId, int Level, string? Directory, int ProcessId, bool FromExec)
{
    /// <summary>The number of the first process namespace (include/linux/proc_ns.h).</summary>
    private const string FirstNamespace = "pid:[4026531836]";

    /// <summary>A cgroup and everything below it.</summary>
    public static Result<RecordingScope> OfCgroup(UnifiedHierarchy hierarchy, string directory, bool fromExec = false)
    {
        var key = hierarchy.Key(directory);
        return key.IsOk ? new RecordingScope(key.Value.Id, key.Value.Level, directory, 0, fromExec) : key.Problem;
    }

    /// <summary>A process with all its threads, without its children.</summary>
    public static Result<RecordingScope> OfProcess(int processId)
    {
        if (new FileInfo("/proc/self/ns/pid").LinkTarget is { } own && own != FirstNamespace)
        {
            return new Problem("this process runs in a process namespace of its own, where numbers of processes mean something else than in the kernel", "Run it on the machine itself");
        }
        var leader = Leader(processId);
        return leader is null ? new Problem($"there is no process {processId}") : new RecordingScope(0, 0, null, leader.Value, false);
    }

    private static int? Leader(int processId)
    {
        try
        {
            var line = File.ReadLines($"/proc/{processId}/status").FirstOrDefault(line => line.StartsWith("Tgid:", StringComparison.Ordinal));
            return line is null ? null : int.Parse(line[5..], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
