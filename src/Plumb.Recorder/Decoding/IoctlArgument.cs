using System.Buffers.Binary;
using System.Globalization;

namespace Plumb.Recorder.Decoding;

/// <summary>ioctl's third argument, where the request is one whose structure is known; otherwise it is shown as the number that it is.</summary>
internal static class IoctlArgument
{
    private const uint WindowSize = 0x5413;

    /// <summary>Requests whose argument points to an int.</summary>
    private static readonly HashSet<uint> Ints = [0x541B, 0x5421, 0x540F, 0x5410, 0x5411, 0x5429, 0x5452, 2, 0x80045430, 0x40045431];

    public static int Bytes(ulong request) => (uint)request == WindowSize ? 8 : Ints.Contains((uint)request) ? 4 : 0;

    public static string Text(ulong request, ulong value, ReadOnlySpan<byte> kept) => kept.Length switch
    {
        4 => string.Create(CultureInfo.InvariantCulture, $"[{BinaryPrimitives.ReadInt32LittleEndian(kept)}]"),
        8 when (uint)request == WindowSize => string.Create(CultureInfo.InvariantCulture,
            $"{{ws_row={BinaryPrimitives.ReadUInt16LittleEndian(kept)}, ws_col={BinaryPrimitives.ReadUInt16LittleEndian(kept[2..])}, ws_xpixel={BinaryPrimitives.ReadUInt16LittleEndian(kept[4..])}, ws_ypixel={BinaryPrimitives.ReadUInt16LittleEndian(kept[6..])}}}"),
        _ => Constants.Hex(value),
    };
}
