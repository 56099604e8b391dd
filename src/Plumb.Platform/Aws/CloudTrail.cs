using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Platform.Aws;

/// <summary>One recorded call.</summary>
/// <param name="Name">The operation: <c>AuthorizeSecurityGroupIngress</c>.</param>
/// <param name="Source"><c>ec2.amazonaws.com</c>.</param>
/// <param name="User">The name of the principal, where it has one.</param>
/// <param name="Resources">Names of what it was about, for instance <c>sg-…</c>.</param>
/// <param name="Record">The whole event as JSON text: userIdentity, sourceIPAddress, requestParameters, responseElements.</param>
public sealed record CloudTrailEvent(string Id, string Name, DateTimeOffset Time, string Source, string? User, IReadOnlyList<CloudTrailResource> Resources, string Record);

/// <param name="Type"><c>AWS::EC2::SecurityGroup</c>.</param>
public sealed record CloudTrailResource(string? Type, string? Name);

public sealed class CloudTrail
{
    private const int PageSize = 50;
    private readonly JsonApi _api;

    internal CloudTrail(AwsTransport transport, string? region) =>
        _api = new JsonApi(transport, AwsService.CloudTrail, region, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101");

    /// <summary>Newest first, of the last 90 days. AWS allows two such calls a second and takes up to 15 minutes to show an event.</summary>
    /// <param name="attribute"><c>ResourceName</c>, <c>EventName</c>, <c>Username</c>, …: AWS takes one; null asks for everything.</param>
    /// <param name="limit">How many events at most.</param>
    public Task<AwsResult<IReadOnlyList<CloudTrailEvent>>> LookupEventsAsync(
        (string Key, string Value)? attribute, DateTimeOffset? from, DateTimeOffset? to, int limit, CancellationToken cancellation)
    {
        var input = new JsonObject { ["MaxResults"] = Math.Min(limit, PageSize) };
        if (attribute is var (key, value))
        {
            input["LookupAttributes"] = new JsonArray(new JsonObject { ["AttributeKey"] = key, ["AttributeValue"] = value });
        }
        if (from is { } start)
        {
            input["StartTime"] = start.ToUnixTimeSeconds();
        }
        if (to is { } end)
        {
            input["EndTime"] = end.ToUnixTimeSeconds();
        }
        return _api.PagesAsync("LookupEvents", input, "NextToken", "Events", Event, limit, cancellation);
    }

    private static CloudTrailEvent Event(JsonElement found) => new(
        found.Text("EventId") ?? "", found.Text("EventName") ?? "", found.Time("EventTime") ?? throw new FormatException("an event without EventTime"),
        found.Text("EventSource") ?? "", found.Text("Username"),
        [.. found.Items("Resources").Select(resource => new CloudTrailResource(resource.Text("ResourceType"), resource.Text("ResourceName")))], found.Text("CloudTrailEvent") ?? "{}");
}
