using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Api.Text;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Reads what clients send: JSON, YAML or protobuf, within the server's limit, and says what is wrong in the server's words.</summary>
internal static class RequestBody
{
    /// <summary>The largest request, in bytes.</summary>
    public const int Limit = 3 * 1024 * 1024;

    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    public static async Task<(byte[]? Body, ApiFailure? Failure)> ReadAsync(HttpContext http)
    {
        var tooLarge = new ApiFailure(413, "RequestEntityTooLarge", $"Request entity too large: limit is {Limit}");
        if (http.Request.ContentLength > Limit)
        {
            return (null, tooLarge);
        }
        using var body = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0)
        {
            if (body.Length + read > Limit)
            {
                return (null, tooLarge);
            }
            body.Write(buffer, 0, read);
        }
        return (body.ToArray(), null);
    }

    /// <summary>The media type without its parameters; JSON when the client does not say.</summary>
    public static string MediaType(HttpContext http) =>
        http.Request.ContentType is { Length: > 0 } type ? type.Split(';', 2)[0].Trim().ToLowerInvariant() : "application/json";

    /// <summary>An object of a kind from its text.</summary>
    /// <param name="gvk">What the body must be.</param>
    public static (JsonObject? Json, ApiFailure? Failure) Decode(HttpContext http, byte[] body, ExpectedKind gvk)
    {
        var media = MediaType(http);
        if (media is not ("application/json" or "application/yaml" or "application/vnd.kubernetes.protobuf"))
        {
            return (null, new ApiFailure(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {Accepted}"));
        }
        var (value, error, duplicates) = media switch
        {
            "application/json" => JsonText.Parse(body),
            "application/yaml" => YamlText.Parse(Encoding.UTF8.GetString(body)) is var yaml ? (yaml.Value, yaml.Error, []) : default,
            _ => ProtobufReader.Read(body, gvk),
        };
        if (error is not null || value is not JsonObject json)
        {
            var why = error ?? NotAnObject(value);
            return (null, ApiFailure.BadRequest($"the object provided is unrecognized (must be of type {gvk.Kind}): couldn't get version/kind; json parse error: {why} ({Start(body)})"));
        }
        return Check(http, json, gvk, duplicates);
    }

    /// <summary>Kind, types and unknown fields of a parsed object.</summary>
    public static (JsonObject? Json, ApiFailure? Failure) Check(HttpContext http, JsonObject json, ExpectedKind gvk, IReadOnlyList<string> duplicates)
    {
        if (WrongKind(json, gvk) is { } wrong)
        {
            return (null, Unusable(gvk, wrong));
        }
        var reader = new ObjectReader();
        var read = reader.Read(gvk.Type, json);
        if (reader.TypeError is { } mismatch)
        {
            return (null, Unusable(gvk, mismatch));
        }
        var faults = duplicates.Select(path => $"duplicate field \"{path}\"").Concat(reader.Unknown.Select(path => $"unknown field \"{path}\"")).ToList();
        switch (http.Request.Query["fieldValidation"].ToString())
        {
            case "Strict" when faults.Count > 0:
                return (null, Unusable(gvk, "strict decoding error: " + string.Join(", ", faults)));
            case "Ignore":
                break;
            default:
                foreach (var fault in faults)
                {
                    http.Response.Headers.Append("Warning", $"299 - \"{fault.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
                }
                break;
        }
        read["kind"] = gvk.Kind;
        read["apiVersion"] = gvk.ApiVersion;
        return (read, null);
    }

    private static string? WrongKind(JsonObject json, ExpectedKind gvk)
    {
        var kind = json.Text("kind") is { Length: > 0 } given ? given : gvk.Kind;
        var apiVersion = json.Text("apiVersion") is { Length: > 0 } version ? version : gvk.ApiVersion;
        if (kind == gvk.Kind && apiVersion == gvk.ApiVersion)
        {
            return null;
        }
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var (group, bare) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        return Schemas.Find(group, bare, kind) is null
            ? $"no kind \"{kind}\" is registered for version \"{apiVersion}\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""
            : $"converting (v1.{kind}) to ({(gvk.Group.Length == 0 ? "core" : gvk.Group.Split('.')[0])}.{gvk.Kind}): unknown conversion";
    }

    private static ApiFailure Unusable(ExpectedKind gvk, string why)
    {
        // The message names the kind that the body claims to be, which is the one expected unless it says otherwise.
        var kind = why.StartsWith("converting (v1.", StringComparison.Ordinal) ? why["converting (v1.".Length..why.IndexOf(')', StringComparison.Ordinal)] : gvk.Kind;
        return ApiFailure.BadRequest($"{kind} in version \"{gvk.Version}\" cannot be handled as a {gvk.Kind}: {why}");
    }

    private static string NotAnObject(JsonNode? value)
    {
        var kind = value?.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.Array => "array",
            System.Text.Json.JsonValueKind.String => "string",
            System.Text.Json.JsonValueKind.Number => "number",
            System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "bool",
            _ => "null",
        };
        return $"json: cannot unmarshal {kind} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}";
    }

    private static string Start(byte[] body)
    {
        const int Shown = 30;
        return body.Length == 0 ? "<empty>" : body.Length <= Shown ? Encoding.UTF8.GetString(body) : Encoding.UTF8.GetString(body, 0, Shown) + " ...";
    }
}

/// <summary>The kind that a request's body must be of.</summary>
internal sealed record ExpectedKind(string Group, string Version, string Kind)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public StructType Type => Schemas.Find(Group, Version, Kind)!;

    public static ExpectedKind Of(ResourceKind kind) => new(kind.Group, kind.Version, kind.Kind);
}
