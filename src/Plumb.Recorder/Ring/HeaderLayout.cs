namespace Plumb.Recorder.Ring;

/// <summary><c>struct header</c> of recorder.bpf.c, in the slot behind the last: offsets and sizes in bytes.</summary>
internal static class HeaderLayout
{
    /// <summary>From the beginning of the ring.</summary>
    public const int Start = SlotLayout.Slots * SlotLayout.Bytes;

    public const int Head = 0;
    public const int Base = 8;
    public const int LostExits = 16;
    public const int CompatCalls = 24;
    public const int LateExits = 32;
    public const int Cgroup = 40;
    public const int BeganNs = 48;
    public const int EndedNs = 56;
    public const int WaitForExec = 64;
    public const int PathBytes = 68;
    public const int Yields = 72;
    public const int Unclaimed = 80;

    /// <summary>The cgroup's path, in the next two slots.</summary>
    public const int Path = SlotLayout.Bytes;

    public const int LongestPath = 2 * SlotLayout.Bytes;

    public const int RingSlots = SlotLayout.Slots + 3;

    public const int RingBytes = RingSlots * SlotLayout.Bytes;
}
