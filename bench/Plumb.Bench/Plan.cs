namespace Plumb.Bench;

/// <summary>How often and how long.</summary>
internal sealed record Plan(string Name, int Starts, int Replacements, TimeSpan Idle)
{
    public static readonly Plan Full = new("lab", 7, 7, TimeSpan.FromSeconds(60));
    public static readonly Plan Quick = new("lab-quick", 3, 3, TimeSpan.FromSeconds(15));
}
