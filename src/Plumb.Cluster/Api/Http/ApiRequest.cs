using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Api.Auth;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>One request about resources, taken apart: who asks, what for, and how the answer should look.</summary>
internal sealed class ApiRequest(HttpContext http, UserInfo user)
{
    public HttpContext Http => http;
    public UserInfo User => user;
    public string Method => http.Request.Method;
    public CancellationToken Cancel => http.RequestAborted;

    public required string Group { get; init; }
    public required string Version { get; init; }
    public string? Namespace { get; init; }

    /// <summary>The name of the resource in the path, known or not.</summary>
    public required string Resource { get; init; }
    public string? Name { get; init; }
    public string? Subresource { get; init; }

    /// <summary>What stands after the subresource: the path of a proxied page.</summary>
    public string Rest { get; init; } = "";

    /// <summary>True for the old <c>/api/v1/watch/…</c> paths.</summary>
    public bool IsWatchPath { get; init; }

    /// <summary>The kind served under that name; null when there is none.</summary>
    public ResourceKind? Kind { get; init; }

    public string? Query(string name) => http.Request.Query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] : null;

    public bool Flag(string name) => Query(name) is "1" or "true" or "True" or "t" or "T" or "TRUE";

    public bool WantsWatch => IsWatchPath || Flag("watch");

    /// <summary>The verb as authorization names it.</summary>
    public string Verb => Method switch
    {
        "GET" when WantsWatch => "watch",
        "GET" => Name is null ? "list" : "get",
        "HEAD" => Name is null ? "list" : "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => Name is null ? "deletecollection" : "delete",
        _ => Method.ToLowerInvariant(),
    };

    /// <summary>The field manager: what the client says, or else the name in its User-Agent.</summary>
    public string Manager => Query("fieldManager") is { Length: > 0 } given ? given : DefaultManager;

    private string DefaultManager
    {
        get
        {
            var agent = http.Request.Headers.UserAgent.ToString();
            var name = agent.Split('/', 2)[0];
            return name.Length > 0 ? name[..Math.Min(name.Length, 128)] : "unknown";
        }
    }

    /// <summary>Reads a path under /api or /apis; null when it has no shape of a resource's path.</summary>
    public static ApiRequest? From(HttpContext http, UserInfo user, string[] segments)
    {
        var core = segments[0] == "api";
        var skip = core ? 2 : 3;
        if (segments.Length <= skip)
        {
            return null;
        }
        var (group, version) = core ? ("", segments[1]) : (segments[1], segments[2]);
        var rest = segments.AsSpan(skip);
        var watch = rest is ["watch", _, ..];
        if (watch)
        {
            rest = rest[1..];
        }
        string? ns = null;
        if (rest is ["namespaces", var name, var next, ..] && !(rest.Length == 3 && next is "status" or "finalize"))
        {
            ns = name;
            rest = rest[2..];
        }
        return new ApiRequest(http, user)
        {
            Group = group,
            Version = version,
            Namespace = ns,
            Resource = rest[0],
            Name = rest.Length > 1 ? rest[1] : null,
            Subresource = rest.Length > 2 ? rest[2] : null,
            Rest = rest.Length > 3 ? string.Join('/', rest[3..].ToArray()) : "",
            IsWatchPath = watch,
            Kind = ServedKinds.Find(group, version, rest[0]),
        };
    }
}
