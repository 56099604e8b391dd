using System.Buffers.Binary;
using System.Globalization;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Decoding;

/// <summary>From a slot to words.</summary>
/// <param name="buffers">Show what was read and written, also by others than standard output and error.</param>
public sealed class CallDecoder(bool buffers = false)
{
    private const int CurrentDirectory = -100;
    private const ulong CreatesAFile = 0x40 | 0x400000;

    public DecodedCall Decode(RecordedCall call)
    {
        var signature = CallTable.Of(call.Number);
        if (signature.Parameters is not { } parameters)
        {
            return new DecodedCall(call, signature.Name, [.. Enumerable.Range(0, 6).Select(index => ($"arg{index}", Constants.Hex(call.Argument(index))))], Returned(call, signature.Name));
        }
        var values = new List<(string, string)>(parameters.Length);
        var item = 0;
        for (var index = 0; index < parameters.Length; index++)
        {
            var kept = item < signature.Items.Length && signature.Items[item].Argument == index ? item++ : -1;
            if (parameters[index].Kind == "mode" && IsUnused(parameters, call, index))
            {
                continue;
            }
            values.Add((parameters[index].Name, Value(call, signature, parameters[index].Kind, index, kept)));
        }
        return new DecodedCall(call, signature.Name, values, Returned(call, signature.Name));
    }

    /// <summary>The mode of open counts only when it makes a file.</summary>
    private static bool IsUnused(Parameter[] parameters, RecordedCall call, int index) =>
        index > 0 && parameters[index - 1].Kind == "open" && (call.Argument(index - 1) & CreatesAFile) == 0;

    private string Value(RecordedCall call, CallSignature signature, string kind, int index, int kept)
    {
        var value = call.Argument(index);
        return kind switch
        {
            "fd" or "int" => Signed(value),
            "dirfd" => (int)value == CurrentDirectory ? "AT_FDCWD" : Signed(value),
            "uint" => ((uint)value).ToString(CultureInfo.InvariantCulture),
            "size" => value.ToString(CultureInfo.InvariantCulture),
            "offset" => ((long)value).ToString(CultureInfo.InvariantCulture),
            "ptr" => value == 0 ? "NULL" : Constants.Hex(value),
            "mode" => Octal((uint)value & 0xFFFF),
            "path" or "in" or "out" or "addr" or "outaddr" or "argv" or "pipe" or "timespec" or "epollevent" => Kept(call, signature, kind, index, kept),
            _ => Named(kind, value),
        };
    }

    private static string Named(string kind, ulong value) => kind switch
    {
        "open" => Constants.OpenFlags(value),
        "pipeflags" => Constants.PipeFlags(value),
        "prot" => Constants.Protection(value),
        "mmap" => Constants.MapFlags(value),
        "clone" => Constants.CloneFlags(value),
        "at" => Constants.At(value),
        "unlinkat" => Constants.Unlink(value),
        "msg" => Constants.Message(value),
        "wait" => Constants.Wait(value),
        "sockflags" => Constants.SocketFlags(value),
        "socktype" => Constants.SocketType(value),
        "family" => Constants.Family(value),
        "signal" => Constants.Signal((int)value),
        "fcntl" => Constants.Fcntl(value),
        "rlimit" => Constants.Resource(value),
        "clock" => Constants.Clock(value),
        "advice" => Constants.Advice(value),
        "ioctl" => Constants.Ioctl(value),
        "access" => Constants.Access(value),
        "seek" => Constants.Seek(value),
        "shut" => Constants.Shutdown(value),
        "how" => Constants.SignalMask(value),
        "epollop" => Constants.EpollOperation(value),
        "epollflags" => Constants.EpollFlags(value),
        "flock" => Constants.Flock(value),
        "sockopt" => Constants.SocketLevel(value),
        "futex" => Constants.Futex(value),
        _ => Constants.Hex(value),
    };

    private string Kept(RecordedCall call, CallSignature signature, string kind, int index, int kept)
    {
        var pointer = call.Argument(index);
        if (pointer == 0)
        {
            return "NULL";
        }
        var isBuffer = kind is "in" or "out";
        var length = kept < 0 ? RecordedCall.NotTried : call.ItemLength(kept);
        if (length == RecordedCall.NotTried || (isBuffer && !buffers && !IsLog(call, signature)))
        {
            return Constants.Hex(pointer);
        }
        if (length < 0)
        {
            return $"{Constants.Hex(pointer)} (unreadable)";
        }
        var whole = signature.Items.Length == 1;
        var bytes = call.Item(kept, whole);
        var room = whole ? SlotLayout.PayloadBytes : SlotLayout.HalfPayloadBytes;
        return kind switch
        {
            // The kernel counts the NUL.
            "path" => Escaped.Quoted(bytes[..Math.Max(0, bytes.Length - 1)], bytes.Length == room),
            "argv" => Arguments(bytes, bytes.Length == room),
            "pipe" when bytes.Length >= 8 => $"[{BinaryPrimitives.ReadInt32LittleEndian(bytes)}, {BinaryPrimitives.ReadInt32LittleEndian(bytes[4..])}]",
            "timespec" when bytes.Length >= 16 => Duration(bytes),
            "epollevent" when bytes.Length >= 12 => $"{{events={Constants.Events(BinaryPrimitives.ReadUInt32LittleEndian(bytes))}, data={Constants.Hex(BinaryPrimitives.ReadUInt64LittleEndian(bytes[4..]))}}}",
            "addr" or "outaddr" => SocketAddress.Text(bytes, bytes.Length == room),
            _ => Escaped.Quoted(bytes, (kind == "in" ? call.Argument(index + 1) : (ulong)Math.Max(0, call.Return)) > (ulong)bytes.Length),
        };
    }

    /// <summary>What a program says on standard output and error is its log, which is there to be read; everything else may be a secret.</summary>
    private static bool IsLog(RecordedCall call, CallSignature signature) => signature.Name == "write" && call.Argument(0) is 1 or 2;

    private static string Arguments(ReadOnlySpan<byte> bytes, bool cut)
    {
        var words = new List<string>();
        var count = 0;
        while (!bytes.IsEmpty && count++ < SlotLayout.HalfPayloadBytes)
        {
            var end = bytes.IndexOf((byte)0);
            words.Add(Escaped.Quoted(end < 0 ? bytes : bytes[..end], end < 0));
            bytes = end < 0 ? default : bytes[(end + 1)..];
        }
        if (cut || words.Count >= MostArguments)
        {
            words.Add("...");
        }
        return $"[{string.Join(", ", words)}]";
    }

    /// <summary>As many words of an argv as the kernel side reads.</summary>
    private const int MostArguments = 8;

    private static string Duration(ReadOnlySpan<byte> bytes)
    {
        var (seconds, nanoseconds) = (BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]));
        return string.Create(CultureInfo.InvariantCulture, $"{{tv_sec={seconds}, tv_nsec={nanoseconds}}}");
    }

    private static string Returned(RecordedCall call, string name)
    {
        if (call.State != CallState.Returned)
        {
            return call.State switch { CallState.Final => "?", CallState.InFlight => "? (not returned yet)", _ => "? (its return was lost)" };
        }
        if (call.Error != 0)
        {
            var start = call.Error >= 512 ? "?" : "-1";
            return $"{start} {ErrorNames.Name(call.Error)} ({ErrorNames.Words(call.Error)})";
        }
        if (name == "umask")
        {
            return Octal((uint)call.Return);
        }
        return name is "mmap" or "brk" or "mremap" or "shmat" ? Constants.Hex((ulong)call.Return) : call.Return.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>With a leading zero and at least three digits, as strace writes modes.</summary>
    private static string Octal(uint value) => ("0" + Convert.ToString(value, 8)).PadLeft(3, '0');

    private static string Signed(ulong value) => ((int)value).ToString(CultureInfo.InvariantCulture);
}
