using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Plumb.Bench.Recorder;

/// <summary>The measured process: says ready, waits for a line, makes many system calls, says what each cost.</summary>
internal static partial class CallLoop
{
    private const int WarmUp = 2_000;
    private static readonly byte[] Path = "/plumb-bench-is-not-here\0"u8.ToArray();

    /// <param name="call">getppid, or access with a path.</param>
    public static int Run(string call, int times)
    {
        Make(call, WarmUp);
        Console.WriteLine("ready");
        Console.ReadLine();
        var (wall, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        Make(call, times);
        var (wallNs, cpuNs) = (Stopwatch.GetElapsedTime(wall).TotalNanoseconds, (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{wallNs / times:0.00} {cpuNs / times:0.00}"));
        return 0;
    }

    private static void Make(string call, int times)
    {
        for (var made = 0; made < times; made++)
        {
            _ = call == "getppid" ? getppid() : access(Path, 0);
        }
    }

#pragma warning disable SYSLIB1054 // LibraryImport would need unsafe code.
    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int getppid();

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int access(byte[] path, int mode);
#pragma warning restore SYSLIB1054
}
