using System.Buffers.Binary;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Descriptors;

/// <summary>What each call does to the descriptors of its process.</summary>
internal static class DescriptorEffects
{
    private const int CurrentDirectory = -100;
    private const ulong CloseOnExec = 0x80000;
    private const ulong MemfdCloseOnExec = 1;
    private const ulong CloneFork = 17;
    private const int InProgress = 115;
    private const int DupCommand = 0;
    private const int DupCloseOnExecCommand = 1030;
    private const int SetDescriptorFlags = 2;
    private const uint IoctlCloseOnExec = 0x5451;
    private const ulong RangeCloseOnExec = 4;

    public static void Apply(RecordedCall call, CallSignature signature, ProcessDescriptors process)
    {
        var connects = signature.Name == "connect" && call.Error is 0 or InProgress;
        if (call.State != CallState.Returned || (call.Error != 0 && !connects))
        {
            return;
        }
        var first = (int)call.Argument(0);
        switch (signature.Name)
        {
            case "close":
                process.Close(first, call.EnterNs);
                break;
            case "close_range":
                CloseRange(call, process);
                break;
            case "execve" or "execveat":
                process.Exec();
                break;
            case "dup" or "dup2" or "dup3":
                Duplicate(process, first, (int)call.Return, signature.Name == "dup3" && (call.Argument(2) & CloseOnExec) != 0, call.EnterNs);
                break;
            case "fcntl":
                Fcntl(call, process, first);
                break;
            case "ioctl" when (uint)call.Argument(1) == IoctlCloseOnExec:
                process.Change(first, descriptor => descriptor with { ClosesOnExec = true });
                break;
            case "chdir":
                process.Directory = Absolute(process, CurrentDirectory, Path(call, signature, 0));
                break;
            case "fchdir":
                process.Directory = process[first]?.Name;
                break;
            case "pipe" or "pipe2" or "socketpair":
                Pair(call, signature, process);
                break;
            case "connect" or "bind" or "getsockname" or "getpeername" or "accept" or "accept4":
                SocketEnds(call, signature, process, first);
                break;
            default:
                if (Made(call, signature, process) is { } made)
                {
                    process.Open((int)call.Return, made);
                }
                break;
        }
    }

    /// <summary>The descriptors that a call closes or makes anew.</summary>
    public static IEnumerable<int> Touched(RecordedCall call)
    {
        var signature = CallTable.Of(call.Number);
        switch (signature.Name)
        {
            case "close":
                return [(int)call.Argument(0)];
            case "dup2" or "dup3":
                return [(int)call.Argument(1)];
            case "pipe" or "pipe2" or "socketpair":
                var at = signature.Name == "socketpair" ? 3 : 0;
                return signature.ItemOf(at) is >= 0 and var item && call.Item(signature, item) is { Length: >= 8 } both
                    ? [BinaryPrimitives.ReadInt32LittleEndian(both), BinaryPrimitives.ReadInt32LittleEndian(both[4..])] : [];
            case "close_range":
                var (from, to) = ((int)Math.Min(call.Argument(0), int.MaxValue), (int)Math.Min(call.Argument(1), MostInRange));
                return from <= to ? Enumerable.Range(from, to - from + 1) : [];
            default:
                return MakesOne(call, signature.Name) ? [(int)call.Return] : [];
        }
    }

    private const int MostInRange = 4096;

    public static ulong CloneFlags(RecordedCall call, CallSignature signature) => signature.Name switch
    {
        "clone" => call.Argument(0),
        "clone3" when call.Item(signature, 0) is { Length: >= 8 } arguments => BinaryPrimitives.ReadUInt64LittleEndian(arguments),
        _ => CloneFork,
    };

    /// <summary>Whether what the call returned is a descriptor.</summary>
    public static bool MakesOne(RecordedCall call, string name) =>
        call is { State: CallState.Returned, Error: 0 } && (MakingCalls.Contains(name) || (name == "fcntl" && (int)call.Argument(1) is DupCommand or DupCloseOnExecCommand));

    private static readonly HashSet<string> MakingCalls =
    [
        "open", "openat", "openat2", "creat", "socket", "accept", "accept4", "dup", "dup2", "dup3", "eventfd", "eventfd2", "epoll_create", "epoll_create1", "timerfd_create", "memfd_create", "inotify_init",
        "inotify_init1", "signalfd", "signalfd4", "pidfd_open", "pidfd_getfd", "userfaultfd", "perf_event_open", "fanotify_init", "io_uring_setup", "open_tree", "fsopen", "fsmount", "landlock_create_ruleset",
    ];

    private static Descriptor? Made(RecordedCall call, CallSignature signature, ProcessDescriptors process)
    {
        Descriptor Simple(string kind, ulong flags, string? name = null) => new(kind, name ?? kind, (flags & CloseOnExec) != 0, call.EnterNs);
        return signature.Name switch
        {
            "open" => OfFile(call, Absolute(process, CurrentDirectory, Path(call, signature, 0)), call.Argument(1)),
            "creat" => OfFile(call, Absolute(process, CurrentDirectory, Path(call, signature, 0)), 0),
            "openat" => OfFile(call, Absolute(process, (int)call.Argument(0), Path(call, signature, 1)), call.Argument(2)),
            "openat2" => OfFile(call, Absolute(process, (int)call.Argument(0), Path(call, signature, 1)),
                signature.ItemOf(2) is var item && call.Item(signature, item) is { Length: >= 8 } how ? BinaryPrimitives.ReadUInt64LittleEndian(how) : 0),
            "socket" => Descriptor.Socket(Protocol(call.Argument(0), call.Argument(1), call.Argument(2)), null, null, (call.Argument(1) & CloseOnExec) != 0, call.EnterNs),
            "eventfd" => Simple("eventfd", 0),
            "eventfd2" => Simple("eventfd", call.Argument(1)),
            "epoll_create" => Simple("epoll", 0),
            "epoll_create1" => Simple("epoll", call.Argument(0)),
            "timerfd_create" => Simple("timerfd", call.Argument(1)),
            "memfd_create" => Simple("memfd", (call.Argument(1) & MemfdCloseOnExec) != 0 ? CloseOnExec : 0, $"memfd:{Path(call, signature, 0)}"),
            "inotify_init" => Simple("inotify", 0),
            "inotify_init1" => Simple("inotify", call.Argument(0)),
            "signalfd" => Simple("signalfd", 0),
            "signalfd4" => Simple("signalfd", call.Argument(3)),
            "pidfd_open" => Simple("pidfd", CloseOnExec, $"pidfd {(int)call.Argument(0)}"),
            "io_uring_setup" => Simple("io_uring", CloseOnExec),
            var name when MakingCalls.Contains(name) => Simple("other", CloseOnExec, name),
            _ => null,
        };
    }

    private static Descriptor? OfFile(RecordedCall call, string? path, ulong flags) => path is null ? null : new Descriptor(Descriptor.File, path, (flags & CloseOnExec) != 0, call.EnterNs);

    private static string Protocol(ulong family, ulong type, ulong protocol) => ((uint)family, type & 0xF) switch
    {
        (2, 1) => "TCP",
        (2, 2) => "UDP",
        (10, 1) => "TCPv6",
        (10, 2) => "UDPv6",
        (1, _) => "UNIX",
        (16, _) => $"NETLINK {Constants.Of("netlink", protocol)}",
        _ => Constants.Of("family", family),
    };

    private static void CloseRange(RecordedCall call, ProcessDescriptors process)
    {
        var (from, to) = ((uint)call.Argument(0), (uint)call.Argument(1));
        foreach (var number in process.All.Select(entry => entry.Key).Where(number => number >= from && number <= to).ToArray())
        {
            if ((call.Argument(2) & RangeCloseOnExec) != 0)
            {
                process.Change(number, descriptor => descriptor with { ClosesOnExec = true });
            }
            else
            {
                process.Close(number, call.EnterNs);
            }
        }
    }

    private static void Duplicate(ProcessDescriptors process, int from, int to, bool closesOnExec, ulong atNs)
    {
        if (process[from] is { } descriptor)
        {
            process.Open(to, from == to ? descriptor : descriptor with { ClosesOnExec = closesOnExec, SinceNs = atNs });
        }
        else if (from != to)
        {
            // What it was before is gone in any case.
            process.Close(to, ulong.MaxValue);
        }
    }

    private static void Fcntl(RecordedCall call, ProcessDescriptors process, int first)
    {
        switch ((int)call.Argument(1))
        {
            case DupCommand or DupCloseOnExecCommand:
                Duplicate(process, first, (int)call.Return, (int)call.Argument(1) == DupCloseOnExecCommand, call.EnterNs);
                break;
            case SetDescriptorFlags:
                process.Change(first, descriptor => descriptor with { ClosesOnExec = (call.Argument(2) & 1) != 0 });
                break;
        }
    }

    private static void Pair(RecordedCall call, CallSignature signature, ProcessDescriptors process)
    {
        var isSocket = signature.Name == "socketpair";
        if (signature.ItemOf(isSocket ? 3 : 0) is not (>= 0 and var item) || call.Item(signature, item) is not { Length: >= 8 } both)
        {
            return;
        }
        var flags = isSocket ? call.Argument(1) : signature.Name == "pipe2" ? call.Argument(1) : 0;
        var descriptor = new Descriptor(isSocket ? "UNIX" : "pipe", isSocket ? "UNIX pair" : "pipe", (flags & CloseOnExec) != 0, call.EnterNs);
        process.Open(BinaryPrimitives.ReadInt32LittleEndian(both), descriptor);
        process.Open(BinaryPrimitives.ReadInt32LittleEndian(both[4..]), descriptor);
    }

    private static void SocketEnds(RecordedCall call, CallSignature signature, ProcessDescriptors process, int first)
    {
        var item = signature.ItemOf(1);
        var bytes = call.Item(signature, item);
        var address = bytes.Length <= 2 ? null : SocketAddress.Text(bytes, false);
        var socket = process[first];
        if (signature.Name is "accept" or "accept4")
        {
            var flags = signature.Name == "accept4" ? call.Argument(3) : 0;
            process.Open((int)call.Return, Descriptor.Socket(socket?.Kind ?? "socket", socket?.Local, address, (flags & CloseOnExec) != 0, call.EnterNs));
        }
        else if (socket is not null && address is not null)
        {
            var isPeer = signature.Name is "connect" or "getpeername";
            process.Open(first, Descriptor.Socket(socket.Kind, isPeer ? socket.Local : address, isPeer ? address : socket.Peer, socket.ClosesOnExec, socket.SinceNs));
        }
    }

    /// <summary>The path as it was given, escaped; with three dots when it was cut.</summary>
    public static string? Path(RecordedCall call, CallSignature signature, int argument)
    {
        var item = signature.ItemOf(argument);
        var bytes = item < 0 ? default : call.Item(signature, item);
        return bytes.IsEmpty ? null : Escaped.Name(bytes[..^1]) + (bytes.Length == signature.Place(item).Room ? "..." : "");
    }

    public static string? Absolute(ProcessDescriptors process, int directory, string? path)
    {
        if (path is null or ['/', ..])
        {
            return path;
        }
        var from = directory == CurrentDirectory ? process.Directory : process[directory]?.Name;
        var relative = path == "." ? "" : path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        return from is null ? path : relative.Length == 0 ? from : $"{from.TrimEnd('/')}/{relative}";
    }
}
