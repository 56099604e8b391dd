using System.Runtime.InteropServices;
using System.Text;

namespace Plumb.Cluster.Containers;

/// <summary>
/// The C library and system calls that containers need. Everything is blittable (byte arrays, integers, pointers), so that
/// a thread that has already changed its root directory never waits for the runtime to marshal something.
/// </summary>
internal static class Native
{
    private const string Libc = "libc";

    public const int CloneFs = 0x200;
    public const int CloneNewNs = 0x20000;
    public const int CloneNewUts = 0x4000000;
    public const int CloneNewIpc = 0x8000000;
    public const int CloneNewPid = 0x20000000;

    public const ulong MsRdOnly = 1;
    public const ulong MsNoSuid = 2;
    public const ulong MsNoDev = 4;
    public const ulong MsNoExec = 8;
    public const ulong MsRemount = 32;
    public const ulong MsBind = 4096;
    public const ulong MsRec = 16384;
    public const ulong MsPrivate = 1 << 18;
    public const int MntDetach = 2;

    public const int SigTerm = 15;
    public const int SigKill = 9;

    public const int ENoEnt = 2;
    public const int EAccess = 13;
    public const int ENotDir = 20;
    public const int EAgain = 11;
    public const int EIntr = 4;

    public const int OWrOnly = 1;
    public const int ORdWr = 2;
    public const int ONoCtty = 0x100;
    public const int OCloExec = 0x80000;
    public const int ONonBlock = 0x800;

    public const short PollIn = 1;

    public const int PrCapBsetDrop = 24;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static long SysPivotRoot { get; } = IsArm ? 41 : 155;
    public static long SysSetResUid { get; } = IsArm ? 147 : 117;
    public static long SysSetResGid { get; } = IsArm ? 149 : 119;
    public static long SysSetGroups { get; } = IsArm ? 159 : 116;
    public static long SysBpf { get; } = IsArm ? 280 : 321;
    public const long SysPidfdSendSignal = 424;
    public const long SysPidfdOpen = 434;
    public const long SysMountSetattr = 442;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    /// <summary>A path or other text as the C library takes it.</summary>
    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + "\0");

    public static int LastError => Marshal.GetLastPInvokeError();

    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error).ToLowerInvariant();

    public static bool IsRoot { get; } = geteuid() == 0;

    [DllImport(Libc)]
    public static extern uint geteuid();

    [DllImport(Libc, SetLastError = true)]
    public static extern int unshare(int flags);

    [DllImport(Libc, SetLastError = true)]
    public static extern int setns(int fd, int types);

    [DllImport(Libc, SetLastError = true)]
    public static extern int mount(byte[]? source, byte[] target, byte[]? type, ulong flags, byte[]? data);

    [DllImport(Libc, SetLastError = true)]
    public static extern int umount2(byte[] target, int flags);

    [DllImport(Libc, SetLastError = true)]
    public static extern int sethostname(byte[] name, nint length);

    [DllImport(Libc, SetLastError = true)]
    public static extern int chdir(byte[] path);

    [DllImport(Libc, SetLastError = true)]
    public static extern int mkdir(byte[] path, uint mode);

    [DllImport(Libc, SetLastError = true)]
    public static extern int rename(byte[] from, byte[] to);

    [DllImport(Libc, SetLastError = true)]
    public static extern int rmdir(byte[] path);

    [DllImport(Libc, SetLastError = true)]
    public static extern int access(byte[] path, int mode);

    [DllImport(Libc, SetLastError = true)]
    public static extern int mknod(byte[] path, uint mode, ulong device);

    [DllImport(Libc, SetLastError = true)]
    public static extern int symlink(byte[] target, byte[] link);

    [DllImport(Libc, SetLastError = true)]
    public static extern int chown(byte[] path, uint owner, uint group);

    [DllImport(Libc, SetLastError = true)]
    public static extern int setxattr(byte[] path, byte[] name, byte[] value, nint size, int flags);

    [DllImport(Libc)]
    public static extern uint umask(uint mask);

    [DllImport(Libc, SetLastError = true)]
    public static extern int open(byte[] path, int flags, uint mode);

    [DllImport(Libc, SetLastError = true)]
    public static extern int close(int fd);

    [DllImport(Libc, SetLastError = true)]
    public static extern nint read(int fd, byte[] buffer, nint count);

    [DllImport(Libc, SetLastError = true)]
    public static extern nint write(int fd, byte[] buffer, nint count);

    [DllImport(Libc, SetLastError = true)]
    public static extern int pipe2(int[] ends, int flags);

    [DllImport(Libc, SetLastError = true)]
    public static extern int fcntl(int fd, int command, nint argument);

    [DllImport(Libc, SetLastError = true)]
    public static extern int ioctl(int fd, ulong request, byte[] argument);

    [DllImport(Libc, SetLastError = true)]
    public static extern int poll([In, Out] PollFd[] fds, ulong count, int timeoutMs);

    [DllImport(Libc, SetLastError = true)]
    public static extern int waitpid(int pid, out int status, int options);

    [DllImport(Libc, SetLastError = true)]
    public static extern int kill(int pid, int signal);

    [DllImport(Libc, SetLastError = true)]
    public static extern int prctl(int option, ulong arg2, ulong arg3, ulong arg4, ulong arg5);

    [DllImport(Libc, SetLastError = true)]
    public static extern nint syscall(long number, nint a, nint b, nint c, nint d, nint e);

    [DllImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    public static extern nint syscall2(long number, byte[] a, byte[] b);

    [DllImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    public static extern nint syscallBytes(long number, nint a, byte[] b, nint c, ulong[] d, nint e);

    [DllImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    public static extern nint syscallGroups(long number, nint count, uint[] groups);

    [DllImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    public static extern nint syscallBpf(long number, nint command, byte[] attributes, nint size);

    [DllImport(Libc)]
    public static extern int posix_spawn(out int pid, byte[] path, byte[] fileActions, byte[] attributes, nint[] argv, nint[] envp);

    [DllImport(Libc)]
    public static extern int posix_spawn_file_actions_init(byte[] actions);

    [DllImport(Libc)]
    public static extern int posix_spawn_file_actions_destroy(byte[] actions);

    [DllImport(Libc)]
    public static extern int posix_spawn_file_actions_adddup2(byte[] actions, int fd, int target);

    [DllImport(Libc)]
    public static extern int posix_spawn_file_actions_addopen(byte[] actions, int fd, byte[] path, int flags, uint mode);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_init(byte[] attributes);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_setflags(byte[] attributes, short flags);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_setsigdefault(byte[] attributes, byte[] signals);

    [DllImport(Libc)]
    public static extern int posix_spawnattr_setsigmask(byte[] attributes, byte[] signals);

    [DllImport(Libc)]
    public static extern int sigfillset(byte[] set);

    [DllImport(Libc)]
    public static extern int sigemptyset(byte[] set);
}
