using Plumb.Core;
using Plumb.Cost.Detecting;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Judging;

/// <summary>What is worth telling. How unusual something is decides the detector alone; these say how much money makes it matter.</summary>
/// <param name="RecentDays">Only what stood within so many days before the newest one; null for everything.</param>
/// <param name="MinImpact">The least excess or shortfall of an episode, in the currency of the bill.</param>
/// <param name="MinPercent">The same, as a percentage of what was expected.</param>
public sealed record CostOptions(int? RecentDays = null, decimal MinImpact = 5, decimal MinPercent = 10);

/// <summary>One part of the difference. All parts of an episode add up to its excess, to the cent.</summary>
/// <param name="Key">Null for the many small ones together.</param>
public sealed record Share(SpendKey? Key, int Keys, decimal Excess);

/// <summary>Something that changed outside the bill at about the time an episode began.</summary>
public sealed record Change(DateTimeOffset At, string What, string Source);

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
/// <param name="NotJudged">Days that are not complete yet.</param>
/// <param name="TooYoung">Services with less than two weeks of past.</param>
public sealed record CostReport(
    CheckReport Report, SpendTable Table, IReadOnlyList<CostFinding> Findings, int BelowImpact, MonthForecast? Forecast, IReadOnlyList<DateOnly> NotJudged,
    IReadOnlyList<string> TooYoung, IReadOnlyList<ServiceDays> Services);
