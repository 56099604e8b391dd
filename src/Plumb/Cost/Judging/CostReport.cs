using Plumb.Core;
using Plumb.Cost.Detecting;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Judging;

/// <summary>What is worth telling. How unusual something is decides the detector alone; these say how much money makes it matter.</summary>
/// <param name="RecentDays">Only what stood within so many days before the newest one; null for everything.</param>
/// <param name="MinImpact">The least excess or shortfall of an episode, in the currency of the bill.</param>
/// <param name="MinPercent">The same, as a percentage of what was expected.</param>
/// <param name="JudgeEstimates">Judges days that the source calls estimates too, all but the newest.</param>
public sealed record CostOptions(int? RecentDays = null, decimal MinImpact = 5, decimal MinPercent = 10, bool JudgeEstimates = false);

/// <summary>One part of the difference. All parts of an episode add up to its excess, to the cent.</summary>
/// <param name="Key">Null for the many small ones together.</param>
public sealed record Share(SpendKey? Key, int Keys, decimal Excess);

/// <summary>Something that changed outside the bill at about the time an episode began. That it came before says nothing about whether it was the cause.</summary>
public sealed record Change(DateTimeOffset At, string What, string Source)
{
    /// <summary>How long before a day began; negative when it was on that day.</summary>
    public TimeSpan Before(DateOnly day) => new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) - At;
}

/// <summary>One episode of one service, in money.</summary>
/// <param name="End">Null while it goes on.</param>
/// <param name="Peak">The day furthest from what was expected.</param>
/// <param name="PlusMinus">Half the width of the band in which the peak day would not have alarmed.</param>
/// <param name="Percent">Excess as a percentage of what was expected; null when nothing was.</param>
public sealed record CostFinding(
    Finding Finding, string Service, EpisodeKind Kind, DateOnly Start, DateOnly? End, DateOnly LastDay, DateOnly Peak, decimal PeakActual, decimal PeakExpected, decimal PlusMinus,
    decimal Expected, decimal Actual, decimal Excess, decimal? Percent, double Score, string Because, IReadOnlyList<Share> Shares, IReadOnlyList<Change> Changes);

/// <summary>What the month of the newest day will cost.</summary>
/// <param name="Without">As if nothing that is reported had happened.</param>
/// <param name="IsWhole">False when a service had too little past to carry on with; it counts with the mean of its last days.</param>
public sealed record MonthForecast(DateOnly Month, decimal SoFar, decimal With, decimal Without, bool IsWhole);

/// <summary>One service's days, for a chart.</summary>
public sealed record ServiceDays(string Service, decimal[] Amounts, IReadOnlyList<Expectation?> Expected);

/// <summary>The report, with what only cost has to say.</summary>
/// <param name="BelowImpact">Episodes that are unusual but too small to tell.</param>
/// <param name="NotJudged">Days that are not over yet, or estimates.</param>
/// <param name="TooYoung">Services with less than two weeks of past.</param>
public sealed record CostReport(
    CheckReport Report, SpendTable Table, IReadOnlyList<CostFinding> Findings, int BelowImpact, MonthForecast? Forecast, IReadOnlyList<DateOnly> NotJudged,
    IReadOnlyList<string> TooYoung, IReadOnlyList<ServiceDays> Services)
{
    /// <summary>Days of the table up to the last judged one.</summary>
    public int JudgedDays { get; init; }

    /// <summary>The ids of all findings that the table as it is now gives, also of those that are too old to tell.</summary>
    public IReadOnlySet<string> Standing { get; init; } = new HashSet<string>();

    /// <summary>Days that were judged before with another amount, since when; null when this bill was not seen before.</summary>
    public Restatement? Restatement { get; init; }

    /// <summary>Who was asked what changed when episodes began.</summary>
    public IReadOnlyList<string> ChangesFrom { get; init; } = [];
}
