using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;

namespace Plumb.Cli.Cost;

/// <summary>A cost report for a person.</summary>
internal sealed class CostText(Terminal terminal)
{
    private const int MostRestated = 3;

    public void Write(CostReport report)
    {
        var (check, table) = (report.Report, report.Table);
        terminal.Line($"{terminal.Paint(check.Outcome.Word(), Style.Of(check.Outcome))}  {check.Check}: {check.Summary}");
        if (table.Days > 0)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture,
                $"read: {table.Format}, {table.Rows:N0} rows, {report.Services.Count} services, {table.Days} days from {table.FirstDay:yyyy-MM-dd} to {table.LastDay:yyyy-MM-dd}, {table.Source}{(table.AskedAt is { } asked ? $", as asked at {ReportText.Time(asked)}" : "")}"));
        }
        if (report.Restatement is { } restatement)
        {
            Write(restatement, table);
        }
        foreach (var finding in report.Findings)
        {
            terminal.Line();
            Write(finding, report);
        }
        if (report.Forecast is { } forecast)
        {
            terminal.Line();
            terminal.Line(Forecast(forecast, table, report.Findings.Count > 0));
        }
        ReportText.WriteEnd(terminal, check);
    }

    private void Write(Restatement restatement, SpendTable table)
    {
        if (restatement.Days.Count > 0)
        {
            var days = restatement.Days.OrderByDescending(day => Math.Abs(day.Difference)).Take(MostRestated)
                .Select(day => string.Create(CultureInfo.InvariantCulture, $"{day.Day:yyyy-MM-dd} {day.Service} by {CostJudge.Money(day.Difference, table, sign: true)} to {CostJudge.Money(day.Now, table)}"));
            terminal.Line($"restated since {ReportText.Time(restatement.Since)}: {string.Join(", ", days)}{(restatement.Days.Count > MostRestated ? $", and {restatement.Days.Count - MostRestated} more" : "")}; judged anew");
        }
        foreach (var closed in restatement.Closed)
        {
            terminal.Line($"closed: {closed.Service} ({closed.Id}), {closed.Because}");
        }
    }

    private void Write(CostFinding finding, CostReport report)
    {
        var (severity, table) = (finding.Finding.Severity, report.Table);
        terminal.Line($"{terminal.Paint(ReportText.SeverityWord(severity), Style.Of(severity))}  {terminal.Paint(finding.Service, Style.Strong)}: {finding.Finding.Summary}  {terminal.Paint($"({finding.Finding.Id})", Style.Faint)}");
        terminal.Line(string.Create(CultureInfo.InvariantCulture,
            $"    furthest on {finding.Peak:ddd yyyy-MM-dd}: {CostJudge.Money(finding.PeakActual, table)}; expected {CostJudge.Money(finding.PeakExpected, table)} ± {finding.PlusMinus:#,0.00}"));
        terminal.Line($"    because {finding.Because}");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"    score {finding.Score:0.0}, where 1 is an alarm; {CostJudge.Money(finding.Excess, table, sign: true)} in all, made of"));
        var width = finding.Shares.Max(share => Amount(share).Length);
        foreach (var share in finding.Shares)
        {
            terminal.Line($"      {Amount(share).PadLeft(width)}  {(share.Key is { } key ? Parts(key) : $"{share.Keys} others")}");
        }
        foreach (var change in finding.Changes)
        {
            terminal.Line($"    changed {ReportText.Time(change.At)}, {Before(change, finding.Start)}: {change.What} ({change.Source})");
        }
        if (finding.Changes.Count == 0 && report.ChangesFrom.Count > 0)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"    changed nothing on {finding.Start.AddDays(-1):yyyy-MM-dd} and {finding.Start:yyyy-MM-dd} that {string.Join(" or ", report.ChangesFrom)} would tell"));
        }
    }

    /// <summary>A bill has days and no hours, so hours are counted to the day's beginning.</summary>
    private static string Before(Change change, DateOnly start) => change.Before(start) is { Ticks: > 0 } before
        ? string.Create(CultureInfo.InvariantCulture, $"{Human.Duration(TimeSpan.FromMinutes(Math.Ceiling(before.TotalMinutes)))} before {start:yyyy-MM-dd} began") : "on that day";

    private static string Amount(Share share) => share.Excess.ToString("+#,0.00;-#,0.00;0.00", CultureInfo.InvariantCulture);

    private static string Parts(SpendKey key)
    {
        var parts = ((string[])[key.Account, key.Region, key.UsageType, key.Tag]).Where(part => part.Length > 0).ToArray();
        return parts.Length == 0 ? key.Service : string.Join(" · ", parts);
    }

    private static string Forecast(MonthForecast forecast, SpendTable table, bool hasEpisodes)
    {
        var month = forecast.Month.ToString("MMMM yyyy", CultureInfo.InvariantCulture);
        var without = hasEpisodes ? $"; without {(forecast.With >= forecast.Without ? "this" : "these changes")} {CostJudge.Money(forecast.Without, table)}" : "";
        return $"{month}: {CostJudge.Money(forecast.SoFar, table)} so far, {CostJudge.Money(forecast.With, table)} by its end{without}{(forecast.IsWhole ? "" : " (a part of the month or of a service's past is missing)")}";
    }
}
