using System.Buffers.Binary;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Decoding;

/// <summary>How much of what was kept of a parameter is ever shown: the kernel side keeps a fixed room, a call fills some of it.</summary>
internal static class ShownBytes
{
    private const int SetName = 15;
    private const int UnixFamily = 1;
    private const int Ip4Bytes = 16;
    private const int Ip6Bytes = 28;
    private const int NetlinkBytes = 12;

    /// <summary>Bytes of an item's place that are shown, at most those kept; 0 hides the item.</summary>
    public static int Of(RecordedCall call, CallSignature signature, int item)
    {
        var kept = call.Item(signature, item);
        var argument = signature.Items[item].Argument;
        return signature.KindOf(item) switch
        {
            "prctlarg" => (int)call.Argument(0) == SetName ? kept.Length : 0,
            "fcntlarg" => FcntlArgument.IsLock(call.Argument(1)) ? kept.Length : 0,
            "ioctlarg" => IoctlArgument.Bytes(call.Argument(1)),
            "optval" => SocketOption.IsShown((int)call.Argument(1), (int)call.Argument(2)) ? kept.Length : 0,
            "optvalout" => SocketOption.Bytes((int)call.Argument(1), (int)call.Argument(2)),
            "outaddr" => Math.Min(kept.Length, AddressBytes(kept, call, signature)),
            "fdset" => Math.Min(kept.Length, (int)Math.Min(call.Argument(0) + 63, 64 * 8) / 64 * 8),
            "pollfds" or "vector" or "vectorout" when argument + 1 < 6 && signature.Items[item].Kind == ItemKind.ArrayIn => kept.Length / signature.Items[item].Size * signature.Items[item].Size,
            // Nobody was waited for: the kernel wrote nothing.
            "status" when call.Return == 0 => 0,
            _ => kept.Length,
        };
    }

    /// <summary>The kernel gives an address's length back when the call has a parameter for it; without, only what a family fixes is certain.</summary>
    private static int AddressBytes(ReadOnlySpan<byte> address, RecordedCall call, CallSignature signature)
    {
        if (address.Length < 2)
        {
            return 0;
        }
        var length = Array.FindIndex(signature.Parameters!, parameter => parameter.Kind == "outlen") is >= 0 and var at && signature.ItemOf(at) is >= 0 and var item
            && call.Item(signature, item) is { Length: 4 } bytes ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : int.MaxValue;
        var fixedBytes = BinaryPrimitives.ReadUInt16LittleEndian(address) switch
        {
            2 => Ip4Bytes,
            10 => Ip6Bytes,
            16 => NetlinkBytes,
            UnixFamily when length != int.MaxValue => length,
            _ => 2,
        };
        return Math.Max(0, Math.Min(length, fixedBytes));
    }
}
