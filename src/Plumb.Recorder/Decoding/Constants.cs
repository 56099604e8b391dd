using System.Globalization;

namespace Plumb.Recorder.Decoding;

/// <summary>Names of values and of bits, from Linux's own headers (x86-64).</summary>
internal static class Constants
{
    private static readonly string[] Open =
    [
        "100 O_CREAT", "200 O_EXCL", "400 O_NOCTTY", "1000 O_TRUNC", "2000 O_APPEND", "4000 O_NONBLOCK", "4010000 O_SYNC", "10000 O_DSYNC", "20000 O_ASYNC", "40000 O_DIRECT", "100000 O_LARGEFILE",
        "20200000 O_TMPFILE", "200000 O_DIRECTORY", "400000 O_NOFOLLOW", "1000000 O_NOATIME", "2000000 O_CLOEXEC", "10000000 O_PATH",
    ];

    private static readonly (ulong Bit, string Name)[] OpenBits = [.. Open.Select(line => line.Split(' ')).Select(parts => (Convert.ToUInt64(parts[0], 8), parts[1]))];

    private static readonly (ulong Bit, string Name)[] ProtBits = [(1, "PROT_READ"), (2, "PROT_WRITE"), (4, "PROT_EXEC"), (0x1000000, "PROT_GROWSDOWN"), (0x2000000, "PROT_GROWSUP")];

    private static readonly (ulong Bit, string Name)[] MapBits =
    [
        (0x10, "MAP_FIXED"), (0x20, "MAP_ANONYMOUS"), (0x40, "MAP_32BIT"), (0x100, "MAP_GROWSDOWN"), (0x800, "MAP_DENYWRITE"), (0x2000, "MAP_LOCKED"), (0x4000, "MAP_NORESERVE"),
        (0x8000, "MAP_POPULATE"), (0x10000, "MAP_NONBLOCK"), (0x20000, "MAP_STACK"), (0x40000, "MAP_HUGETLB"), (0x100000, "MAP_FIXED_NOREPLACE"),
    ];

    private static readonly (ulong Bit, string Name)[] CloneBits =
    [
        (0x100, "CLONE_VM"), (0x200, "CLONE_FS"), (0x400, "CLONE_FILES"), (0x800, "CLONE_SIGHAND"), (0x1000, "CLONE_PIDFD"), (0x2000, "CLONE_PTRACE"), (0x4000, "CLONE_VFORK"),
        (0x8000, "CLONE_PARENT"), (0x10000, "CLONE_THREAD"), (0x20000, "CLONE_NEWNS"), (0x40000, "CLONE_SYSVSEM"), (0x80000, "CLONE_SETTLS"), (0x100000, "CLONE_PARENT_SETTID"),
        (0x200000, "CLONE_CHILD_CLEARTID"), (0x1000000, "CLONE_CHILD_SETTID"), (0x2000000, "CLONE_NEWCGROUP"), (0x4000000, "CLONE_NEWUTS"), (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"), (0x20000000, "CLONE_NEWPID"), (0x40000000, "CLONE_NEWNET"),
    ];

    private static readonly (ulong Bit, string Name)[] AtBits =
        [(0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x400, "AT_SYMLINK_FOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"), (0x2000, "AT_STATX_FORCE_SYNC"), (0x4000, "AT_STATX_DONT_SYNC")];

    private static readonly (ulong Bit, string Name)[] MessageBits =
    [
        (1, "MSG_OOB"), (2, "MSG_PEEK"), (4, "MSG_DONTROUTE"), (0x20, "MSG_TRUNC"), (0x40, "MSG_DONTWAIT"), (0x80, "MSG_EOR"), (0x100, "MSG_WAITALL"), (0x4000, "MSG_NOSIGNAL"), (0x8000, "MSG_MORE"),
        (0x40000000, "MSG_CMSG_CLOEXEC"),
    ];

    private static readonly (ulong Bit, string Name)[] EventBits =
    [
        (1, "EPOLLIN"), (2, "EPOLLPRI"), (4, "EPOLLOUT"), (8, "EPOLLERR"), (0x10, "EPOLLHUP"), (0x40, "EPOLLRDNORM"), (0x100, "EPOLLWRNORM"), (0x2000, "EPOLLRDHUP"), (1u << 28, "EPOLLEXCLUSIVE"),
        (1u << 30, "EPOLLONESHOT"), (1u << 31, "EPOLLET"),
    ];

    private static readonly (ulong Bit, string Name)[] SocketBits = [(0x80000, "SOCK_CLOEXEC"), (0x800, "SOCK_NONBLOCK")];

    private static readonly (ulong Bit, string Name)[] WaitBits =
        [(1, "WNOHANG"), (2, "WSTOPPED"), (4, "WEXITED"), (8, "WCONTINUED"), (0x20000000, "__WNOTHREAD"), (0x40000000, "__WALL"), (0x80000000, "__WCLONE")];

    private static readonly string[] Families = Sparse("0 AF_UNSPEC,1 AF_UNIX,2 AF_INET,10 AF_INET6,16 AF_NETLINK,17 AF_PACKET,38 AF_ALG,40 AF_VSOCK,44 AF_XDP");
    private static readonly string[] SocketTypes = Sparse("1 SOCK_STREAM,2 SOCK_DGRAM,3 SOCK_RAW,4 SOCK_RDM,5 SOCK_SEQPACKET");

    private static readonly string[] Signals = Sparse("1 SIGHUP,2 SIGINT,3 SIGQUIT,4 SIGILL,5 SIGTRAP,6 SIGABRT,7 SIGBUS,8 SIGFPE,9 SIGKILL,10 SIGUSR1,11 SIGSEGV,12 SIGUSR2,13 SIGPIPE,14 SIGALRM,"
        + "15 SIGTERM,16 SIGSTKFLT,17 SIGCHLD,18 SIGCONT,19 SIGSTOP,20 SIGTSTP,21 SIGTTIN,22 SIGTTOU,23 SIGURG,24 SIGXCPU,25 SIGXFSZ,26 SIGVTALRM,27 SIGPROF,28 SIGWINCH,29 SIGIO,30 SIGPWR,31 SIGSYS");

    private static readonly string[] FcntlCommands = Sparse("0 F_DUPFD,1 F_GETFD,2 F_SETFD,3 F_GETFL,4 F_SETFL,5 F_GETLK,6 F_SETLK,7 F_SETLKW,8 F_SETOWN,9 F_GETOWN,36 F_OFD_GETLK,37 F_OFD_SETLK,"
        + "38 F_OFD_SETLKW,1030 F_DUPFD_CLOEXEC,1031 F_SETPIPE_SZ,1032 F_GETPIPE_SZ,1033 F_ADD_SEALS,1034 F_GET_SEALS");

    private static readonly string[] FutexOperations = Sparse("0 FUTEX_WAIT,1 FUTEX_WAKE,2 FUTEX_FD,3 FUTEX_REQUEUE,4 FUTEX_CMP_REQUEUE,5 FUTEX_WAKE_OP,6 FUTEX_LOCK_PI,7 FUTEX_UNLOCK_PI,"
        + "8 FUTEX_TRYLOCK_PI,9 FUTEX_WAIT_BITSET,10 FUTEX_WAKE_BITSET,11 FUTEX_WAIT_REQUEUE_PI,12 FUTEX_CMP_REQUEUE_PI,13 FUTEX_LOCK_PI2");

    private static readonly string[] Resources = Sparse("0 RLIMIT_CPU,1 RLIMIT_FSIZE,2 RLIMIT_DATA,3 RLIMIT_STACK,4 RLIMIT_CORE,5 RLIMIT_RSS,6 RLIMIT_NPROC,7 RLIMIT_NOFILE,8 RLIMIT_MEMLOCK,"
        + "9 RLIMIT_AS,10 RLIMIT_LOCKS,11 RLIMIT_SIGPENDING,12 RLIMIT_MSGQUEUE,13 RLIMIT_NICE,14 RLIMIT_RTPRIO,15 RLIMIT_RTTIME");

    private static readonly string[] Clocks = Sparse("0 CLOCK_REALTIME,1 CLOCK_MONOTONIC,2 CLOCK_PROCESS_CPUTIME_ID,3 CLOCK_THREAD_CPUTIME_ID,4 CLOCK_MONOTONIC_RAW,5 CLOCK_REALTIME_COARSE,"
        + "6 CLOCK_MONOTONIC_COARSE,7 CLOCK_BOOTTIME");

    private static readonly string[] Advices = Sparse("0 MADV_NORMAL,1 MADV_RANDOM,2 MADV_SEQUENTIAL,3 MADV_WILLNEED,4 MADV_DONTNEED,8 MADV_FREE,9 MADV_REMOVE,10 MADV_DONTFORK,11 MADV_DOFORK,"
        + "12 MADV_MERGEABLE,14 MADV_HUGEPAGE,15 MADV_NOHUGEPAGE,16 MADV_DONTDUMP,18 MADV_WIPEONFORK,20 MADV_COLD,21 MADV_PAGEOUT");

    private static readonly Dictionary<ulong, string> Ioctls = new()
    {
        [0x5401] = "TCGETS", [0x5402] = "TCSETS", [0x5403] = "TCSETSW", [0x5404] = "TCSETSF", [0x540E] = "TIOCSCTTY", [0x540F] = "TIOCGPGRP", [0x5410] = "TIOCSPGRP", [0x5413] = "TIOCGWINSZ",
        [0x5414] = "TIOCSWINSZ", [0x541B] = "FIONREAD", [0x5421] = "FIONBIO", [0x5450] = "FIONCLEX", [0x5451] = "FIOCLEX", [0x8910] = "SIOCGIFNAME", [0x8912] = "SIOCGIFCONF", [0x8913] = "SIOCGIFFLAGS",
        [0x8915] = "SIOCGIFADDR", [0x8927] = "SIOCGIFHWADDR", [0x8933] = "SIOCGIFINDEX", [0x40049409] = "FICLONE",
    };

    public static string OpenFlags(ulong value)
    {
        var mode = (value & 3) switch { 0 => "O_RDONLY", 1 => "O_WRONLY", 2 => "O_RDWR", _ => "O_ACCMODE" };
        var rest = value & 0xFFFF_FFFC;
        return rest == 0 ? mode : $"{mode}|{Set(rest, OpenBits)}";
    }

    public static string PipeFlags(ulong value) => Set(value, OpenBits);

    public static string Protection(ulong value) => value == 0 ? "PROT_NONE" : Set(value, ProtBits);

    public static string MapFlags(ulong value)
    {
        var sharing = (value & 3) switch { 1 => "MAP_SHARED", 2 => "MAP_PRIVATE", 3 => "MAP_SHARED_VALIDATE", _ => "MAP_FILE" };
        return (value & ~3ul) == 0 ? sharing : $"{sharing}|{Set(value & ~3ul, MapBits)}";
    }

    public static string CloneFlags(ulong value)
    {
        var flags = Set(value & ~0xFFul, CloneBits);
        return (value & 0xFF) == 0 ? flags : flags == "0" ? Signal((int)(value & 0xFF)) : $"{flags}|{Signal((int)(value & 0xFF))}";
    }

    public static string At(ulong value) => Set((uint)value, AtBits);

    public static string Unlink(ulong value) => value == 0x200 ? "AT_REMOVEDIR" : Set((uint)value, AtBits);

    public static string Message(ulong value) => Set((uint)value, MessageBits);

    public static string Events(ulong value) => Set((uint)value, EventBits);

    public static string Wait(ulong value) => Set((uint)value, WaitBits);

    public static string SocketFlags(ulong value) => Set((uint)value, SocketBits);

    public static string SocketType(ulong value)
    {
        var type = Of(SocketTypes, value & 0xF);
        return (value & ~0xFul) == 0 ? type : $"{type}|{Set((uint)value & ~0xFu, SocketBits)}";
    }

    public static string Family(ulong value) => Of(Families, (uint)value);

    public static string Signal(int value) => value is >= 34 and <= 64 ? string.Create(CultureInfo.InvariantCulture, $"SIGRT_{value - 32}") : Of(Signals, (ulong)(uint)value);

    public static string Fcntl(ulong value) => Of(FcntlCommands, (uint)value);

    public static string Resource(ulong value) => Of(Resources, (uint)value);

    public static string Clock(ulong value) => Of(Clocks, (uint)value);

    public static string Advice(ulong value) => Of(Advices, (uint)value);

    public static string Ioctl(ulong value) => Ioctls.TryGetValue((uint)value, out var name) ? name : Hex((uint)value);

    public static string Access(ulong value) => (uint)value == 0 ? "F_OK" : Set((uint)value, [(4, "R_OK"), (2, "W_OK"), (1, "X_OK")]);

    public static string Seek(ulong value) => Of(["SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE"], (uint)value);

    public static string Shutdown(ulong value) => Of(["SHUT_RD", "SHUT_WR", "SHUT_RDWR"], (uint)value);

    public static string SignalMask(ulong value) => Of(["SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK"], (uint)value);

    public static string EpollOperation(ulong value) => Of(["", "EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EPOLL_CTL_MOD"], (uint)value);

    public static string EpollFlags(ulong value) => Set((uint)value, [(0x80000, "EPOLL_CLOEXEC")]);

    public static string Flock(ulong value) => Set((uint)value, [(1, "LOCK_SH"), (2, "LOCK_EX"), (8, "LOCK_UN"), (4, "LOCK_NB")]);

    public static string SocketLevel(ulong value) => (uint)value switch { 1 => "SOL_SOCKET", 0 => "SOL_IP", 6 => "SOL_TCP", 17 => "SOL_UDP", 41 => "SOL_IPV6", _ => ((uint)value).ToString(CultureInfo.InvariantCulture) };

    public static string Futex(ulong value)
    {
        var name = Of(FutexOperations, value & 0x7F);
        return name + ((value & 0x80) != 0 ? "_PRIVATE" : "") + ((value & 0x100) != 0 ? "|FUTEX_CLOCK_REALTIME" : "");
    }

    public static string Hex(ulong value) => value == 0 ? "0" : $"0x{value:x}";

    /// <summary>Names of the bits that are set, the longest match first as listed; what has no name follows in hexadecimal.</summary>
    private static string Set(ulong value, (ulong Bit, string Name)[] bits)
    {
        if (value == 0)
        {
            return "0";
        }
        var names = new List<string>();
        foreach (var (bit, name) in bits)
        {
            if ((value & bit) == bit)
            {
                names.Add(name);
                value &= ~bit;
            }
        }
        return value == 0 ? string.Join('|', names) : string.Join('|', names.Append(Hex(value)));
    }

    private static string Of(string?[] names, ulong value) =>
        value < (ulong)names.Length && names[value] is { Length: > 0 } name ? name : Hex(value);

    private static string[] Sparse(string list)
    {
        var entries = list.Split(',').Select(entry => entry.Split(' ')).ToDictionary(parts => int.Parse(parts[0], CultureInfo.InvariantCulture), parts => parts[1]);
        var names = new string[entries.Keys.Max() + 1];
        foreach (var (value, name) in entries)
        {
            names[value] = name;
        }
        return names;
    }
}
