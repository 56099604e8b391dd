using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Selectors;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>The options of a list or watch, checked as the API server checks them.</summary>
internal sealed record ListQuery(LabelSelectorText Labels, FieldSelectorText Fields, long Limit, long Version, bool HasVersion)
{
    public string? Match { get; init; }
    public bool SendInitialEvents { get; init; }
    public long? TimeoutSeconds { get; init; }

    /// <summary>Where a chunked list goes on: after this key (namespace/name or name), in the state of <see cref="Version"/>.</summary>
    public string? After { get; init; }

    public bool Matches(KubeObject item) => Labels.Matches(item.Labels) && Fields.Matches(item);

    public static (ListQuery? Query, ApiFailure? Failure) Of(ApiRequest request, ResourceKind kind)
    {
        var limit = 0L;
        if (request.Query("limit") is { Length: > 0 } limitText && !long.TryParse(limitText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out limit))
        {
            return (null, ApiFailure.BadRequest($"strconv.ParseInt: parsing \"{limitText}\": invalid syntax"));
        }
        long? timeout = null;
        if (request.Query("timeoutSeconds") is { Length: > 0 } timeoutText)
        {
            if (!long.TryParse(timeoutText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
            {
                return (null, ApiFailure.BadRequest($"strconv.ParseInt: parsing \"{timeoutText}\": invalid syntax"));
            }
            timeout = seconds;
        }
        var (labels, labelError) = LabelSelectorText.Parse(request.Query("labelSelector") ?? "");
        if (labelError is not null)
        {
            return (null, ApiFailure.BadRequest(labelError));
        }
        var (fields, fieldError) = FieldSelectorText.Parse(request.Query("fieldSelector") ?? "", kind);
        if (fieldError is not null)
        {
            return (null, ApiFailure.BadRequest(fieldError));
        }
        if (Options(request) is { } invalid)
        {
            return (null, invalid);
        }
        var version = request.Query("resourceVersion") ?? "";
        if (!ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && version.Length > 0)
        {
            return (null, ApiFailure.BadRequest($"invalid resource version: resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax"));
        }
        var query = new ListQuery(labels!, fields!, limit, (long)Math.Min(number, long.MaxValue), version.Length > 0)
        {
            Match = request.Query("resourceVersionMatch"), SendInitialEvents = request.Flag("sendInitialEvents"), TimeoutSeconds = timeout,
        };
        return request.Query("continue") is { Length: > 0 } token ? Continue(query, token) : (query, null);
    }

    private static ApiFailure? Options(ApiRequest request)
    {
        var errors = new FieldErrors();
        var match = request.Query("resourceVersionMatch") ?? "";
        var version = request.Query("resourceVersion") ?? "";
        var initial = request.Query("sendInitialEvents") is not null;
        if (request.WantsWatch)
        {
            if (initial && match != "NotOlderThan")
            {
                errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
            }
            else if (!initial && match.Length > 0)
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
            }
        }
        else
        {
            if (match.Length > 0 && version.Length == 0)
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
            }
            if (match.Length > 0 && match is not ("Exact" or "NotOlderThan"))
            {
                errors.Unsupported("resourceVersionMatch", $"\"{match}\"", "Exact", "NotOlderThan", "");
            }
            if (match == "Exact" && version == "0")
            {
                errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
            }
            if (initial)
            {
                errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
            }
        }
        return errors.For("meta.k8s.io", "ListOptions", "");
    }

    private static (ListQuery? Query, ApiFailure? Failure) Continue(ListQuery query, string token)
    {
        if (query.HasVersion && query.Version != 0)
        {
            return (null, ApiFailure.BadRequest("specifying resource version is not allowed when using continue"));
        }
        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(token);
        }
        catch (FormatException)
        {
            return (null, ApiFailure.BadRequest($"invalid continue token: continue key is not valid: illegal base64 data at input byte {token.Length}"));
        }
        var (value, error, _) = Text.JsonText.Parse(bytes);
        if (error is not null || value is not JsonObject json)
        {
            return (null, ApiFailure.BadRequest($"invalid continue token: continue key is not valid: {error}"));
        }
        var start = json.Text("start");
        return json.Text("v") != "meta.k8s.io/v1" || start is null || json.Integer("rv") is not { } version
            ? (null, ApiFailure.BadRequest("invalid continue token: continue key is not valid: server does not recognize this encoded version"))
            : (query with { Version = version, HasVersion = true, Match = "Exact", After = start.TrimStart('/').TrimEnd('\0') }, null);
    }

    /// <summary>The token with which the client asks for the next chunk.</summary>
    public static string Token(long version, string lastKey) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(
            new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = version, ["start"] = lastKey + "\0" }, KubeJson.Compact.JsonObject));
}
