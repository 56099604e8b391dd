using System.Text;

namespace Plumb.Recorder.Kernel;

/// <summary>A file's inode number; for a cgroup's directory it is the cgroup's id.</summary>
internal static unsafe class FileNumber
{
    private const long SysStat = 4;
    private const int StatBytes = 144;
    private const int InodeOffset = 8;

    /// <summary>Null when the file is not there.</summary>
    public static ulong? Of(string path)
    {
        var status = stackalloc byte[StatBytes];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            return Native.syscall(SysStat, (nint)name, status, 0) == 0 ? *(ulong*)(status + InodeOffset) : null;
        }
    }
}
