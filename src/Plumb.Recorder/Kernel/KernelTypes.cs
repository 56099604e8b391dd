using System.Buffers.Binary;
using System.Text;

namespace Plumb.Recorder.Kernel;

/// <summary>The running kernel's own type information (BTF, /sys/kernel/btf/vmlinux); here only the number of a typedef is wanted.</summary>
internal static class KernelTypes
{
    public const string Path = "/sys/kernel/btf/vmlinux";
    private const ushort Magic = 0xEB9F;
    private const int TypeBytes = 12;
    private const int Typedef = 8;

    /// <summary>Bytes that follow a type of each kind: fixed, and for each member (Documentation/bpf/btf.rst).</summary>
    private static readonly (int Fixed, int Member)[] Following =
    [
        (0, 0), (4, 0), (0, 0), (12, 0), (0, 12), (0, 12), (0, 8), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 8), (4, 0), (0, 12), (0, 0), (4, 0), (0, 0), (0, 12),
    ];

    /// <summary>The type's number, or null when the kernel has no such typedef or the information is of a kind that is not known here.</summary>
    public static uint? TypedefNumber(ReadOnlySpan<byte> information, string name)
    {
        if (information.Length < 24 || BinaryPrimitives.ReadUInt16LittleEndian(information) != Magic)
        {
            return null;
        }
        var header = U32(information, 4);
        var types = information.Slice((int)(header + U32(information, 8)), (int)U32(information, 12));
        var strings = information.Slice((int)(header + U32(information, 16)), (int)U32(information, 20));
        // Names are stored once, so the offset of the name is enough to compare.
        var wanted = strings.IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0")) + 1;
        if (wanted == 0)
        {
            return null;
        }
        var number = 1u;
        for (var at = 0; at + TypeBytes <= types.Length; number++)
        {
            var info = U32(types, at + 4);
            var kind = (int)((info >> 24) & 0x1F);
            if (kind == Typedef && U32(types, at) == wanted)
            {
                return number;
            }
            if (kind >= Following.Length)
            {
                return null;
            }
            at += TypeBytes + Following[kind].Fixed + (Following[kind].Member * (int)(info & 0xFFFF));
        }
        return null;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
