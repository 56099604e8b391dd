namespace Plumb.Recorder.Kernel;

/// <summary>
/// Where the members of the kernel's structures lie differs from kernel to kernel. recorder.bpf.c loads them at numbers that no real offset has (0x7f00 and up); the loader
/// puts the running kernel's offsets in their place.
/// </summary>
internal static class KernelFields
{
    private const int First = 0x7F00;
    private const int LoadClass = 0x61;
    private const ulong WithoutOffset = 0xFFFF_FFFF_0000_FFFF;
    private const int HalfOfComm = 8;

    /// <summary>In the order of the numbers in recorder.bpf.c.</summary>
    private static readonly (string Structure, string Member, string? Inner, string? InnerMember)[] Fields =
    [
        ("task_struct", "pid", null, null), ("task_struct", "tgid", null, null), ("task_struct", "comm", null, null), ("task_struct", "cgroups", null, null),
        ("task_struct", "cred", null, null), ("cred", "uid", null, null), ("css_set", "dfl_cgrp", null, null), ("cgroup", "kn", null, null), ("cgroup", "level", null, null),
        ("cgroup", "root", null, null), ("cgroup", "self", "cgroup_subsys_state", "parent"), ("cgroup_subsys_state", "cgroup", null, null), ("kernfs_node", "id", null, null),
        ("kernfs_node", "name", null, null), ("cgroup_root", "hierarchy_id", null, null), ("task_struct", "comm", null, null),
    ];

    /// <summary>Null when this kernel lacks one of them.</summary>
    public static short[]? Find(KernelTypes types)
    {
        var offsets = new short[Fields.Length];
        for (var index = 0; index < Fields.Length; index++)
        {
            var (structure, member, inner, innerMember) = Fields[index];
            var offset = types.Offset(structure, member) + (inner is null ? 0 : types.Offset(inner, innerMember!));
            if (offset is not { } found || found > First)
            {
                return null;
            }
            offsets[index] = (short)found;
        }
        offsets[^1] += HalfOfComm;
        return offsets;
    }

    public static void Put(ulong[] instructions, short[] offsets)
    {
        for (var index = 0; index < instructions.Length; index++)
        {
            var field = (int)((instructions[index] >> 16) & 0xFFFF) - First;
            // BPF_LDX | BPF_MEM of any size.
            if ((instructions[index] & 0xE7) == LoadClass && field >= 0 && field < offsets.Length)
            {
                instructions[index] = (instructions[index] & WithoutOffset) | ((ulong)(ushort)offsets[field] << 16);
            }
        }
    }
}
