namespace Plumb.Recorder.Ring;

/// <summary><c>struct slot</c> of recorder.bpf.c: offsets and sizes in bytes.</summary>
internal static class SlotLayout
{
    public const int Slots = 4096;
    public const int Bytes = 256;

    public const int Begin = 0;
    public const int EnterNs = 8;
    public const int ExitNs = 16;
    public const int Return = 24;
    public const int Arguments = 32;
    public const int Process = 80;
    public const int Thread = 84;
    public const int Number = 88;
    public const int Cpu = 90;
    public const int User = 92;
    public const int Command = 96;
    public const int CommandBytes = 16;
    public const int Lengths = 112;
    public const int Cgroup = 116;
    public const int Payload = 120;
    public const int PayloadBytes = 128;
    public const int HalfPayloadBytes = 64;
    public const int End = 248;
}
