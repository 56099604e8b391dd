using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Plumb.Recorder.Decoding;

/// <summary>What was kept of a structure, in the words that strace uses. A structure that was kept in part, too short for its fields, gives null.</summary>
internal static class Structures
{
    private const ulong Infinity = ulong.MaxValue;
    private const int SignalsInMask = 64;

    /// <summary>The structures whose text needs nothing but themselves.</summary>
    public static string? Text(string kind, ReadOnlySpan<byte> bytes) => (kind, bytes.Length) switch
    {
        ("pipe", >= 8) => $"[{Int(bytes)}<pipe>, {Int(bytes[4..])}<pipe>]",
        ("pair", >= 8) => $"[{Int(bytes)}<UNIX pair>, {Int(bytes[4..])}<UNIX pair>]",
        ("timespec" or "timespecout" or "futextime", >= 16) => Time(bytes, "nsec"),
        ("timeval" or "timevalout", >= 16) => Time(bytes, "usec"),
        ("timespecs", >= 32) => $"[{Time(bytes, "nsec")}, {Time(bytes[16..], "nsec")}]",
        ("itimerval" or "itimervalout", >= 32) => $"{{it_interval={Time(bytes, "usec")}, it_value={Time(bytes[16..], "usec")}}}",
        ("itimerspec", >= 32) => $"{{it_interval={Time(bytes, "nsec")}, it_value={Time(bytes[16..], "nsec")}}}",
        ("rusage", >= 32) => $"{{ru_utime={Time(bytes, "usec")}, ru_stime={Time(bytes[16..], "usec")}, ...}}",
        ("sigset" or "sigsetout", >= 8) => Signals(ULong(bytes)),
        ("rlimitval" or "rlimitout", >= 16) => $"{{rlim_cur={Limit(ULong(bytes))}, rlim_max={Limit(ULong(bytes[8..]))}}}",
        ("offsetptr", >= 8) => $"[{Long(bytes)}]",
        ("outlen" or "idout", >= 4) => $"[{Int(bytes)}]",
        ("status", >= 4) => WaitStatus((int)UInt(bytes)),
        ("siginfo", >= 32) => ChildInfo(bytes),
        ("stat", >= 16) => FileStatus(UInt(bytes), Long(bytes[8..]), "st"),
        // The upper half of the first word; the lower is the group.
        ("statx", >= 16) => FileStatus(BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]), Long(bytes[8..]), "stx"),
        ("statfs", >= 32) => $"{{f_type={Constants.Of("filesystem", ULong(bytes))}, f_bsize={ULong(bytes[8..])}, f_blocks={ULong(bytes[16..])}, f_bfree={ULong(bytes[24..])}, ...}}",
        ("sigaction" or "sigactionout", >= 32) => Action(bytes),
        ("sysinfo", >= 48) => $"{{uptime={Long(bytes)}, totalram={ULong(bytes[32..])}, freeram={ULong(bytes[40..])}, ...}}",
        ("utsname", >= 66) => $"{{sysname={Words(bytes[..65])}, nodename={Words(bytes[65..])}, ...}}",
        ("openhow", >= 24) => $"{{flags={Constants.OpenFlags(ULong(bytes))}{(ULong(bytes[8..]) == 0 ? "" : $", mode={Constants.Octal((uint)ULong(bytes[8..]))}")}, resolve={Constants.Of("resolve", ULong(bytes[16..]))}}}",
        ("cloneargs", >= 64) => CloneArguments(bytes),
        ("epollevent", >= 12) => EpollEvent(bytes),
        ("entries", >= 8) => $"/* {Int(bytes)}{(UInt(bytes[4..]) == 0 ? " or more" : "")} entries */",
        _ => null,
    };

    public static string Time(ReadOnlySpan<byte> bytes, string unit) => string.Create(CultureInfo.InvariantCulture, $"{{tv_sec={Long(bytes)}, tv_{unit}={Long(bytes[8..])}}}");

    /// <summary>The elements that were kept; three dots when there are more.</summary>
    /// <param name="named">Names a descriptor.</param>
    public static string Polled(ReadOnlySpan<byte> bytes, ulong count, bool returned, Func<int, string> named)
    {
        var text = new StringBuilder("[");
        for (var at = 0; at + 8 <= bytes.Length; at += 8)
        {
            var answered = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 6)..]);
            text.Append(at > 0 ? ", " : "").Append("{fd=").Append(named((int)UInt(bytes[at..]))).Append(", events=").Append(Constants.Of("pollevents", BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 4)..])))
                .Append(returned && answered != 0 ? $", revents={Constants.Of("pollevents", answered)}" : "").Append('}');
        }
        return text.Append((ulong)(bytes.Length / 8) < count ? ", ...]" : "]").ToString();
    }

    public static string EpollEvents(ReadOnlySpan<byte> bytes, long count, int size)
    {
        var events = new List<string>();
        for (var at = 0; at + size <= bytes.Length; at += size)
        {
            events.Add(EpollEvent(bytes.Slice(at, size)));
        }
        return $"[{string.Join(", ", events)}{(events.Count < count ? ", ..." : "")}]";
    }

    /// <summary>Lengths of a vector's buffers, with their content where it was kept.</summary>
    /// <param name="moved">Bytes that went through it; what is beyond was not touched.</param>
    public static string Vector(ReadOnlySpan<byte> lengths, ulong count, ReadOnlySpan<byte> content, ulong moved, bool isShown)
    {
        var text = new StringBuilder("[");
        for (var at = 0; at + 16 <= lengths.Length; at += 16)
        {
            var length = ULong(lengths[(at + 8)..]);
            var used = Math.Min(length, moved);
            var taken = (int)Math.Min(used, (ulong)content.Length);
            moved -= used;
            text.Append(at > 0 ? ", " : "").Append("{iov_base=").Append(isShown ? Escaped.Quoted(content[..taken], (ulong)taken < used) : Constants.Hex(ULong(lengths[at..])))
                .Append(CultureInfo.InvariantCulture, $", iov_len={length}}}");
            content = content[taken..];
        }
        return text.Append((ulong)(lengths.Length / 16) < count ? ", ...]" : "]").ToString();
    }

    public static string Message(ReadOnlySpan<byte> header, ReadOnlySpan<byte> content, bool isShown)
    {
        var (named, vectors, control) = ((int)UInt(header), UInt(header[4..]), UInt(header[8..]));
        var name = named == 0 || header.Length < 18 ? "NULL" : SocketAddress.Text(header[16..], named > header.Length - 16);
        return string.Create(CultureInfo.InvariantCulture,
            $"{{msg_name={name}, msg_namelen={named}, {(isShown ? $"msg_iov={(DnsMessage.Of(content, content.Length == 64) is { } dns ? $"{{{dns.Text}}}" : Escaped.Quoted(content, content.Length == 64))}, " : "")}msg_iovlen={vectors}, msg_controllen={control}, msg_flags={Constants.Of("msg", UInt(header[12..]))}}}");
    }

    /// <summary>The descriptors that are in a set of select.</summary>
    public static string DescriptorSet(ReadOnlySpan<byte> bytes, int count, Func<int, string> named)
    {
        var members = new List<string>();
        for (var fd = 0; fd < Math.Min(count, bytes.Length * 8); fd++)
        {
            if ((bytes[fd / 8] >> (fd % 8) & 1) != 0)
            {
                members.Add(named(fd));
            }
        }
        return $"[{string.Join(' ', members)}{(count > bytes.Length * 8 ? " ..." : "")}]";
    }

    /// <summary>As the C library's macros read it.</summary>
    public static string WaitStatus(int status)
    {
        var signal = status & 0x7F;
        return status == 0xFFFF ? "[{WIFCONTINUED(s)}]"
            : signal == 0 ? string.Create(CultureInfo.InvariantCulture, $"[{{WIFEXITED(s) && WEXITSTATUS(s) == {(status >> 8) & 0xFF}}}]")
            : signal == 0x7F ? $"[{{WIFSTOPPED(s) && WSTOPSIG(s) == {Constants.Signal((status >> 8) & 0xFF)}}}]"
            : $"[{{WIFSIGNALED(s) && WTERMSIG(s) == {Constants.Signal(signal)}{((status & 0x80) != 0 ? " && WCOREDUMP(s)" : "")}}}]";
    }

    /// <summary>A mask of signals, without their SIG; what is nearly full is shown by what it lacks.</summary>
    public static string Signals(ulong mask)
    {
        var isInverted = System.Numerics.BitOperations.PopCount(mask) > SignalsInMask * 2 / 3;
        var shown = isInverted ? ~mask : mask;
        var names = Enumerable.Range(1, SignalsInMask).Where(signal => (shown >> (signal - 1) & 1) != 0)
            .Select(signal => Constants.Signal(signal) is var name && name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : signal.ToString(CultureInfo.InvariantCulture));
        return $"{(isInverted ? "~" : "")}[{string.Join(' ', names)}]";
    }

    private static string FileStatus(uint mode, long size, string prefix)
    {
        var hasSize = (mode & 0xF000) is not (0x2000 or 0x6000);
        return string.Create(CultureInfo.InvariantCulture, $"{{{prefix}_mode={Constants.FileMode(mode)}{(hasSize ? $", {prefix}_size={size}" : "")}, ...}}");
    }

    private static string EpollEvent(ReadOnlySpan<byte> bytes) =>
        $"{{events={Constants.Of("epollevents", UInt(bytes))}, data={Constants.Hex(ULong(bytes[^8..]))}}}";

    private static string Action(ReadOnlySpan<byte> bytes)
    {
        var handler = ULong(bytes) switch { 0 => "SIG_DFL", 1 => "SIG_IGN", var address => Constants.Hex(address) };
        var flags = ULong(bytes[8..]);
        var restorer = (flags & 0x4000000) != 0 ? $", sa_restorer={Constants.Hex(ULong(bytes[16..]))}" : "";
        return $"{{sa_handler={handler}, sa_mask={Signals(ULong(bytes[24..]))}, sa_flags={Constants.Of("sigaction", flags)}{restorer}}}";
    }

    private static string ChildInfo(ReadOnlySpan<byte> bytes)
    {
        var code = UInt(bytes[8..]);
        var status = code == 1 ? Int(bytes[24..]) : Constants.Signal((int)UInt(bytes[24..]));
        return UInt(bytes) == 0 ? "{}" : $"{{si_signo={Constants.Signal((int)UInt(bytes))}, si_code={Constants.Of("cld", code)}, si_pid={Int(bytes[16..])}, si_uid={Int(bytes[20..])}, si_status={status}, ...}}";
    }

    private static string CloneArguments(ReadOnlySpan<byte> bytes) => string.Create(CultureInfo.InvariantCulture,
        $"{{flags={Constants.CloneFlags(ULong(bytes))}, exit_signal={Constants.Signal((int)ULong(bytes[32..]))}, stack={Ptr(bytes[40..])}, stack_size={Constants.Hex(ULong(bytes[48..]))}}}");

    private static string Limit(ulong value) => value == Infinity ? "RLIM64_INFINITY"
        : value > 1024 && value % 1024 == 0 ? string.Create(CultureInfo.InvariantCulture, $"{value / 1024}*1024") : value.ToString(CultureInfo.InvariantCulture);

    private static string Words(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)0) is >= 0 and var end ? Escaped.Quoted(bytes[..end], false) : Escaped.Quoted(bytes, true);

    private static string Ptr(ReadOnlySpan<byte> bytes) => ULong(bytes) == 0 ? "NULL" : Constants.Hex(ULong(bytes));

    private static string Int(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes).ToString(CultureInfo.InvariantCulture);

    private static uint UInt(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long Long(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private static ulong ULong(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);
}
