using System.Buffers.Binary;
using System.Globalization;

namespace Plumb.Recorder.Decoding;

/// <summary>fcntl's third argument, which the command gives its meaning.</summary>
internal static class FcntlArgument
{
    private const int GetFlags = 3;
    private const int GetDescriptorFlags = 1;

    public static bool IsLock(ulong command) => (uint)command is 5 or 6 or 7 or 36 or 37 or 38;

    /// <summary>Null when the command takes none.</summary>
    public static string? Text(ulong command, ulong value, ReadOnlySpan<byte> kept) => (uint)command switch
    {
        1 or 3 or 9 or 11 or 1025 or 1032 or 1034 => null,
        0 or 1030 or 8 or 1031 or 1024 => ((int)value).ToString(CultureInfo.InvariantCulture),
        2 => Constants.Of("fdflags", value),
        4 => Constants.OpenFlags(value),
        10 => Constants.Signal((int)value),
        1033 => Constants.Of("seals", value),
        var other when IsLock(other) && kept.Length >= 24 => Lock(kept),
        _ => Constants.Hex(value),
    };

    /// <summary>F_GETFL and F_GETFD answer in flags.</summary>
    public static string? Returned(ulong command, long value) => (int)command switch
    {
        GetFlags => $"{Constants.Hex((ulong)value)} (flags {Constants.OpenFlags((ulong)value)})",
        GetDescriptorFlags when value != 0 => $"{Constants.Hex((ulong)value)} (flags {Constants.Of("fdflags", (ulong)value)})",
        _ => null,
    };

    private static string Lock(ReadOnlySpan<byte> bytes) => string.Create(CultureInfo.InvariantCulture,
        $"{{l_type={Constants.Of("locktype", BinaryPrimitives.ReadUInt16LittleEndian(bytes))}, l_whence={Constants.Of("whence", BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]))}, "
        + $"l_start={BinaryPrimitives.ReadInt64LittleEndian(bytes[8..])}, l_len={BinaryPrimitives.ReadInt64LittleEndian(bytes[16..])}}}");
}
