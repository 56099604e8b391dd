using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Plumb.Cluster.Containers;

/// <summary>
/// Gives a pod's processes the pod's own address without a network namespace: three tiny eBPF programs on the pod's cgroup (version 2).
/// A bind to "any address" with a port becomes a bind to the pod's address, so two pods can use one port; a connection to another
/// loopback address leaves from the pod's address. Explicit addresses, also 127.0.0.1, stay as they are.
/// </summary>
internal static class PodAddressHook
{
    private const int ProgLoad = 5;
    private const int ProgAttach = 8;
    private const uint CgroupSockAddr = 18;
    private const uint Inet4Bind = 8;
    private const uint Inet6Bind = 9;
    private const uint Inet4Connect = 10;
    private const int BindHelper = 64;

    // Offsets in struct bpf_sock_addr.
    private const short Ip4 = 4;
    private const short Ip6 = 8;
    private const short Port = 24;

    /// <summary>True when this kernel lets this program load such hooks.</summary>
    public static bool IsSupported()
    {
        var program = Load(Inet4Bind, Bind4(IPAddress.Loopback));
        if (program < 0)
        {
            return false;
        }
        _ = Native.close(program);
        return true;
    }

    /// <summary>Null when the pod's cgroup has its hooks; otherwise what the kernel refused. They go with the cgroup.</summary>
    public static string? Attach(string podCgroup, IPAddress address)
    {
        var cgroup = Native.open(Native.Text(podCgroup), Native.OCloExec, 0);
        if (cgroup < 0)
        {
            return $"open {podCgroup}: {Native.Describe(Native.LastError)}";
        }
        try
        {
            return Attach(cgroup, Inet4Bind, Bind4(address)) ?? Attach(cgroup, Inet6Bind, Bind6(address)) ?? Attach(cgroup, Inet4Connect, Connect4(address));
        }
        finally
        {
            _ = Native.close(cgroup);
        }
    }

    private static string? Attach(int cgroup, uint type, ulong[] instructions)
    {
        var program = Load(type, instructions);
        if (program < 0)
        {
            return $"load eBPF program: {Native.Describe(Native.LastError)}";
        }
        var attributes = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(attributes, cgroup);
        BinaryPrimitives.WriteInt32LittleEndian(attributes.AsSpan(4), program);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(8), type);
        var result = Native.syscallBpf(Native.SysBpf, ProgAttach, attributes, attributes.Length);
        var failure = result == 0 ? null : $"attach eBPF program: {Native.Describe(Native.LastError)}";
        _ = Native.close(program);
        return failure;
    }

    private static int Load(uint type, ulong[] instructions)
    {
        var code = GCHandle.Alloc(instructions, GCHandleType.Pinned);
        var license = GCHandle.Alloc("GPL\0"u8.ToArray(), GCHandleType.Pinned);
        try
        {
            var attributes = new byte[72];
            BinaryPrimitives.WriteUInt32LittleEndian(attributes, CgroupSockAddr);
            BinaryPrimitives.WriteInt32LittleEndian(attributes.AsSpan(4), instructions.Length);
            BinaryPrimitives.WriteInt64LittleEndian(attributes.AsSpan(8), code.AddrOfPinnedObject());
            BinaryPrimitives.WriteInt64LittleEndian(attributes.AsSpan(16), license.AddrOfPinnedObject());
            BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(68), type);
            return (int)Native.syscallBpf(Native.SysBpf, ProgLoad, attributes, attributes.Length);
        }
        finally
        {
            code.Free();
            license.Free();
        }
    }

    /// <summary>if (port != 0 &amp;&amp; ip4 == 0) ip4 = address; allow.</summary>
    private static ulong[] Bind4(IPAddress address) =>
    [
        Load32(2, 1, Port),
        JumpIfEqual(2, 0, 4),
        Load32(2, 1, Ip4),
        JumpIfNotEqual(2, 0, 2),
        Move32(2, Raw(address)),
        Store32(1, 2, Ip4),
        Move(0, 1),
        Exit,
    ];

    /// <summary>if (port != 0 &amp;&amp; ip6 == ::) ip6 = ::ffff:address; allow.</summary>
    private static ulong[] Bind6(IPAddress address) =>
    [
        Load32(2, 1, Port),
        JumpIfEqual(2, 0, 12),
        Load32(2, 1, Ip6),
        JumpIfNotEqual(2, 0, 10),
        Load32(2, 1, Ip6 + 4),
        JumpIfNotEqual(2, 0, 8),
        Load32(2, 1, Ip6 + 8),
        JumpIfNotEqual(2, 0, 6),
        Load32(2, 1, Ip6 + 12),
        JumpIfNotEqual(2, 0, 4),
        Move32(2, unchecked((int)0xFFFF0000)),
        Store32(1, 2, Ip6 + 8),
        Move32(2, Raw(address)),
        Store32(1, 2, Ip6 + 12),
        Move(0, 1),
        Exit,
    ];

    /// <summary>if (ip4 is 127.x) bind(socket, address:0); allow. A socket that is bound already stays so: the helper's refusal is ignored.</summary>
    private static ulong[] Connect4(IPAddress address) =>
    [
        Load32(2, 1, Ip4),
        Instruction(0x57, 2, 0, 0, 0xFF),
        JumpIfNotEqual(2, 127, 8),
        Instruction(0x7A, 10, 0, -8, 0),
        Instruction(0x7A, 10, 0, -16, 0),
        Instruction(0x6A, 10, 0, -16, 2),
        Instruction(0x62, 10, 0, -12, Raw(address)),
        Instruction(0xBF, 2, 10, 0, 0),
        Instruction(0x07, 2, 0, 0, -16),
        Move(3, 16),
        Instruction(0x85, 0, 0, 0, BindHelper),
        Move(0, 1),
        Exit,
    ];

    /// <summary>The address as it lies in memory, in network order.</summary>
    private static int Raw(IPAddress address) => BinaryPrimitives.ReadInt32LittleEndian(address.GetAddressBytes());

    private static ulong Load32(int target, int source, int offset) => Instruction(0x61, target, source, offset, 0);

    private static ulong Store32(int target, int source, int offset) => Instruction(0x63, target, source, offset, 0);

    private static ulong Move32(int target, int value) => Instruction(0xB4, target, 0, 0, value);

    private static ulong Move(int target, int value) => Instruction(0xB7, target, 0, 0, value);

    private static ulong JumpIfEqual(int register, int value, int skip) => Instruction(0x15, register, 0, skip, value);

    private static ulong JumpIfNotEqual(int register, int value, int skip) => Instruction(0x55, register, 0, skip, value);

    private static ulong Exit => Instruction(0x95, 0, 0, 0, 0);

    /// <summary>struct bpf_insn: code, registers, offset, immediate.</summary>
    private static ulong Instruction(byte code, int target, int source, int offset, int value) =>
        code | ((ulong)target << 8) | ((ulong)source << 12) | ((ulong)unchecked((ushort)offset) << 16) | ((ulong)unchecked((uint)value) << 32);
}
