using System.Buffers.Binary;
using System.Globalization;

namespace Plumb.Recorder.Decoding;

/// <summary>Names and values of socket options.</summary>
internal static class SocketOption
{
    private const int Socket = 1;
    private const int Tcp = 6;

    /// <summary>Name of the table of options of a level; null when the level is not known.</summary>
    private static string? Table(int level) => Constants.Of("sockopt", (uint)level) is { } name && name.StartsWith("SOL_", StringComparison.Ordinal) && Constants.IsKnown(name) ? name : null;

    public static string Name(int level, int option) => Table(level) is { } table ? Constants.Of(table, (uint)option) : option.ToString(CultureInfo.InvariantCulture);

    /// <summary>An option without a name may hold a key.</summary>
    public static bool IsShown(int level, int option) => Table(level) is { } table && !Constants.Of(table, (uint)option).StartsWith("0x", StringComparison.Ordinal) && (level, option) is not ((Tcp, 14) or (Socket, 26 or 50));

    /// <summary>Bytes of an option's value that getsockopt gives.</summary>
    public static int Bytes(int level, int option) => !IsShown(level, option) ? 0 : (level, option) switch
    {
        (Socket, 13) => 8,
        (Socket, 17) => 12,
        (Socket, 20 or 21) or (Tcp, 13 or 31) => 16,
        _ => 4,
    };

    public static string Value(int level, int option, ReadOnlySpan<byte> value) => (level, option, value.Length) switch
    {
        (Socket, 4, >= 4) => $"[{(BinaryPrimitives.ReadInt32LittleEndian(value) is 0 ? "0" : ErrorNames.Name(BinaryPrimitives.ReadInt32LittleEndian(value)))}]",
        (Socket, 3, >= 4) => $"[{Constants.Of("socktype", BinaryPrimitives.ReadUInt32LittleEndian(value))}]",
        (Socket, 38, >= 4) => $"[{Constants.Of("protocol", BinaryPrimitives.ReadUInt32LittleEndian(value))}]",
        (Socket, 39, >= 4) => $"[{Constants.Of("family", BinaryPrimitives.ReadUInt32LittleEndian(value))}]",
        (Socket, 13, >= 8) => string.Create(CultureInfo.InvariantCulture, $"{{l_onoff={BinaryPrimitives.ReadInt32LittleEndian(value)}, l_linger={BinaryPrimitives.ReadInt32LittleEndian(value[4..])}}}"),
        (Socket, 17, >= 12) => string.Create(CultureInfo.InvariantCulture,
            $"{{pid={BinaryPrimitives.ReadInt32LittleEndian(value)}, uid={BinaryPrimitives.ReadUInt32LittleEndian(value[4..])}, gid={BinaryPrimitives.ReadUInt32LittleEndian(value[8..])}}}"),
        (Socket, 20 or 21, >= 16) => Structures.Time(value, "usec"),
        (Socket, 25, _) or (Tcp, 13 or 31, _) => Escaped.Quoted(value.IndexOf((byte)0) is >= 0 and var end ? value[..end] : value, false),
        (_, _, 4) => string.Create(CultureInfo.InvariantCulture, $"[{BinaryPrimitives.ReadInt32LittleEndian(value)}]"),
        _ => Escaped.Quoted(value, false),
    };
}
