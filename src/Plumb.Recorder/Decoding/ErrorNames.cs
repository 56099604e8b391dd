using System.Runtime.InteropServices;

namespace Plumb.Recorder.Decoding;

/// <summary>Names of errno values (asm-generic/errno.h) and the C library's words for them.</summary>
public static class ErrorNames
{
    private const int FirstRestart = 512;
    private static readonly Lazy<Dictionary<int, string>> Names = new(() => Tables.Numbered("errors.txt"));

    internal static IReadOnlyCollection<string> All => Names.Value.Values;

    public static string Name(int error) => Names.Value.GetValueOrDefault(error, $"errno {error}");

    public static string Words(int error) => error >= FirstRestart ? "to be restarted after a signal" : Marshal.GetPInvokeErrorMessage(error);
}
