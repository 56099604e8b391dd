using System.Runtime.InteropServices;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Decoding;

/// <param name="Kind">A word of signatures.txt, such as path or open.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Parameter(string Kind, string Name);

/// <summary>What the kernel side keeps of one parameter: <c>struct item</c> of recorder.bpf.c.</summary>
/// <param name="Size">Of a structure of fixed size or of one element, in bytes.</param>
/// <param name="IsNarrow">The call's second item has the last 32 bytes of the payload, not its half.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct KeptItem(ItemKind Kind, byte Argument, byte Size = 0, bool IsNarrow = false);

/// <summary><c>enum kind</c> of recorder.bpf.c.</summary>
internal enum ItemKind : byte
{
    None = 0,
    String = 1,
    BytesIn = 2,
    BytesOut = 3,
    StructOut = 4,
    StructIn = 5,
    Arguments = 6,
    ArrayIn = 7,
    ArrayOut = 8,
    TextOut = 9,
    WordsOut = 10,
    VectorIn = 11,
    VectorOut = 12,
    MessageIn = 13,
    MessageOut = 14,
    MessageDataIn = 15,
    MessageDataOut = 16,
    EntriesOut = 17,
    AnswerOut = 18,
    MessageAnswerOut = 19,

    /// <summary>A place that is kept free.</summary>
    Nothing = 255,
}

/// <summary>A call's name and parameters.</summary>
/// <param name="Parameters">Null when the call is known by name only.</param>
/// <param name="Items">What is kept, at most two.</param>
internal sealed record CallSignature(string Name, Parameter[]? Parameters, KeptItem[] Items)
{
    private const int NarrowBytes = 32;

    /// <summary>Where the kernel side puts an item: offset in the payload and room there, in bytes.</summary>
    public (int Offset, int Room) Place(int item)
    {
        if (Items.Length == 1)
        {
            return (0, SlotLayout.PayloadBytes);
        }
        var border = Items[0].IsNarrow ? SlotLayout.PayloadBytes - NarrowBytes : SlotLayout.HalfPayloadBytes;
        return item == 0 ? (0, border) : (border, SlotLayout.PayloadBytes - border);
    }

    /// <summary>The first item kept of a parameter; -1 when nothing is.</summary>
    public int ItemOf(int argument) => Array.FindIndex(Items, item => item.Argument == argument);

    public string KindOf(int item) => Parameters![Items[item].Argument].Kind;

    /// <summary>Numbers of two machines that no program shares are told apart by the table; the parameters of a call are the same.</summary>
    internal static KeptItem[] ItemsOf(Parameter[] parameters, bool isArm64)
    {
        KeptItem[] items = [.. parameters.SelectMany((parameter, index) => KeptOf(parameter.Kind, (byte)index, isArm64)).Take(MostItems)];
        return items is [{ Kind: ItemKind.String }, { Kind: ItemKind.StructIn or ItemKind.StructOut or ItemKind.WordsOut } second] && (second.Kind == ItemKind.WordsOut || second.Size <= NarrowBytes)
            ? [items[0] with { IsNarrow = true }, second with { IsNarrow = true }] : items;
    }

    private const int MostItems = 2;

    private static KeptItem[] KeptOf(string kind, byte at, bool isArm64) => kind switch
    {
        "path" or "prctlarg" => [new(ItemKind.String, at)],
        "in" or "addr" or "optval" or "cloneargs" => [new(ItemKind.BytesIn, at)],
        "out" => [new(ItemKind.BytesOut, at)],
        "link" => [new(ItemKind.TextOut, at)],
        "argv" => [new(ItemKind.Arguments, at)],
        "vector" => [new(ItemKind.ArrayIn, at, 16), new(ItemKind.VectorIn, at)],
        "vectorout" => [new(ItemKind.ArrayIn, at, 16), new(ItemKind.VectorOut, at)],
        "message" => [new(ItemKind.MessageIn, at), new(ItemKind.MessageDataIn, at)],
        "messageout" => [new(ItemKind.MessageOut, at), new(ItemKind.MessageDataOut, at)],
        "pollfds" => [new(ItemKind.ArrayIn, at, 8)],
        "epollevents" => [new(ItemKind.ArrayOut, at, EpollEventBytes(isArm64))],
        "entries" => [new(ItemKind.EntriesOut, at)],
        // The words with mode and size; struct stat is another on each machine.
        "stat" => [new(ItemKind.WordsOut, at, isArm64 ? (byte)0x62 : (byte)0x63)],
        "statx" => [new(ItemKind.WordsOut, at, 0x53)],
        "epollevent" => [new(ItemKind.StructIn, at, EpollEventBytes(isArm64))],
        "sigset" or "offsetptr" => [new(ItemKind.StructIn, at, 8)],
        "timespec" or "timeval" or "rlimitval" or "futextime" => [new(ItemKind.StructIn, at, 16)],
        "openhow" => [new(ItemKind.StructIn, at, 24)],
        "timespecs" or "itimerval" or "itimerspec" or "sigaction" or "fcntlarg" => [new(ItemKind.StructIn, at, 32)],
        "fdset" => [new(ItemKind.StructIn, at, 64)],
        "outlen" or "status" or "idout" => [new(ItemKind.StructOut, at, 4)],
        "pipe" or "pair" or "sigsetout" or "ioctlarg" => [new(ItemKind.StructOut, at, 8)],
        "timespecout" or "timevalout" or "rlimitout" or "optvalout" => [new(ItemKind.StructOut, at, 16)],
        "itimervalout" or "sigactionout" or "siginfo" or "rusage" or "statfs" => [new(ItemKind.StructOut, at, 32)],
        "outaddr" or "sysinfo" => [new(ItemKind.StructOut, at, 64)],
        "utsname" => [new(ItemKind.StructOut, at, 128)],
        _ => [],
    };

    /// <summary>The structure is packed on x86-64 only.</summary>
    private static byte EpollEventBytes(bool isArm64) => isArm64 ? (byte)16 : (byte)12;
}

/// <summary>All calls of a machine by number.</summary>
internal static class CallTable
{
    private static readonly Lazy<Dictionary<int, CallSignature>> X64 = new(() => Read("calls.x86_64.txt", isArm64: false));
    private static readonly Lazy<Dictionary<int, CallSignature>> Arm64 = new(() => Read("calls.arm64.txt", isArm64: true));

    /// <summary>Those of this machine.</summary>
    public static IEnumerable<(int Number, CallSignature Signature)> Known => For(RuntimeInformation.ProcessArchitecture).Select(entry => (entry.Key, entry.Value));

    public static Dictionary<int, CallSignature> For(Architecture machine) => (machine == Architecture.Arm64 ? Arm64 : X64).Value;

    public static CallSignature Of(int number) => Of(number, RuntimeInformation.ProcessArchitecture);

    public static CallSignature Of(int number, Architecture machine) =>
        For(machine).TryGetValue(number, out var signature) ? signature : new CallSignature($"syscall_{number}", null, []);

    private static Dictionary<int, CallSignature> Read(string calls, bool isArm64)
    {
        var parameters = Tables.Lines("signatures.txt").Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => words[1..].Select(word => word.Split(':')).Select(parts => new Parameter(parts[0], parts[1])).ToArray());
        return Tables.Numbered(calls).ToDictionary(entry => entry.Key,
            entry => parameters.TryGetValue(entry.Value, out var found) ? new CallSignature(entry.Value, found, CallSignature.ItemsOf(found, isArm64)) : new CallSignature(entry.Value, null, []));
    }
}
