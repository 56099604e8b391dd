namespace Plumb.Recorder.Ring;

/// <summary>Numbers of the few calls that the recorder treats by themselves (x86-64).</summary>
internal static class Calls
{
    public const int Execve = 59;
    public const int Exit = 60;
    public const int ExitGroup = 231;
    public const int ExecveAt = 322;
}
