namespace Plumb.Recorder.Decoding;

/// <param name="Kind">A word of signatures.txt, such as path or open.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct Parameter(string Kind, string Name);

/// <summary>What the kernel side keeps of one parameter: <c>struct item</c> of recorder.bpf.c.</summary>
/// <param name="Size">Of a structure of fixed size, in bytes.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct KeptItem(byte Kind, byte Argument, byte Size);

/// <summary>A call's name and parameters.</summary>
/// <param name="Parameters">Null when the call is known by name only.</param>
/// <param name="Items">What is kept, at most two.</param>
internal sealed record CallSignature(string Name, Parameter[]? Parameters, KeptItem[] Items);

/// <summary>All calls of x86-64 by number.</summary>
internal static class CallTable
{
    private const byte String = 1;
    private const byte BytesIn = 2;
    public const byte BytesOut = 3;
    private const byte StructOut = 4;
    private const byte StructIn = 5;
    private const byte Arguments = 6;

    /// <summary>A place that is kept free.</summary>
    public const byte Nothing = 255;

    private const int MostItems = 2;
    private const byte PipeBytes = 8;
    private const byte TimeBytes = 16;
    private const byte EpollEventBytes = 12;
    private const byte AddressBytes = 28;

    private static readonly Lazy<Dictionary<int, CallSignature>> All = new(Read);

    public static IEnumerable<(int Number, CallSignature Signature)> Known => All.Value.Select(entry => (entry.Key, entry.Value));

    public static CallSignature Of(int number) => All.Value.TryGetValue(number, out var signature) ? signature : new CallSignature($"syscall_{number}", null, []);

    private static Dictionary<int, CallSignature> Read()
    {
        var parameters = Tables.Lines("signatures.txt").Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => words[1..].Select(word => word.Split(':')).Select(parts => new Parameter(parts[0], parts[1])).ToArray());
        return Tables.Numbered("calls.x86_64.txt").ToDictionary(entry => entry.Key,
            entry => parameters.TryGetValue(entry.Value, out var found) ? new CallSignature(entry.Value, found, Items(found)) : new CallSignature(entry.Value, null, []));
    }

    private static KeptItem[] Items(Parameter[] parameters) =>
        [.. parameters.Select((parameter, index) => ItemOf(parameter.Kind, (byte)index)).Where(item => item.Kind != 0).Take(MostItems)];

    private static KeptItem ItemOf(string kind, byte argument) => kind switch
    {
        "path" => new KeptItem(String, argument, 0),
        "in" or "addr" => new KeptItem(BytesIn, argument, 0),
        "out" => new KeptItem(BytesOut, argument, 0),
        "argv" => new KeptItem(Arguments, argument, 0),
        "pipe" => new KeptItem(StructOut, argument, PipeBytes),
        "outaddr" => new KeptItem(StructOut, argument, AddressBytes),
        "timespec" => new KeptItem(StructIn, argument, TimeBytes),
        "epollevent" => new KeptItem(StructIn, argument, EpollEventBytes),
        _ => default,
    };
}
