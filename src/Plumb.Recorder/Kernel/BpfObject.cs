using System.Buffers.Binary;
using System.Text;

namespace Plumb.Recorder.Kernel;

/// <summary>A map as the object file asks for it: <c>struct map</c> of recorder.bpf.c.</summary>
internal sealed record BpfMapDefinition(string Name, uint Type, uint KeyBytes, uint ValueBytes, uint Entries, uint Flags);

/// <summary>One place in a program where the loader puts a map's descriptor, or an address in the program's own variables.</summary>
/// <param name="Map">The map's name; null for the variables.</param>
/// <param name="Offset">Bytes into the variables.</param>
internal sealed record BpfRelocation(int Instruction, string? Map, uint Offset);

/// <param name="Section">What the program is for, such as tp_btf/sys_enter.</param>
internal sealed record BpfProgram(string Section, ulong[] Instructions, IReadOnlyList<BpfRelocation> Relocations);

/// <summary>
/// An object file that clang built for the kernel's virtual machine: 64-bit little-endian ELF with programs, legacy map definitions (section maps) and
/// zeroed variables (section .bss). Nothing else is read.
/// </summary>
internal sealed record BpfObject(IReadOnlyList<BpfMapDefinition> Maps, uint VariableBytes, IReadOnlyList<BpfProgram> Programs)
{
    private const int SectionHeaderBytes = 64;
    private const int SymbolBytes = 24;
    private const int RelocationBytes = 16;
    private const int MapBytes = 20;
    private const uint SymbolTable = 2;
    private const uint Relocations = 9;
    private const uint Load64BitRelocation = 1;
    private const byte Load64Bit = 0x18;
    private const ushort BpfMachine = 247;

    private sealed record Section(string Name, uint Type, int Offset, int Size, int Link, int Info);

    private sealed record Symbol(string Name, int Section, ulong Value);

    /// <exception cref="InvalidDataException">It is no such object file.</exception>
    public static BpfObject Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length < 64 || !file[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]) || U16(file, 18) != BpfMachine)
        {
            throw new InvalidDataException("this is no little-endian 64-bit ELF object for the eBPF machine");
        }
        try
        {
            return ParseSections(file);
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("the object file is damaged: a header points outside of it", error);
        }
    }

    private static BpfObject ParseSections(ReadOnlySpan<byte> file)
    {
        var sections = Sections(file);
        var symbols = Symbols(file, sections);
        var mapSection = sections.FindIndex(section => section.Name == "maps");
        var variables = sections.FindIndex(section => section.Name == ".bss");
        var maps = new List<BpfMapDefinition>();
        foreach (var symbol in symbols.Where(symbol => mapSection >= 0 && symbol.Section == mapSection && symbol.Name.Length > 0))
        {
            var at = file.Slice(sections[mapSection].Offset + checked((int)symbol.Value), MapBytes);
            maps.Add(new BpfMapDefinition(symbol.Name, U32(at, 0), U32(at, 4), U32(at, 8), U32(at, 12), U32(at, 16)));
        }
        var programs = new List<BpfProgram>();
        for (var index = 0; index < sections.Count; index++)
        {
            if (sections[index] is { Name: var name, Type: 1 } section && name.Contains('/', StringComparison.Ordinal))
            {
                programs.Add(ReadProgram(file, section, sections.Find(other => other.Type == Relocations && other.Info == index), symbols, mapSection, variables));
            }
        }
        return new BpfObject(maps, variables < 0 ? 0 : (uint)sections[variables].Size, programs);
    }

    private static BpfProgram ReadProgram(ReadOnlySpan<byte> file, Section section, Section? relocations, List<Symbol> symbols, int mapSection, int variables)
    {
        var code = file.Slice(section.Offset, section.Size);
        var instructions = new ulong[code.Length / 8];
        for (var index = 0; index < instructions.Length; index++)
        {
            instructions[index] = BinaryPrimitives.ReadUInt64LittleEndian(code[(index * 8)..]);
        }
        var found = new List<BpfRelocation>();
        for (var at = 0; relocations is not null && at < relocations.Size; at += RelocationBytes)
        {
            var entry = file.Slice(relocations.Offset + at, RelocationBytes);
            var info = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            var symbol = symbols[checked((int)(info >> 32))];
            var instruction = checked((int)(BinaryPrimitives.ReadUInt64LittleEndian(entry) / 8));
            if ((uint)info != Load64BitRelocation || (byte)instructions[instruction] != Load64Bit)
            {
                throw new InvalidDataException($"{section.Name}: relocation of kind {(uint)info} at instruction {instruction} is not one that this loader knows");
            }
            var addend = (uint)(instructions[instruction] >> 32);
            found.Add(symbol.Section == variables && variables >= 0 ? new BpfRelocation(instruction, null, checked((uint)symbol.Value + addend))
                : symbol.Section == mapSection && mapSection >= 0 ? new BpfRelocation(instruction, symbol.Name, 0)
                : throw new InvalidDataException($"{section.Name}: refers to '{symbol.Name}', which is neither a map nor a zeroed variable"));
        }
        return new BpfProgram(section.Name, instructions, found);
    }

    private static List<Section> Sections(ReadOnlySpan<byte> file)
    {
        var table = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file[40..]));
        var names = file.Slice(table + (U16(file, 62) * SectionHeaderBytes), SectionHeaderBytes);
        var nameOffset = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(names[24..]));
        var sections = new List<Section>();
        for (var index = 0; index < U16(file, 60); index++)
        {
            var header = file.Slice(table + (index * SectionHeaderBytes), SectionHeaderBytes);
            sections.Add(new Section(Text(file, nameOffset + checked((int)U32(header, 0))), U32(header, 4), checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[24..])),
                checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[32..])), checked((int)U32(header, 40)), checked((int)U32(header, 44))));
        }
        return sections;
    }

    private static List<Symbol> Symbols(ReadOnlySpan<byte> file, List<Section> sections)
    {
        var symbols = new List<Symbol>();
        if (sections.Find(section => section.Type == SymbolTable) is not { } table)
        {
            return symbols;
        }
        var names = sections[table.Link].Offset;
        for (var at = 0; at < table.Size; at += SymbolBytes)
        {
            var entry = file.Slice(table.Offset + at, SymbolBytes);
            symbols.Add(new Symbol(Text(file, names + checked((int)U32(entry, 0))), U16(entry, 6), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..])));
        }
        return symbols;
    }

    private static string Text(ReadOnlySpan<byte> file, int offset)
    {
        var rest = file[offset..];
        var end = rest.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]);
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
