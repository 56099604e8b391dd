using System.Runtime.InteropServices;

namespace Plumb.Recorder.Decoding;

/// <summary>Names of errno values (asm-generic/errno.h) and the C library's words for them.</summary>
public static class ErrorNames
{
    private const int FirstRestart = 512;
    private static readonly Lazy<Dictionary<int, string>> Names = new(() => Tables.Numbered("errors.txt"));

    internal static IReadOnlyCollection<string> All => Names.Value.Values;

    public static string Name(int error) => Names.Value.GetValueOrDefault(error, $"errno {error}");

    /// <summary>The words for a name.</summary>
    public static string WordsOf(string name) => Names.Value.FirstOrDefault(entry => entry.Value == name) is { Key: > 0 and var number } ? Words(number) : name;

    public static string Words(int error) => error >= FirstRestart ? "to be restarted after a signal" : Marshal.GetPInvokeErrorMessage(error);
}
