using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Plumb.Recorder.Kernel;

/// <summary>
/// A lock between processes that leaves no file behind: who holds it deletes its file before letting go. The kernel takes it back from a dead one, and who comes next uses
/// and deletes that file.
/// </summary>
/// <remarks>Not with a FileStream: opening one fails while somebody holds the file's lock, whatever sharing it asks for.</remarks>
internal sealed unsafe class LockFile : IDisposable
{
    /// <summary>A file that was deleted between opening and locking it is nobody's lock, so another one is tried; each time somebody else had the lock meanwhile.</summary>
    private const int MostAttempts = 10_000;
    private const int Exclusively = 2;
    private const int WithoutWaiting = 4;
    private const int OwnerReadsAndWrites = 0x180;

    private readonly string _path;
    private readonly SafeFileHandle _file;

    private LockFile(string path, SafeFileHandle file) => (_path, _file) = (path, file);

    /// <summary>Waits for who has it.</summary>
    /// <exception cref="IOException">The file cannot be made, or others are always faster.</exception>
    public static LockFile Take(string path) => Take(path, Exclusively) ?? throw new IOException($"the lock {path} cannot be had");

    /// <summary>Null when somebody has it.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public static LockFile? TryTake(string path) => Take(path, Exclusively | WithoutWaiting);

    private static LockFile? Take(string path, int how)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var file = Open(path);
            var descriptor = (int)file.DangerousGetHandle();
            var isLocked = Native.flock(descriptor, how) == 0;
            if (isLocked && FileNumber.Of($"/proc/self/fd/{descriptor}") == FileNumber.Of(path))
            {
                return new LockFile(path, file);
            }
            file.Dispose();
            if (!isLocked && (how & WithoutWaiting) != 0)
            {
                return null;
            }
        }
        return null;
    }

    private static SafeFileHandle Open(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            var descriptor = Native.open(name, Native.ReadWrite | Native.CreateIfMissing | Native.CloseOnExec, OwnerReadsAndWrites);
            return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Native.LastError)}");
        }
    }

    public void Dispose()
    {
        // While it is held: what has this name is ours.
        File.Delete(_path);
        _file.Dispose();
    }
}
