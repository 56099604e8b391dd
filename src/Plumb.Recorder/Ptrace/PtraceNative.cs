using System.Runtime.InteropServices;

namespace Plumb.Recorder.Ptrace;

/// <summary>ptrace(2) and what goes with it; numbers from include/uapi/linux/ptrace.h.</summary>
internal static unsafe class PtraceNative
{
    private const string Libc = "libc";

    public const int GetEventMessage = 0x4201;
    public const int Seize = 0x4206;
    public const int Interrupt = 0x4207;
    public const int Listen = 0x4208;
    public const int GetSyscallInfo = 0x420e;
    public const int Syscall = 24;

    public const int GoodSyscallStops = 1;
    public const int FollowFork = 2;
    public const int FollowVfork = 4;
    public const int FollowClone = 8;
    public const int ReportExit = 0x40;

    public const int EventExit = 6;
    public const int EventStop = 128;

    public const int WaitAll = 0x40000000;
    public const int WaitOwnThread = 0x20000000;
    public const int WaitStopped = 2;

    public const int EPerm = 1;
    public const int EInterrupted = 4;
    public const int ENoProcess = 3;

    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public nint Base;
        public nuint Bytes;
    }

    [DllImport(Libc, SetLastError = true)]
    public static extern nint ptrace(nint request, int thread, nint address, nint data);

    [DllImport(Libc, SetLastError = true)]
    public static extern int waitpid(int process, int* status, int options);

    [DllImport(Libc, SetLastError = true)]
    public static extern nint process_vm_readv(int process, Vector* local, nuint locals, Vector* remote, nuint remotes, nuint flags);

    [DllImport(Libc, SetLastError = true)]
    public static extern int kill(int process, int signal);

    [DllImport(Libc)]
    public static extern nint pthread_self();

    [DllImport(Libc)]
    public static extern int pthread_kill(nint thread, int signal);

    [DllImport(Libc, SetLastError = true)]
    public static extern int sigaction(int signal, void* action, void* old);

    [DllImport(Libc)]
    public static extern int posix_spawn(int* process, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_init(void* attributes);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_setflags(void* attributes, short flags);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_setsigdefault(void* attributes, void* signals);
}
