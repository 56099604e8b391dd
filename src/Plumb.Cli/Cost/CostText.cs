using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;

namespace Plumb.Cli.Cost;

/// <summary>A cost report for a person.</summary>
internal sealed class CostText(Terminal terminal)
{
    public void Write(CostReport report)
    {
        var (check, table) = (report.Report, report.Table);
        terminal.Line($"{terminal.Paint(check.Outcome.Word(), Style.Of(check.Outcome))}  {check.Check}: {check.Summary}");
        if (table.Days > 0)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture,
                $"read: {table.Format}, {table.Rows:N0} rows, {report.Services.Count} services, {table.Days} days from {table.FirstDay:yyyy-MM-dd} to {table.LastDay:yyyy-MM-dd}, {table.Source}"));
        }
        foreach (var finding in report.Findings)
        {
            terminal.Line();
            Write(finding, table);
        }
        if (report.Forecast is { } forecast)
        {
            terminal.Line();
            terminal.Line(Forecast(forecast, table, report.Findings.Count > 0));
        }
        ReportText.WriteEnd(terminal, check);
    }

    private void Write(CostFinding finding, SpendTable table)
    {
        var severity = finding.Finding.Severity;
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
            terminal.Line($"    changed {ReportText.Time(change.At)}: {change.What} ({change.Source})");
        }
    }

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
