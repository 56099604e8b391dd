namespace Plumb.Lab.Aws;

/// <summary>How the stand-in is made.</summary>
/// <param name="Directory">Where the account lives: <c>account.db</c>, <c>users.json</c>, <c>billing/</c> and <c>faults/</c>.</param>
public sealed record StandInOptions(string Directory)
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>On 127.0.0.1; 0: a free one.</summary>
    public int Port { get; init; }

    /// <summary>Groups of one page of GetCostAndUsage. The real one does not say its number.</summary>
    public int CostPageSize { get; init; } = 1000;
}
