using System.Globalization;
using Plumb.Recorder.Descriptors;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Decoding;

/// <summary>From a slot to words. Calls are to be given in the order of their return: what descriptors refer to is followed from one to the next.</summary>
/// <param name="privacy">What may be seen; it is applied first, so that a decoded call holds nothing else.</param>
/// <param name="live">Reads /proc of processes that run now; null for calls that were recorded earlier or elsewhere.</param>
public sealed class CallDecoder(Privacy privacy, LiveDescriptors? live = null)
{
    private const int CurrentDirectory = -100;
    private const int SetName = 15;
    private const ulong CreatesAFile = 0x40 | 0x400000;

    private readonly DescriptorTables _descriptors = new(live);

    /// <param name="buffers">Show what was read and written, also by others than standard output and error.</param>
    public CallDecoder(bool buffers = false)
        : this(buffers ? new Privacy(buffers: true) : Privacy.Default)
    {
    }

    /// <summary>What was read from one ring, with its holes.</summary>
    public IReadOnlyList<(DecodedCall? Call, ulong Missing)> Decode(IReadOnlyList<RingEntry> entries) => Decode(entries, _ => "");

    /// <summary>What was read from several rings, each in its own order.</summary>
    /// <param name="ring">Names the ring of the entry of this index: a hole in one says nothing of the processes in another.</param>
    public IReadOnlyList<(DecodedCall? Call, ulong Missing)> Decode(IReadOnlyList<RingEntry> entries, Func<int, string> ring)
    {
        _descriptors.Expect(entries.Where(entry => entry.Call is not null).Select(entry => entry.Call!));
        var decoded = new List<(DecodedCall?, ulong)>(entries.Count);
        for (var index = 0; index < entries.Count; index++)
        {
            var (call, missing) = entries[index];
            if (call is null)
            {
                _descriptors.Forget(ring(index));
            }
            decoded.Add((call is null ? null : Decode(call, ring(index)), missing));
        }
        return decoded;
    }

    public DecodedCall Decode(RecordedCall recorded) => Decode(recorded, "");

    private DecodedCall Decode(RecordedCall recorded, string ring)
    {
        _descriptors.Meet(recorded, ring);
        var call = privacy.Scrub(recorded, _descriptors);
        var signature = CallTable.Of(call.Number);
        var values = signature.Parameters is null ? [.. Enumerable.Range(0, 6).Select(index => ($"arg{index}", Constants.Hex(call.Argument(index))))] : Values(call, signature);
        var (path, target) = About(call, signature);
        _descriptors.Follow(call, signature);
        // What it returned is a descriptor only now, and a socket has its other end.
        target = signature.Name is "connect" or "bind" ? About(call, signature).Target : target;
        return new DecodedCall(call, signature.Name, values, Returned(call, signature)) { Path = path, Target = target, Dns = Dns(call, signature) };
    }

    private static DnsMessage? Dns(RecordedCall call, CallSignature signature)
    {
        for (var item = 0; item < signature.Items.Length; item++)
        {
            if (Privacy.IsContent(signature, item) && call.Item(signature, item) is { IsEmpty: false } bytes)
            {
                return DnsMessage.Of(bytes, bytes.Length == signature.Place(item).Room);
            }
        }
        return null;
    }

    private (string? Path, Descriptor? Target) About(RecordedCall call, CallSignature signature)
    {
        var parameters = signature.Parameters ?? [];
        var path = Array.FindIndex(parameters, parameter => parameter.Kind == "path");
        var from = path > 0 && parameters[path - 1].Kind == "dirfd" ? (int)call.Argument(path - 1) : CurrentDirectory;
        var descriptor = path < 0 ? Array.FindIndex(parameters, parameter => parameter.Kind is "fd") : -1;
        return (path < 0 ? null : _descriptors.PathOf(call, signature, path, from), descriptor < 0 ? null : _descriptors.Find(call.ProcessId, (int)call.Argument(descriptor)));
    }

    private List<(string Name, string Value)> Values(RecordedCall call, CallSignature signature)
    {
        var parameters = signature.Parameters!;
        var values = new List<(string, string)>(parameters.Length);
        for (var index = 0; index < parameters.Length; index++)
        {
            // The mode of open counts only when it makes a file.
            var isUnused = parameters[index].Kind == "mode" && index > 0 && parameters[index - 1].Kind == "open" && (call.Argument(index - 1) & CreatesAFile) == 0;
            if (!isUnused && Value(call, signature, index) is { } value)
            {
                values.Add((parameters[index].Name, value));
            }
        }
        return values;
    }

    /// <summary>Null when the parameter has no meaning in this call.</summary>
    private string? Value(RecordedCall call, CallSignature signature, int index)
    {
        var value = call.Argument(index);
        var kind = signature.Parameters![index].Kind;
        return kind switch
        {
            "fd" => Named(call, (int)value),
            "dirfd" => (int)value == CurrentDirectory ? "AT_FDCWD" : Named(call, (int)value),
            "int" => Signed(value),
            "uint" => ((uint)value).ToString(CultureInfo.InvariantCulture),
            "size" => value.ToString(CultureInfo.InvariantCulture),
            "offset" => ((long)value).ToString(CultureInfo.InvariantCulture),
            "ptr" => value == 0 ? "NULL" : Constants.Hex(value),
            "mode" => Mode((uint)value & 0xFFFF),
            "optname" => SocketOption.Name((int)call.Argument(1), (int)value),
            "protocol" => Protocol((uint)call.Argument(0), (uint)value),
            "futexaddr" => IsRequeue(call) ? Constants.Hex(value) : null,
            "futexval" => IsRequeue(call) || (call.Argument(1) & 0x7F) is 9 or 10 ? Constants.Hex((uint)value) : null,
            "prctlrest" => (int)call.Argument(0) == SetName ? null : Constants.Hex(value),
            _ => signature.ItemOf(index) is >= 0 and var item ? Kept(call, signature, kind, index, item) : Constants.Of(kind, value),
        };
    }

    private string Named(RecordedCall call, int descriptor)
    {
        var number = descriptor.ToString(CultureInfo.InvariantCulture);
        return _descriptors.Find(call.ProcessId, descriptor) is { } open ? $"{number}<{open.Name}>" : number;
    }

    private string? Kept(RecordedCall call, CallSignature signature, string kind, int index, int item)
    {
        var pointer = call.Argument(index);
        var bytes = call.Item(signature, item);
        switch (kind)
        {
            case "fcntlarg":
                return FcntlArgument.Text(call.Argument(1), pointer, bytes);
            case "ioctlarg":
                return IoctlArgument.Text(call.Argument(1), pointer, bytes);
            case "futextime" when (call.Argument(1) & 0x7F) is not (0 or 6 or 9 or 11 or 13):
                return IsRequeue(call) ? Constants.Hex(pointer) : null;
            case "prctlarg" when bytes.IsEmpty:
                return Constants.Hex(pointer);
        }
        if (pointer == 0)
        {
            return "NULL";
        }
        var length = call.ItemLength(item);
        if (length == RecordedCall.NotTried)
        {
            return Constants.Hex(pointer);
        }
        if (length < 0)
        {
            return $"{Constants.Hex(pointer)} (unreadable)";
        }
        var structure = Structures.Text(kind, bytes);
        return structure is null ? Bytes(call, signature, kind, index, item)
            : kind == "entries" ? $"{Constants.Hex(pointer)} {structure}" : structure;
    }

    /// <summary>Texts, and structures whose text needs the rest of the call.</summary>
    private string Bytes(RecordedCall call, CallSignature signature, string kind, int index, int item)
    {
        var bytes = call.Item(signature, item);
        var isCut = bytes.Length == signature.Place(item).Room;
        var next = index + 1 < 6 ? call.Argument(index + 1) : 0;
        var length = (ulong)Math.Max(0, call.Return);
        return kind switch
        {
            // The kernel counts the NUL.
            "path" or "prctlarg" => Escaped.Quoted(bytes[..Math.Max(0, bytes.Length - 1)], isCut),
            "link" when signature.Name == "getcwd" => Escaped.Quoted(bytes.TrimEnd((byte)0), isCut),
            "link" => Escaped.Quoted(bytes, length > (ulong)bytes.Length),
            "argv" => Arguments(bytes, isCut),
            "addr" or "outaddr" => SocketAddress.Text(bytes, isCut),
            "optval" or "optvalout" => SocketOption.Value((int)call.Argument(1), (int)call.Argument(2), bytes),
            "pollfds" => Structures.Polled(bytes, next, call is { State: CallState.Returned, Return: > 0 }, descriptor => Named(call, descriptor)),
            "epollevents" => Structures.EpollEvents(bytes, call.Return, signature.Items[item].Size),
            "fdset" => Structures.DescriptorSet(bytes, (int)Math.Min(call.Argument(0), 1024), descriptor => Named(call, descriptor)),
            "vector" or "vectorout" => Structures.Vector(bytes, next, call.Item(signature, item + 1), kind == "vectorout" ? length : ulong.MaxValue, call.ItemLength(item + 1) >= 0),
            "message" or "messageout" when bytes.Length >= 16 => Structures.Message(bytes, call.Item(signature, item + 1), call.ItemLength(item + 1) >= 0),
            "in" or "out" when DnsMessage.Of(bytes, isCut) is { } message => $"{{{message.Text}}}",
            "in" => Escaped.Quoted(bytes, next > (ulong)bytes.Length),
            "out" => Escaped.Quoted(bytes, length > (ulong)bytes.Length),
            _ => Constants.Hex(call.Argument(index)),
        };
    }

    private static string Arguments(ReadOnlySpan<byte> bytes, bool cut)
    {
        var words = new List<string>();
        while (!bytes.IsEmpty && words.Count < SlotLayout.HalfPayloadBytes)
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

    private string Returned(RecordedCall call, CallSignature signature)
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
        return signature.Name switch
        {
            "umask" => Constants.Octal((uint)call.Return),
            "mmap" or "brk" or "mremap" or "shmat" => Constants.Hex((ulong)call.Return),
            "fcntl" when FcntlArgument.Returned(call.Argument(1), call.Return) is { } flags => flags,
            "poll" or "ppoll" or "select" or "pselect6" when call.Return == 0 => "0 (Timeout)",
            var name when DescriptorEffects.MakesOne(call, name) => Named(call, (int)call.Return),
            _ => call.Return.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Operations of futex that take a second address.</summary>
    private static bool IsRequeue(RecordedCall call) => (call.Argument(1) & 0x7F) is 3 or 4 or 5 or 11 or 12;

    private static string Protocol(uint family, uint protocol) => family switch
    {
        2 or 10 => Constants.Of("protocol", protocol),
        16 => Constants.Of("netlink", protocol),
        _ => protocol.ToString(CultureInfo.InvariantCulture),
    };

    private static string Mode(uint mode) => (mode & 0xF000) == 0 ? Constants.Octal(mode) : Constants.FileMode(mode);

    private static string Signed(ulong value) => ((int)value).ToString(CultureInfo.InvariantCulture);
}
