using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws;

/// <summary>Records each change with who made it, in the same transaction as the change.</summary>
internal sealed class Trail(AccountStore store)
{
    /// <summary>CloudTrail shows 90 days; a lab that lives longer keeps the newest.</summary>
    private const int MostEvents = 10_000;

    /// <param name="parameters">As CloudTrail writes them: lower camel case.</param>
    public void Record(ApiRequest request, string operation, JsonObject? parameters, JsonObject? response, params IReadOnlyList<ResourceRow> resources)
    {
        var id = Guid.NewGuid().ToString();
        var source = $"{request.Service}.amazonaws.com";
        var record = new JsonObject
        {
            ["eventVersion"] = "1.10",
            ["userIdentity"] = new JsonObject
            {
                ["type"] = "IAMUser", ["principalId"] = request.User.Id, ["arn"] = request.User.Arn, ["accountId"] = User.Account,
                ["accessKeyId"] = request.User.AccessKeyId, ["userName"] = request.User.Name,
            },
            ["eventTime"] = request.Now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["eventSource"] = source,
            ["eventName"] = operation,
            ["awsRegion"] = request.Region,
            ["sourceIPAddress"] = request.Source,
            ["userAgent"] = request.Agent,
            ["requestParameters"] = parameters,
            ["responseElements"] = response,
            ["requestID"] = request.Id,
            ["eventID"] = id,
            ["readOnly"] = false,
            ["eventType"] = "AwsApiCall",
            ["managementEvent"] = true,
            ["recipientAccountId"] = User.Account,
            ["eventCategory"] = "Management",
        };
        store.Events.Put(id, new EventRow(id, request.Region, request.Now, operation, source, request.User.Name, request.User.AccessKeyId, resources, record.ToJsonString()));
        foreach (var old in store.Events.All.Take(Math.Max(0, store.Events.Count - MostEvents)).ToList())
        {
            store.Events.Remove(old.Id);
        }
    }
}
