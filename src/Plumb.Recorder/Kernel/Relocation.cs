namespace Plumb.Recorder.Kernel;

/// <summary>Puts descriptors of maps into a program's 16-byte loads, as the kernel wants them (linux/bpf.h, BPF_PSEUDO_MAP_FD and BPF_PSEUDO_MAP_VALUE).</summary>
internal static class Relocation
{
    private const ulong MapDescriptor = 1;
    private const ulong MapValue = 2;
    private const int SourceShift = 12;
    private const ulong WithoutSourceAndImmediate = 0x0000_0000_FFFF_0FFF;

    /// <param name="maps">Descriptor of each map by name.</param>
    /// <param name="variables">Descriptor of the map that holds the variables.</param>
    public static ulong[] Apply(BpfProgram program, IReadOnlyDictionary<string, int> maps, int variables)
    {
        var code = (ulong[])program.Instructions.Clone();
        foreach (var (at, map, offset) in program.Relocations)
        {
            var descriptor = (ulong)(uint)(map is null ? variables : maps[map]);
            code[at] = (code[at] & WithoutSourceAndImmediate) | ((map is null ? MapValue : MapDescriptor) << SourceShift) | (descriptor << 32);
            code[at + 1] = (code[at + 1] & uint.MaxValue) | ((ulong)offset << 32);
        }
        return code;
    }
}
