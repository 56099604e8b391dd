using System.Text.Json.Nodes;
using Plumb.Cost.Judging;

namespace Plumb.Cli.Cost;

/// <summary>A report with the days of its services: what the console's page shows.</summary>
internal static class CostPage
{
    /// <summary>Services on the page; the others are small.</summary>
    private const int MostServices = 30;

    /// <summary>Days on the page.</summary>
    private const int MostDays = 120;

    public static JsonObject Of(CostReport report)
    {
        var json = CostJson.Of(report);
        var skip = Math.Max(0, report.Table.Days - MostDays);
        json["days"] = new JsonArray([.. Enumerable.Range(skip, report.Table.Days - skip).Select(day => JsonValue.Create(CostJson.Day(report.Table.FirstDay.AddDays(day))))]);
        json["services"] = new JsonArray([.. report.Services.Take(MostServices).Select(service => Of(service, skip))]);
        return json;
    }

    private static JsonObject Of(ServiceDays service, int skip) => new()
    {
        ["name"] = service.Service,
        ["actual"] = new JsonArray([.. service.Amounts.Skip(skip).Select(amount => JsonValue.Create(decimal.Round(amount, 2)))]),
        ["expected"] = Row(service, skip, expected => expected.Amount),
        ["low"] = Row(service, skip, expected => expected.Low),
        ["high"] = Row(service, skip, expected => expected.High),
    };

    private static JsonArray Row(ServiceDays service, int skip, Func<Plumb.Cost.Detecting.Expectation, double> part) =>
        new([.. service.Expected.Skip(skip).Select(expected => expected is null ? null : JsonValue.Create(Math.Round(part(expected), 2)))]);
}
