using System.Buffers.Binary;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Ptrace;

/// <summary>Fills a slot as the kernel side does (recorder.bpf.c, keep_at_enter and keep_at_exit), from the memory of a stopped process.</summary>
/// <param name="buffers">Keep also what is read and received.</param>
internal sealed class SlotWriter(int process, byte[] slot, bool buffers)
{
    private const int Unreadable = -14;
    private const ulong LowestPointer = 65536;
    private const int MostArguments = 8;
    private const int MostVectors = 4;
    private const int MessageBytes = 56;
    private const int MessageHeader = 16;
    private const int MostEntries = 128;

    private readonly CallSignature _signature = CallTable.Of(BinaryPrimitives.ReadUInt16LittleEndian(slot.AsSpan(SlotLayout.Number)));

    public void AtEnter()
    {
        for (var item = 0; item < 2; item++)
        {
            SetLength(item, RecordedCall.NotTried);
        }
        for (var item = 0; item < _signature.Items.Length; item++)
        {
            var (kept, from) = (_signature.Items[item], From(item));
            if (from < LowestPointer)
            {
                continue;
            }
            SetLength(item, kept.Kind switch
            {
                ItemKind.String => ProcessMemory.ReadString(process, from, Place(item)),
                ItemKind.BytesIn => Bytes(item, from, Argument(kept.Argument + 1)),
                ItemKind.StructIn => Bytes(item, from, kept.Size),
                ItemKind.ArrayIn => Bytes(item, from, (Argument(kept.Argument + 1) & 0xFFFF) * kept.Size),
                ItemKind.Arguments => Arguments(item, from),
                ItemKind.VectorIn => Vector(item, from, Argument(kept.Argument + 1), ulong.MaxValue),
                ItemKind.MessageIn => Message(item, from),
                ItemKind.MessageDataIn => MessageData(item, from, ulong.MaxValue),
                _ => RecordedCall.NotTried,
            });
        }
    }

    public void AtExit(long returned)
    {
        for (var item = 0; item < _signature.Items.Length; item++)
        {
            var (kept, from, size) = (_signature.Items[item], From(item), (ulong)Math.Max(0, returned));
            if (from < LowestPointer || returned < 0 || (!buffers && KeptItems.IsReceived(_signature, kept)))
            {
                continue;
            }
            int? length = kept.Kind switch
            {
                ItemKind.BytesOut or ItemKind.TextOut => Bytes(item, from, size),
                ItemKind.StructOut => Bytes(item, from, kept.Size),
                ItemKind.ArrayIn => Bytes(item, from, (Argument(kept.Argument + 1) & 0xFFFF) * kept.Size),
                ItemKind.ArrayOut => Bytes(item, from, (size & 0xFFFF) * kept.Size),
                ItemKind.WordsOut => Words(item, from, kept.Size),
                ItemKind.VectorOut => Vector(item, from, Argument(kept.Argument + 1), size),
                ItemKind.MessageOut => Message(item, from),
                ItemKind.MessageDataOut => MessageData(item, from, size),
                ItemKind.EntriesOut => Entries(item, from, size),
                _ => null,
            };
            if (length is { } known)
            {
                SetLength(item, known);
            }
        }
    }

    private ulong Argument(int index) => index > 5 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(slot.AsSpan(SlotLayout.Arguments + (index * 8)));

    private ulong From(int item) => Argument(_signature.Items[item].Argument);

    private Span<byte> Place(int item)
    {
        var (offset, room) = _signature.Place(item);
        return slot.AsSpan(SlotLayout.Payload + offset, room);
    }

    private void SetLength(int item, int length) => BinaryPrimitives.WriteInt16LittleEndian(slot.AsSpan(SlotLayout.Lengths + (item * 2)), (short)length);

    private int Bytes(int item, ulong from, ulong size)
    {
        var to = Place(item);
        to = to[..(int)Math.Min(size, (ulong)to.Length)];
        return ProcessMemory.TryRead(process, from, to) ? to.Length : Unreadable;
    }

    private int Words(int item, ulong from, byte places)
    {
        var to = Place(item);
        return ProcessMemory.TryRead(process, from + ((places & 15u) * 8), to[..8]) && ProcessMemory.TryRead(process, from + ((ulong)(places >> 4) * 8), to[8..16]) ? 16 : Unreadable;
    }

    private int Arguments(int item, ulong from)
    {
        var to = Place(item);
        var used = 0;
        for (var index = 0u; index < MostArguments && used < to.Length; index++)
        {
            if (Word(from + (index * 8)) is not (> 0 and var pointer) || ProcessMemory.ReadString(process, pointer, to[used..]) is not (> 0 and var length))
            {
                break;
            }
            used += length;
        }
        return used;
    }

    private int Vector(int item, ulong from, ulong count, ulong most)
    {
        var to = Place(item);
        to = to[..(int)Math.Min(most, (ulong)to.Length)];
        var used = 0;
        for (var index = 0u; index < Math.Min(count, MostVectors) && used < to.Length; index++)
        {
            var length = (int)Math.Min(Word(from + (index * 16) + 8), (ulong)(to.Length - used));
            if (!ProcessMemory.TryRead(process, Word(from + (index * 16)), to.Slice(used, length)))
            {
                break;
            }
            used += length;
        }
        return used;
    }

    private int Message(int item, ulong from)
    {
        Span<byte> header = stackalloc byte[MessageBytes];
        if (!ProcessMemory.TryRead(process, from, header))
        {
            return Unreadable;
        }
        var to = Place(item);
        var name = BinaryPrimitives.ReadUInt64LittleEndian(header);
        var size = name == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to, size);
        header.Slice(24, 4).CopyTo(to[4..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], BinaryPrimitives.ReadUInt64LittleEndian(header[32..]) == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[40..]));
        header.Slice(48, 4).CopyTo(to[12..]);
        to = to[MessageHeader..];
        to = to[..(int)Math.Min(size, (uint)to.Length)];
        return ProcessMemory.TryRead(process, name, to) ? MessageHeader + to.Length : MessageHeader;
    }

    private int MessageData(int item, ulong from, ulong most) => Vector(item, Word(from + 16), Word(from + 24), most);

    private int Entries(int item, ulong from, ulong bytes)
    {
        var (at, count) = (0ul, 0);
        Span<byte> length = stackalloc byte[2];
        while (at < bytes && count < MostEntries && ProcessMemory.TryRead(process, from + at + 16, length) && BinaryPrimitives.ReadUInt16LittleEndian(length) is > 0 and var size)
        {
            at += size;
            count++;
        }
        BinaryPrimitives.WriteInt32LittleEndian(Place(item), count);
        BinaryPrimitives.WriteInt32LittleEndian(Place(item)[4..], at >= bytes ? 1 : 0);
        return 8;
    }

    /// <summary>0 when it cannot be read.</summary>
    private ulong Word(ulong from)
    {
        Span<byte> word = stackalloc byte[8];
        return ProcessMemory.TryRead(process, from, word) ? BinaryPrimitives.ReadUInt64LittleEndian(word) : 0;
    }
}
