using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Plumb.Bench;

/// <summary>Where and when a measurement was made: a number without these is no result.</summary>
internal static class Machine
{
    public static JsonObject Describe(string root) => new()
    {
        ["at"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["commit"] = Git(root, "rev-parse", "--short", "HEAD"),
        ["cleanTree"] = Git(root, "status", "--porcelain", "--untracked-files=no").Length == 0,
        ["cores"] = Environment.ProcessorCount,
        ["memoryMiB"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20,
        ["kernel"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["root"] = Environment.IsPrivilegedProcess,
        ["loadAverageBefore"] = File.ReadAllText("/proc/loadavg").Split(' ')[0],
    };

    private static string Git(string root, params string[] args)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", root, .. args]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var text = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return text;
    }
}
