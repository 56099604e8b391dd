using System.Buffers.Binary;
using System.Text;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Tests.Recorder;

/// <summary>Makes slots as the kernel side writes them.</summary>
internal static class Slots
{
    public static byte[] Of(string name, ulong[] arguments, long result = 0, byte[]? first = null, byte[]? second = null, ulong position = 1, int process = 100, uint user = 0, ulong at = 1000, bool returned = true)
    {
        var slot = new byte[SlotLayout.Bytes];
        var number = CallTable.Known.Single(call => call.Signature.Name == name).Number;
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.Begin), position);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.End), position);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.EnterNs), at);
        BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.ExitNs), returned ? at + 500 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(SlotLayout.Return), result);
        for (var index = 0; index < arguments.Length; index++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.Arguments + (index * 8)), arguments[index]);
        }
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(SlotLayout.Process), process);
        BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(SlotLayout.Thread), process);
        BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(SlotLayout.Number), (ushort)number);
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(SlotLayout.User), user);
        Encoding.ASCII.GetBytes("app").CopyTo(slot.AsSpan(SlotLayout.Command));
        Keep(slot, 0, first);
        Keep(slot, 1, second);
        return slot;
    }

    public static RecordedCall Call(string name, ulong[] arguments, long result = 0, byte[]? first = null, byte[]? second = null, int process = 100, uint user = 0, ulong at = 1000,
        CallState state = CallState.Returned) =>
        new(Of(name, arguments, result, first, second, 1, process, user, at, state == CallState.Returned), state);

    /// <summary>A path as the kernel side keeps it, with its NUL.</summary>
    public static byte[] Path(string path) => Encoding.UTF8.GetBytes(path + "\0");

    private static void Keep(byte[] slot, int item, byte[]? bytes)
    {
        BinaryPrimitives.WriteInt16LittleEndian(slot.AsSpan(SlotLayout.Lengths + (item * 2)), (short)(bytes?.Length ?? RecordedCall.NotTried));
        bytes?.CopyTo(slot.AsSpan(SlotLayout.Payload + (item == 0 ? 0 : CallTable.Of(BinaryPrimitives.ReadUInt16LittleEndian(slot.AsSpan(SlotLayout.Number))).Place(item).Offset)));
    }
}
