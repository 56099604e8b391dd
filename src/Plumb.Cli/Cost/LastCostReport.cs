using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Cost;

/// <summary>The newest report with its days, in the state directory: what the console's page shows.</summary>
internal static class LastCostReport
{
    /// <summary>Services on the page; the others are small.</summary>
    private const int MostServices = 30;

    /// <summary>Days on the page.</summary>
    private const int MostDays = 120;

    public static string PathIn(PlumbHome home) => Path.Combine(home.File("cost"), "last.json");

    public static Problem? Save(PlumbHome home, CostReport report)
    {
        var (path, json) = (PathIn(home), CostJson.Of(report));
        var skip = Math.Max(0, report.Table.Days - MostDays);
        json["days"] = new JsonArray([.. Enumerable.Range(skip, report.Table.Days - skip).Select(day => JsonValue.Create(CostJson.Day(report.Table.FirstDay.AddDays(day))))]);
        json["services"] = new JsonArray([.. report.Services.Take(MostServices).Select(service => Of(service, skip))]);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path + ".new", json.ToJsonString(CoreJson.Readable(indented: false)));
            File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(path + ".new", path, overwrite: true);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the console cannot show this report: {path}: {error.Message.TrimEnd('.')}", "Set PLUMB_HOME to a directory that you may write to");
        }
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
