using System.Runtime.InteropServices;

namespace Plumb.Platform.Processes;

/// <summary>Signals to processes that are not our children.</summary>
public static class Signals
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    /// <summary>Asks a process to end (SIGTERM).</summary>
    /// <returns>False when there is no such process or it is not ours to signal.</returns>
    public static bool Terminate(int pid) => kill(pid, Sigterm) == 0;

    /// <summary>Ends a process at once (SIGKILL); it cannot clean up.</summary>
    /// <returns>False when there is no such process or it is not ours to signal.</returns>
    public static bool Kill(int pid) => kill(pid, Sigkill) == 0;

#pragma warning disable SYSLIB1054 // LibraryImport would need unsafe code, which only the recorder has.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
#pragma warning restore SYSLIB1054
}
