using System.Runtime.InteropServices;
using System.Text;

namespace Plumb.Recorder.Kernel;

/// <summary>A file's inode number; for a cgroup's directory it is the cgroup's id.</summary>
internal static unsafe class FileNumber
{
    private const int WorkingDirectory = -100;
    private const int InodeOnly = 0x100;
    private const int StatusBytes = 256;
    private const int InodeOffset = 32;

    /// <summary>statx(2): the same structure on every machine.</summary>
    private static long SysStatx => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 291 : 332;

    /// <summary>Null when the file is not there.</summary>
    public static ulong? Of(string path)
    {
        var status = stackalloc byte[StatusBytes];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            return Native.syscall(SysStatx, WorkingDirectory, name, 0, InodeOnly, status) == 0 ? *(ulong*)(status + InodeOffset) : null;
        }
    }
}
