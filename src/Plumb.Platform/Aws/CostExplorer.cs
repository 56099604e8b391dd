using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Platform.Aws;

/// <summary>What is asked of Cost Explorer.</summary>
/// <param name="Start">The first day.</param>
/// <param name="EndExclusive">The day after the last: AWS's end is exclusive, which is where the newest day gets lost.</param>
/// <param name="Metric"><c>UnblendedCost</c>, <c>AmortizedCost</c>, <c>NetUnblendedCost</c>, …</param>
/// <param name="GroupBy">At most two, AWS's limit.</param>
public sealed record CostQuery(DateOnly Start, DateOnly EndExclusive, string Metric, params IReadOnlyList<CostGroupBy> GroupBy);

/// <param name="Type"><c>DIMENSION</c>, <c>TAG</c> or <c>COST_CATEGORY</c>.</param>
/// <param name="Key"><c>SERVICE</c>, <c>LINKED_ACCOUNT</c>, <c>REGION</c>, <c>USAGE_TYPE</c>, or a tag's name.</param>
public sealed record CostGroupBy(string Type, string Key)
{
    public static CostGroupBy Dimension(string key) => new("DIMENSION", key);
}

/// <summary>One day as Cost Explorer bills it.</summary>
/// <param name="Estimated">
/// True until AWS closes the month's bill, so for every day of the running month; amounts may still change by cents. It does not say that a day
/// is incomplete: that is the running day, and up to 24 hours before it.
/// </param>
/// <param name="Amounts">One for each group, or a single one without keys when nothing is grouped; empty on a day without costs.</param>
public sealed record CostDay(DateOnly Day, bool Estimated, IReadOnlyList<CostAmount> Amounts);

/// <param name="Keys">In the order of the query's groups; a tag's key is <c>name$value</c>.</param>
/// <param name="Amount">Exact, as AWS wrote it.</param>
/// <param name="Unit">The currency, for instance <c>USD</c>.</param>
public sealed record CostAmount(IReadOnlyList<string> Keys, decimal Amount, string Unit);

public sealed class CostExplorer
{
    private readonly JsonApi _api;

    internal CostExplorer(AwsTransport transport) => _api = new JsonApi(transport, AwsService.CostExplorer, AwsService.GlobalRegion, "AWSInsightsIndexService");

    /// <summary>Daily costs, all pages; a day that several pages share is one day. AWS charges 0.01 USD a page.</summary>
    public async Task<AwsResult<IReadOnlyList<CostDay>>> GetCostAndUsageAsync(CostQuery query, CancellationToken cancellation)
    {
        var input = new JsonObject
        {
            ["TimePeriod"] = new JsonObject { ["Start"] = Iso(query.Start), ["End"] = Iso(query.EndExclusive) },
            ["Granularity"] = "DAILY",
            ["Metrics"] = new JsonArray(query.Metric),
        };
        if (query.GroupBy.Count > 0)
        {
            input["GroupBy"] = new JsonArray([.. query.GroupBy.Select(group => new JsonObject { ["Type"] = group.Type, ["Key"] = group.Key })]);
        }
        var pages = await _api.PagesAsync("GetCostAndUsage", input, "NextPageToken", "ResultsByTime", day => Day(day, query.Metric), int.MaxValue, cancellation);
        return !pages.IsOk ? pages.Error : pages.Value
            .GroupBy(day => day.Day)
            .Select(parts => new CostDay(parts.Key, parts.Any(part => part.Estimated), [.. parts.SelectMany(part => part.Amounts)]))
            .OrderBy(day => day.Day).ToList();
    }

    private static CostDay Day(JsonElement day, string metric)
    {
        var groups = day.Items("Groups").Select(group => Amount(group.GetProperty("Metrics").GetProperty(metric), [.. group.Items("Keys").Select(key => key.GetString()!)])).ToList();
        if (groups.Count == 0 && day.TryGetProperty("Total", out var total) && total.TryGetProperty(metric, out var amount))
        {
            groups.Add(Amount(amount, []));
        }
        return new CostDay(
            DateOnly.ParseExact(day.GetProperty("TimePeriod").Text("Start")![..10], "yyyy-MM-dd", CultureInfo.InvariantCulture),
            day.TryGetProperty("Estimated", out var estimated) && estimated.GetBoolean(), groups);
    }

    private static CostAmount Amount(JsonElement amount, IReadOnlyList<string> keys) =>
        new(keys, decimal.Parse(amount.Text("Amount")!, NumberStyles.Float, CultureInfo.InvariantCulture), amount.Text("Unit") ?? "");

    private static string Iso(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
