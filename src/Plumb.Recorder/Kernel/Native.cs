using System.Runtime.InteropServices;

namespace Plumb.Recorder.Kernel;

/// <summary>bpf(2), mmap(2) and what else the recorder asks of the kernel.</summary>
internal static unsafe class Native
{
    private const string Libc = "libc";

    public const int MapCreate = 0;
    public const int MapUpdate = 2;
    public const int MapDelete = 3;
    public const int ProgramLoad = 5;
    public const int ObjectPin = 6;
    public const int ObjectGet = 7;
    public const int RawTracepointOpen = 17;

    public const int EPerm = 1;
    public const int EInval = 22;
    public const int ENoSys = 38;

    public const int ProtRead = 1;
    public const int ProtWrite = 2;
    public const int MapShared = 1;

    /// <summary>RLIMIT_MEMLOCK.</summary>
    public const int LockedMemory = 8;

    /// <summary>RLIM_INFINITY.</summary>
    public const ulong NoLimit = ulong.MaxValue;

    private static long SysBpf => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 280 : 321;

    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>A descriptor that closes on exec, or -1.</summary>
    public static int Bpf(int command, void* attributes, int bytes) => (int)syscall(SysBpf, command, attributes, bytes);

    [DllImport(Libc, SetLastError = true)]
    public static extern nint syscall(long number, nint command, void* attributes, nint bytes);

    [DllImport(Libc, SetLastError = true)]
    public static extern nint syscall(long number, nint first, void* second, nint third, nint fourth, void* fifth);

    [DllImport(Libc, SetLastError = true)]
    public static extern byte* mmap(void* address, nint bytes, int protection, int flags, int descriptor, nint offset);

    [DllImport(Libc, SetLastError = true)]
    public static extern int munmap(void* address, nint bytes);

    public const int ReadWrite = 2;
    public const int CreateIfMissing = 0x40;
    public const int CloseOnExec = 0x80000;

    /// <summary>A descriptor that closes on exec, or -1.</summary>
    public static int OpenToRead(string path)
    {
        fixed (byte* name = System.Text.Encoding.UTF8.GetBytes(path + "\0"))
        {
            return open(name, CloseOnExec, 0);
        }
    }

    [DllImport(Libc, SetLastError = true)]
    public static extern int open(byte* path, int flags, int mode);

    [DllImport(Libc, SetLastError = true)]
    public static extern int close(int descriptor);

    [DllImport(Libc, SetLastError = true)]
    public static extern int prlimit(int process, int what, Limit* changed, Limit* before);

    [DllImport(Libc)]
    public static extern uint geteuid();

    [DllImport(Libc, SetLastError = true)]
    public static extern int flock(int descriptor, int operation);

    [DllImport(Libc, SetLastError = true)]
    public static extern int mount(byte* source, byte* target, byte* type, nint flags, byte* data);

    [DllImport(Libc, SetLastError = true)]
    public static extern int umount2(byte* target, int flags);

    /// <summary>struct rlimit64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly record struct Limit(ulong Now, ulong Most);
}
