using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;

namespace Plumb.Cli.Cost;

/// <summary>The documents that <c>-o json</c> prints: the report, and in each finding and beside them what only cost has to say. Amounts are in <c>currency</c>.</summary>
internal static class CostJson
{
    public static JsonObject Of(CostReport report)
    {
        var json = JsonSerializer.SerializeToNode(report.Report, CoreJson.Indented.CheckReport)!.AsObject();
        foreach (var (node, finding) in json["findings"]!.AsArray().Zip(report.Findings))
        {
            Add(node!.AsObject(), finding);
        }
        var table = report.Table;
        json["currency"] = table.Currency;
        json["source"] = new JsonObject
        {
            ["name"] = table.Source, ["format"] = table.Format, ["rows"] = table.Rows, ["services"] = report.Services.Count,
            ["firstDay"] = table.Days > 0 ? Day(table.FirstDay) : null, ["lastDay"] = table.Days > 0 ? Day(table.LastDay) : null,
        };
        json["notJudged"] = new JsonArray([.. report.NotJudged.Select(day => JsonValue.Create(Day(day)))]);
        json["tooYoung"] = new JsonArray([.. report.TooYoung.Select(service => JsonValue.Create(service))]);
        json["belowImpact"] = report.BelowImpact;
        json["changesFrom"] = new JsonArray([.. report.ChangesFrom.Select(source => JsonValue.Create(source))]);
        json["restatement"] = report.Restatement is not { } restatement ? null : new JsonObject
        {
            ["since"] = restatement.Since,
            ["days"] = new JsonArray([.. restatement.Days.Select(day => new JsonObject
            {
                ["day"] = Day(day.Day), ["service"] = day.Service, ["before"] = day.Before, ["now"] = day.Now, ["difference"] = day.Difference,
            })]),
            ["closed"] = new JsonArray([.. restatement.Closed.Select(closed => new JsonObject { ["id"] = closed.Id, ["service"] = closed.Service, ["because"] = closed.Because })]),
        };
        json["forecast"] = report.Forecast is not { } forecast ? null : new JsonObject
        {
            ["month"] = forecast.Month.ToString("yyyy-MM", CultureInfo.InvariantCulture), ["soFar"] = forecast.SoFar, ["withEpisodes"] = forecast.With,
            ["withoutEpisodes"] = forecast.Without, ["isWhole"] = forecast.IsWhole,
        };
        return json;
    }

    private static void Add(JsonObject node, CostFinding finding)
    {
        node["service"] = finding.Service;
        node["start"] = Day(finding.Start);
        node["end"] = finding.End is { } end ? Day(end) : null;
        node["lastDay"] = Day(finding.LastDay);
        node["peak"] = new JsonObject
        {
            ["day"] = Day(finding.Peak), ["actual"] = finding.PeakActual, ["expected"] = finding.PeakExpected, ["plusMinus"] = finding.PlusMinus,
        };
        node["expected"] = finding.Expected;
        node["actual"] = finding.Actual;
        node["excess"] = finding.Excess;
        node["percent"] = finding.Percent;
        node["score"] = Math.Round(finding.Score, 2);
        node["because"] = finding.Because;
        node["explanation"] = new JsonArray([.. finding.Shares.Select(Of)]);
        node["changes"] = new JsonArray([.. finding.Changes.Select(change => new JsonObject { ["at"] = change.At, ["what"] = change.What, ["source"] = change.Source,
            ["hoursBefore"] = Math.Round(change.Before(finding.Start).TotalHours, 1) })]);
    }

    private static JsonObject Of(Share share) => share.Key is not { } key ? new JsonObject { ["others"] = share.Keys, ["excess"] = share.Excess } : new JsonObject
    {
        ["service"] = key.Service, ["account"] = Or(key.Account), ["region"] = Or(key.Region), ["usageType"] = Or(key.UsageType), ["tag"] = Or(key.Tag), ["excess"] = share.Excess,
    };

    private static string? Or(string text) => text.Length == 0 ? null : text;

    internal static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
