using System.Runtime.InteropServices;

namespace Plumb.Recorder.Ring;

/// <summary>Numbers of the few calls that the recorder treats by themselves, on this machine.</summary>
internal static class Calls
{
    private static readonly bool IsArm64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static bool IsExec(int number) => number == (IsArm64 ? 221 : 59) || number == (IsArm64 ? 281 : 322);

    /// <summary>Whether it never returns: exit and exit_group.</summary>
    public static bool IsFinal(int number) => number == (IsArm64 ? 93 : 60) || number == (IsArm64 ? 94 : 231);
}
