using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Logs;

namespace Plumb.Cli.Logs;

/// <summary>Which errors carry an id, for a person.</summary>
internal static class CoverageText
{
    public static void Write(Terminal terminal, CheckReport report, CoverageReport evidence)
    {
        var table = new Table("SERVICE", "LINES", "WITH ID", "ERRORS", "WITH ID", "SHARE");
        foreach (var service in evidence.Services)
        {
            table.Row(service.Service, Number(service.Lines), Number(service.WithId), Number(service.ErrorLines), Number(service.ErrorsWithId),
                service.ErrorShare is { } share ? new Cell(share.ToString("P1", CultureInfo.InvariantCulture), share < 1 ? Style.Bad : Style.Good) : "no errors");
        }
        table.Write(terminal);
        foreach (var service in evidence.Services.Where(service => service.Lost.Count > 0))
        {
            terminal.Line();
            terminal.Line($"{terminal.Paint(service.Service, Style.Strong)} loses the id here:");
            foreach (var lost in service.Lost)
            {
                terminal.Line($"  {Number(lost.Lines)} lines  {lost.Statement}{(lost.Code is null ? "" : $"  at {lost.Code}")}");
                terminal.Line(terminal.Paint($"    {lost.Where}: {lost.Text}", Style.Faint));
            }
        }
        terminal.Line();
        terminal.Line(AccountingText.Sum(evidence.Accounting));
        terminal.Line();
        terminal.Line($"{terminal.Paint(report.Outcome.Word(), Style.Of(report.Outcome))}  {report.Summary}");
        ReportText.WriteEnd(terminal, report);
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
