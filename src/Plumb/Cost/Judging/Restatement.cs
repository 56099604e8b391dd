using System.Globalization;
using Plumb.Core;
using Plumb.Cost.Spending;
using Plumb.Platform.Storage;

namespace Plumb.Cost.Judging;

/// <summary>A day that was judged with one amount and has another now.</summary>
public sealed record RestatedDay(DateOnly Day, string Service, decimal Before, decimal Now)
{
    public decimal Difference => Now - Before;
}

/// <summary>A finding of an earlier run whose days no longer bear it out.</summary>
public sealed record ClosedFinding(string Id, string Service, string Because);

/// <summary>What the provider changed in days that an earlier run has judged, and what becomes of that run's findings. Every run judges every day anew anyway.</summary>
/// <param name="Since">When that run was.</param>
public sealed record Restatement(DateTimeOffset Since, IReadOnlyList<RestatedDay> Days, IReadOnlyList<ClosedFinding> Closed)
{
    private const decimal Cent = 0.01m;

    /// <summary>The judged days of a table, to be compared with next time.</summary>
    public static IEnumerable<SeenAmount> Seen(SpendTable table, CostReport report, int newestDays)
    {
        var notJudged = report.NotJudged.ToHashSet();
        return from service in table.Services()
               from index in Enumerable.Range(Math.Max(0, report.JudgedDays - newestDays), Math.Min(newestDays, report.JudgedDays))
               where !notJudged.Contains(table.FirstDay.AddDays(index))
               select new SeenAmount(table.FirstDay.AddDays(index), service.Name, service.Amounts[index]);
    }

    /// <param name="before">What the earlier run judged.</param>
    /// <param name="findings">Findings of earlier runs over this bill that are not closed.</param>
    public static Restatement Of(DateTimeOffset since, IReadOnlyCollection<SeenAmount> before, IEnumerable<Finding> findings, SpendTable table, CostReport report)
    {
        var services = table.Services().ToDictionary(service => service.Name, StringComparer.Ordinal);
        var restated = before.Where(seen => seen.Day >= table.FirstDay && seen.Day <= table.LastDay)
            .Select(seen => new RestatedDay(seen.Day, seen.Service, seen.Amount, services.TryGetValue(seen.Service, out var service) ? service.Amounts[seen.Day.DayNumber - table.FirstDay.DayNumber] : 0))
            .Where(day => Math.Abs(day.Difference) >= Cent).OrderBy(day => day.Day).ThenBy(day => day.Service, StringComparer.Ordinal).ToArray();
        var closed = from finding in findings
                     where !report.Standing.Contains(finding.Id) && finding.Evidence is [{ Window: not null }, ..]
                     let window = finding.Evidence[0].Window!
                     let days = restated.Where(day => day.Service == finding.Subject.Name && At(day.Day) >= window.From && At(day.Day) < window.To).ToArray()
                     // Days that are left out this time tell nothing of what stood on them.
                     where days.Length > 0 && !report.NotJudged.Any(day => At(day) >= window.From && At(day) < window.To)
                     let most = days.MaxBy(day => Math.Abs(day.Difference))!
                     select new ClosedFinding(finding.Id, finding.Subject.Name, string.Create(CultureInfo.InvariantCulture,
                         $"restated: {most.Day:yyyy-MM-dd} is {CostJudge.Money(most.Now, table)} now and was {CostJudge.Money(most.Before, table)}"));
        return new Restatement(since, restated, [.. closed]);
    }

    private static DateTimeOffset At(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}
