using System.Globalization;
using System.Text.Json.Nodes;

namespace Plumb.Lab.Aws.Cost;

/// <summary>GetCostAndUsage over the lab's bill: daily and monthly, up to two groups, filters, pages.</summary>
internal sealed class CostExplorerApi(Bill bill, int pageSize) : IApi
{
    private const int MostGroups = 2;
    private static readonly string[] CostMetrics = ["UnblendedCost", "BlendedCost", "AmortizedCost", "NetUnblendedCost", "NetAmortizedCost"];

    public Wire Wire => Wire.Json;

    public string? OperationOf(ApiRequest request) => JsonInput.Operation(request, "AWSInsightsIndexService");

    public ApiReply Answer(ApiRequest request, string operation)
    {
        if (operation != "GetCostAndUsage")
        {
            throw StandIn.Unknown(Wire);
        }
        var input = JsonInput.Of(request, "ValidationException");
        var period = input.Object("TimePeriod") ?? throw input.Wrong("TimePeriod is required");
        var (start, end) = (Day((string?)period["Start"], "Start", input), Day((string?)period["End"], "End", input));
        var granularity = input.Text("Granularity") ?? throw input.Wrong("Granularity is required");
        var metrics = input.Texts("Metrics");
        var groups = input.Objects("GroupBy").Select(group => Group(group, input)).ToList();
        var filter = CostFilter.Read(input.Object("Filter"), input);
        var token = input.Text("NextPageToken");
        input.Done();
        Check(input, request.Now, start, end, granularity, metrics, groups.Count);
        var spans = Spans(start, end, granularity).ToList();
        var lines = bill.Lines(start, end, request.Now).Where(filter).ToLookup(line => line.Day);
        var answer = new JsonObject();
        if (groups.Count > 0)
        {
            answer["GroupDefinitions"] = new JsonArray([.. input.Objects("GroupBy").Select(group => group.DeepClone())]);
        }
        var size = request.PageSize ?? pageSize;
        var rows = Rows(spans, lines, groups).ToList();
        var from = token is null ? 0 : int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at > 0 && at < rows.Count ? at
            : throw new ApiFault(400, "InvalidNextTokenException", "The pagination token is invalid. Try again without a pagination token.");
        answer["ResultsByTime"] = new JsonArray([.. rows.Skip(from).Take(size).GroupBy(row => row.Span).Select(page => Result(page.Key, [.. page], metrics, groups.Count > 0, request.Now))]);
        if (from + size < rows.Count)
        {
            answer["NextPageToken"] = (from + size).ToString(CultureInfo.InvariantCulture);
        }
        answer["DimensionValueAttributes"] = new JsonArray();
        return ApiReply.Json(answer);
    }

    private static void Check(JsonInput input, DateTimeOffset now, DateOnly start, DateOnly end, string granularity, IReadOnlyList<string> metrics, int groups)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (start >= end)
        {
            throw input.Wrong("Start date (and hour) should be before end date (and hour)");
        }
        if (start > today)
        {
            throw input.Wrong("Start date cannot be in the future");
        }
        if (start < today.AddDays(-Bill.Days))
        {
            throw input.Wrong($"You haven't enabled historical data beyond {Bill.Days / 30} months");
        }
        if (granularity == "HOURLY")
        {
            throw new ApiFault(400, "DataUnavailableException", "Data is not available: hourly granularity is not enabled for this account.");
        }
        if (granularity is not ("DAILY" or "MONTHLY"))
        {
            throw input.Wrong($"1 validation error detected: Value '{granularity}' at 'granularity' failed to satisfy constraint: Member must satisfy enum value set: [DAILY, HOURLY, MONTHLY]");
        }
        if (metrics.Count == 0)
        {
            throw input.Wrong("Metrics is required: at least one metric must be specified");
        }
        if (metrics.FirstOrDefault(metric => !CostMetrics.Contains(metric)) is { } unknown)
        {
            // Usage quantities would need units for each usage type, and a made-up one would be a wrong answer.
            throw input.Wrong($"The lab's AWS has the metrics {string.Join(", ", CostMetrics)}, not {unknown}");
        }
        if (groups > MostGroups)
        {
            throw input.Wrong($"1 validation error detected: Value at 'groupBy' failed to satisfy constraint: Member must have length less than or equal to {MostGroups}");
        }
    }

    private static Func<BillLine, string> Group(JsonObject group, JsonInput input)
    {
        var (type, key) = ((string?)group["Type"], (string?)group["Key"]);
        // The lab's things have no tags in the bill: each amount falls under "name$", as with AWS.
        return type switch
        {
            "DIMENSION" => CostFilter.Dimension(key, input),
            "TAG" => _ => $"{key}$",
            _ => throw input.Wrong($"Group Definition type {type} is invalid. Valid values are DIMENSION, TAG"),
        };
    }

    private static IEnumerable<(DateOnly Start, DateOnly End)> Spans(DateOnly start, DateOnly end, string granularity)
    {
        for (var at = start; at < end;)
        {
            var next = granularity == "DAILY" ? at.AddDays(1) : new DateOnly(at.Year, at.Month, 1).AddMonths(1);
            next = next < end ? next : end;
            yield return (at, next);
            at = next;
        }
    }

    /// <summary>One row for each span and group; a span without amounts has one row without keys, so that it stands in the answer.</summary>
    private static IEnumerable<((DateOnly Start, DateOnly End) Span, string[]? Keys, decimal Amount)> Rows(
        IEnumerable<(DateOnly Start, DateOnly End)> spans, ILookup<DateOnly, BillLine> lines, List<Func<BillLine, string>> groups)
    {
        foreach (var span in spans)
        {
            var all = Enumerable.Range(span.Start.DayNumber, span.End.DayNumber - span.Start.DayNumber).SelectMany(day => lines[DateOnly.FromDayNumber(day)]);
            var sums = all.GroupBy(line => string.Join('\n', groups.Select(group => group(line))), StringComparer.Ordinal).OrderBy(sum => sum.Key, StringComparer.Ordinal).ToList();
            if (sums.Count == 0)
            {
                yield return (span, null, 0);
            }
            foreach (var sum in sums)
            {
                yield return (span, sum.Key.Split('\n'), sum.Sum(line => line.Amount));
            }
        }
    }

    private static JsonObject Result(
        (DateOnly Start, DateOnly End) span, List<((DateOnly Start, DateOnly End) Span, string[]? Keys, decimal Amount)> rows, IReadOnlyList<string> metrics, bool grouped, DateTimeOffset now)
    {
        // AWS calls every day of a month that it has not billed yet estimated; here it is the days that are still filled, or every check of it would wait for a month.
        var open = DateOnly.FromDateTime(now.UtcDateTime).AddDays(-1);
        return new JsonObject
        {
            ["TimePeriod"] = new JsonObject { ["Start"] = Iso(span.Start), ["End"] = Iso(span.End) },
            ["Total"] = grouped ? new JsonObject() : Metrics(metrics, rows.Sum(row => row.Amount)),
            ["Groups"] = !grouped ? [] : new JsonArray([.. rows.Where(row => row.Keys is not null).Select(row => new JsonObject
            {
                ["Keys"] = new JsonArray([.. row.Keys!.Select(key => (JsonNode)key)]), ["Metrics"] = Metrics(metrics, row.Amount),
            })]),
            ["Estimated"] = span.End > open,
        };
    }

    private static JsonObject Metrics(IReadOnlyList<string> metrics, decimal amount)
    {
        var json = new JsonObject();
        foreach (var metric in metrics)
        {
            json[metric] = new JsonObject { ["Amount"] = amount.ToString(CultureInfo.InvariantCulture), ["Unit"] = "USD" };
        }
        return json;
    }

    private static DateOnly Day(string? text, string name, JsonInput input) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
            : throw input.Wrong($"{name} time {text} is invalid. Valid format is: yyyy-MM-dd.");

    private static string Iso(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
