namespace Plumb.Recorder.Ring;

/// <summary><c>struct control</c> of recorder.bpf.c: offsets and sizes in bytes.</summary>
internal static class ControlLayout
{
    public const int Head = 0;
    public const int LostExits = 8;
    public const int CompatCalls = 16;
    public const int LateExits = 24;
    public const int Cgroup = 32;
    public const int Level = 40;
    public const int Process = 44;
    public const int NotProcess = 48;
    public const int WaitForExec = 52;
    public const int Items = 56;
    public const int ItemBytes = 4;
    public const int ItemsPerCall = 2;
    public const int Calls = 512;
    public const int Bytes = Items + (Calls * ItemsPerCall * ItemBytes);
}
