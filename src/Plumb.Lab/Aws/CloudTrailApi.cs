using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws;

/// <summary>LookupEvents over the changes that this stand-in recorded. Reads are not recorded; the real one takes minutes to show an event, this one none.</summary>
internal sealed class CloudTrailApi(AccountStore store) : IApi
{
    private const int MostAnswered = 50;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    public Wire Wire => Wire.Json;

    public string? OperationOf(ApiRequest request) => JsonInput.Operation(request, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101") ?? JsonInput.Operation(request, "CloudTrail_20131101");

    public ApiReply Answer(ApiRequest request, string operation)
    {
        if (operation != "LookupEvents")
        {
            throw StandIn.Unknown(Wire);
        }
        var input = JsonInput.Of(request, "InvalidParameterException");
        var attributes = input.Objects("LookupAttributes");
        var size = input.Number("MaxResults") ?? MostAnswered;
        var (from, to, token) = (input.Time("StartTime"), input.Time("EndTime"), input.Text("NextToken"));
        input.Done();
        if (size is < 1 or > MostAnswered)
        {
            throw new ApiFault(400, "InvalidMaxResultsException", $"A value of maximum results must be between 1 and {MostAnswered}.");
        }
        if (from > to)
        {
            throw new ApiFault(400, "InvalidTimeRangeException", "The start time must be before the end time.");
        }
        var start = 0;
        if (token is not null && !(int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out start) && start > 0))
        {
            throw new ApiFault(400, "InvalidNextTokenException", "The token is not one of an earlier answer with the same attributes.");
        }
        var match = Match(attributes);
        var found = store.Events.All.Where(row => row.Region == request.Region && row.Time >= request.Now - Kept && !(row.Time < from) && !(row.Time > to) && match(row))
            .Reverse().OrderByDescending(row => row.Time).Skip(start).Take(Math.Min(size, request.PageSize ?? size) + 1).ToList();
        var more = found.Count > Math.Min(size, request.PageSize ?? size);
        var page = more ? found[..^1] : found;
        var answer = new JsonObject { ["Events"] = new JsonArray([.. page.Select(Event)]) };
        if (more)
        {
            answer["NextToken"] = (start + page.Count).ToString(CultureInfo.InvariantCulture);
        }
        return ApiReply.Json(answer);
    }

    private static Func<EventRow, bool> Match(IReadOnlyList<JsonObject> attributes)
    {
        if (attributes.Count == 0)
        {
            return static _ => true;
        }
        var (key, value) = ((string?)attributes[0]["AttributeKey"], (string?)attributes[0]["AttributeValue"]);
        if (attributes.Count > 1 || value is null)
        {
            throw new ApiFault(400, "InvalidLookupAttributesException", "You can only specify one lookup attribute, with its value.");
        }
        return key switch
        {
            "EventId" => row => row.Id == value,
            "EventName" => row => row.Name == value,
            "ReadOnly" => _ => value == "false",
            "Username" => row => row.User == value,
            "ResourceType" => row => row.Resources.Any(resource => resource.Type == value),
            "ResourceName" => row => row.Resources.Any(resource => resource.Name == value),
            "EventSource" => row => row.Source == value,
            "AccessKeyId" => row => row.AccessKeyId == value,
            _ => throw new ApiFault(400, "InvalidLookupAttributesException", $"The lookup attribute {key} is not valid."),
        };
    }

    private static JsonObject Event(EventRow row) => new()
    {
        ["EventId"] = row.Id,
        ["EventName"] = row.Name,
        ["ReadOnly"] = "false",
        ["AccessKeyId"] = row.AccessKeyId,
        ["EventTime"] = row.Time.ToUnixTimeSeconds(),
        ["EventSource"] = row.Source,
        ["Username"] = row.User,
        ["Resources"] = new JsonArray([.. row.Resources.Select(resource => new JsonObject { ["ResourceType"] = resource.Type, ["ResourceName"] = resource.Name })]),
        ["CloudTrailEvent"] = row.Record,
    };
}
