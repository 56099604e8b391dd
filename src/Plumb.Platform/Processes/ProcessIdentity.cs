using System.Globalization;

namespace Plumb.Platform.Processes;

/// <summary>
/// Names one process for ever: the kernel reuses process ids, but never together with the boot and the start time.
/// </summary>
public sealed record ProcessIdentity(string BootId, int ProcessId, long StartTicks)
{
    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId)
        ?? throw new InvalidOperationException("/proc does not know this process: Plumb needs a mounted /proc.");

    /// <summary>The running process with this id, or null when there is none (a zombie does not run).</summary>
    public static ProcessIdentity? Of(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            // proc(5): the name stands in parentheses and may hold anything, so fields are counted after the last one. State is field 3, start time 22.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new ProcessIdentity(Boot(), processId, long.Parse(fields[22 - 3], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            // No such process, or it ended while it was read.
            return null;
        }
    }

    public static ProcessIdentity? Parse(string text) =>
        text.Split(':') is [var boot, var id, var start]
            && int.TryParse(id, CultureInfo.InvariantCulture, out var processId) && long.TryParse(start, CultureInfo.InvariantCulture, out var ticks)
            ? new ProcessIdentity(boot, processId, ticks)
            : null;

    public bool IsRunning() => Of(ProcessId) == this;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{BootId}:{ProcessId}:{StartTicks}");

    private static string Boot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
