using System.Buffers.Binary;
using System.Text;

namespace Plumb.Recorder.Kernel;

/// <summary>The running kernel's own type information (BTF, /sys/kernel/btf/vmlinux): numbers of typedefs, and where a structure's members lie.</summary>
internal sealed class KernelTypes
{
    public const string Path = "/sys/kernel/btf/vmlinux";
    private const ushort Magic = 0xEB9F;
    private const int TypeBytes = 12;
    private const int MemberBytes = 12;
    private const int Struct = 4;
    private const int Union = 5;
    private const int Typedef = 8;

    /// <summary>Bytes that follow a type of each kind: fixed, and for each member (Documentation/bpf/btf.rst).</summary>
    private static readonly (int Fixed, int Member)[] Following =
    [
        (0, 0), (4, 0), (0, 0), (12, 0), (0, 12), (0, 12), (0, 8), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 8), (4, 0), (0, 12), (0, 0), (4, 0), (0, 0), (0, 12),
    ];

    private readonly ReadOnlyMemory<byte> _types;
    private readonly ReadOnlyMemory<byte> _strings;

    /// <summary>Where each type begins; type 1 is the first.</summary>
    private readonly List<int> _places = [0];

    private KernelTypes(ReadOnlyMemory<byte> types, ReadOnlyMemory<byte> strings) => (_types, _strings) = (types, strings);

    /// <summary>Null when there is none, or it is of a form that is not known here.</summary>
    public static KernelTypes? OfThisKernel() => File.Exists(Path) ? Parse(File.ReadAllBytes(Path)) : null;

    public static KernelTypes? Parse(ReadOnlyMemory<byte> information)
    {
        var bytes = information.Span;
        if (bytes.Length < 24 || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Magic)
        {
            return null;
        }
        var header = U32(bytes, 4);
        var types = new KernelTypes(information.Slice((int)(header + U32(bytes, 8)), (int)U32(bytes, 12)), information.Slice((int)(header + U32(bytes, 16)), (int)U32(bytes, 20)));
        return types.Index() ? types : null;
    }

    /// <summary>The typedef's number, or null when the kernel has none of this name.</summary>
    public uint? Typedefs(string name) => Find(name, Typedef);

    /// <summary>Bytes from the beginning of a structure to a member, also one in an unnamed part of it; null when there is no such member.</summary>
    public int? Offset(string structure, string member) => Find(structure, Struct) is { } number && Name(member) is { } wanted ? Offset((int)number, wanted, 0) : null;

    private int? Offset(int number, uint wanted, int depth)
    {
        const int DeepestNesting = 8;
        if (depth > DeepestNesting)
        {
            return null;
        }
        var types = _types.Span;
        var at = _places[number];
        var members = (int)(U32(types, at + 4) & 0xFFFF);
        for (var index = 0; index < members; index++)
        {
            var member = at + TypeBytes + (index * MemberBytes);
            // With bit fields the upper byte is their size.
            var isMixed = U32(types, at + 4) >> 31 != 0;
            var bits = (int)(isMixed ? U32(types, member + 8) & 0xFFFFFF : U32(types, member + 8));
            if (U32(types, member) == wanted)
            {
                return bits / 8;
            }
            if (U32(types, member) == 0 && KindOf((int)U32(types, member + 4)) is Struct or Union && Offset((int)U32(types, member + 4), wanted, depth + 1) is { } inside)
            {
                return (bits / 8) + inside;
            }
        }
        return null;
    }

    private int KindOf(int number) => number > 0 && number < _places.Count ? (int)((U32(_types.Span, _places[number] + 4) >> 24) & 0x1F) : 0;

    private uint? Find(string name, int kind)
    {
        if (Name(name) is not { } wanted)
        {
            return null;
        }
        var types = _types.Span;
        for (var number = 1; number < _places.Count; number++)
        {
            if (U32(types, _places[number]) == wanted && KindOf(number) == kind)
            {
                return (uint)number;
            }
        }
        return null;
    }

    /// <summary>Names are stored once, so the place of a name is enough to compare.</summary>
    private uint? Name(string name)
    {
        var place = _strings.Span.IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0"));
        return place < 0 ? null : (uint)place + 1;
    }

    private bool Index()
    {
        var types = _types.Span;
        for (var at = 0; at + TypeBytes <= types.Length;)
        {
            var info = U32(types, at + 4);
            var kind = (int)((info >> 24) & 0x1F);
            if (kind >= Following.Length)
            {
                return false;
            }
            _places.Add(at);
            at += TypeBytes + Following[kind].Fixed + (Following[kind].Member * (int)(info & 0xFFFF));
        }
        return true;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
