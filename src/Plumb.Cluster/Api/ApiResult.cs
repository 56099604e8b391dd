using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api;

/// <summary>Why the API refused: the fields of a Kubernetes <c>Status</c>.</summary>
/// <param name="Code">HTTP status code.</param>
/// <param name="Reason">Machine-readable reason, for instance <c>NotFound</c>; empty: the server gives none.</param>
internal sealed record ApiFailure(int Code, string Reason, string Message, JsonObject? Details = null)
{
    /// <summary>Sent as Retry-After and in the details.</summary>
    public int? RetryAfterSeconds { get; init; }

    public static ApiFailure NotFound(ResourceKind kind, string name) =>
        new(404, "NotFound", $"{kind.QualifiedPlural} \"{name}\" not found", DetailsOf(kind, name));

    public static ApiFailure AlreadyExists(ResourceKind kind, string name) =>
        new(409, "AlreadyExists", $"{kind.QualifiedPlural} \"{name}\" already exists", DetailsOf(kind, name));

    public static ApiFailure Conflict(ResourceKind kind, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {kind.QualifiedPlural} \"{name}\": {why}", DetailsOf(kind, name));

    /// <summary>A write that was based on an older version than the stored one.</summary>
    public static ApiFailure Stale(ResourceKind kind, string name) =>
        Conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiFailure BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiFailure Forbidden(ResourceKind kind, string name, string why) =>
        new(403, "Forbidden", $"{kind.QualifiedPlural} \"{name}\" is forbidden: {why}", DetailsOf(kind, name));

    public static ApiFailure Internal(string message) => new(500, "", message);

    /// <summary>No such resource or version in a known group.</summary>
    public static ApiFailure NoSuchResource { get; } = new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiFailure MethodNotAllowed { get; } =
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static JsonObject DetailsOf(ResourceKind kind, string name)
    {
        var details = new JsonObject { ["name"] = name };
        if (kind.Group.Length > 0)
        {
            details["group"] = kind.Group;
        }
        details["kind"] = kind.Plural;
        return details;
    }

    /// <summary>The failure as the <c>Status</c> object that clients get.</summary>
    public JsonObject ToStatus()
    {
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = Message };
        if (Reason.Length > 0)
        {
            status["reason"] = Reason;
        }
        if (Details is not null)
        {
            status["details"] = Details.DeepClone();
        }
        status["code"] = Code;
        return status;
    }
}

/// <summary>An object, or why there is none.</summary>
internal readonly record struct ApiResult(KubeObject? Object, ApiFailure? Failure)
{
    [MemberNotNullWhen(true, nameof(Object))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsOk => Failure is null;

    public static implicit operator ApiResult(KubeObject value) => new(value, null);

    public static implicit operator ApiResult(ApiFailure failure) => new(null, failure);
}
