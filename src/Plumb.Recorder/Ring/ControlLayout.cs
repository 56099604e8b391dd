namespace Plumb.Recorder.Ring;

/// <summary><c>struct control</c> of recorder.bpf.c: offsets and sizes in bytes.</summary>
internal static class ControlLayout
{
    public const int Cgroup = 0;
    public const int Level = 8;
    public const int Process = 12;
    public const int NotProcess = 16;
    public const int Every = 20;
    public const int Stock = 24;
    public const int StockPlaces = 8;
    public const int WithoutRing = Stock + (StockPlaces * 8);
    public const int Prefix = WithoutRing + 8;
    public const int PrefixBytes = 64;
    public const int PrefixMask = Prefix + PrefixBytes;
    public const int Items = PrefixMask + PrefixBytes;
    public const int ItemBytes = 4;
    public const int ItemsPerCall = 2;
    public const int Calls = 512;
    public const int Bytes = Items + (Calls * ItemsPerCall * ItemBytes);
}
