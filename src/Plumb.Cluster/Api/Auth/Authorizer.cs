using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Http;

namespace Plumb.Cluster.Api.Auth;

/// <summary>
/// Who may do what. There are no roles (RBAC is not supported): the administrator may do everything; a service account may see what
/// the server is (version, discovery) and the pages under /lab, and the API only when the options of the cluster say so.
/// </summary>
internal sealed class Authorizer(bool serviceAccountsMayRead)
{
    private static readonly string[] OpenPaths = ["/healthz", "/livez", "/readyz", "/version"];
    /// <summary>Parts of a pod that act on it, although a client may ask for them with GET.</summary>
    private static readonly string?[] Acting = ["exec", "attach", "portforward", "proxy"];

    private static readonly string[] KnownUserPaths = ["/api", "/apis", "/openapi", "/lab"];

    public static bool AllowsPath(UserInfo user, string path) =>
        user.IsMaster
        || OpenPaths.Any(open => path == open || path.StartsWith(open + "/", StringComparison.Ordinal))
        || (user != UserInfo.Anonymous && KnownUserPaths.Any(open => path == open || path.StartsWith(open + "/", StringComparison.Ordinal)));

    /// <param name="subresource">Null or empty: the object itself.</param>
    public bool Allows(UserInfo user, string verb, string group, string resource, string? subresource) =>
        user.IsMaster
        || (group == "authorization.k8s.io" && resource == "selfsubjectaccessreviews" && user != UserInfo.Anonymous)
        || (group == "authentication.k8s.io" && resource == "selfsubjectreviews" && user != UserInfo.Anonymous)
        || (serviceAccountsMayRead && user.IsServiceAccount && verb is "get" or "list" or "watch" && resource != "secrets" && !Acting.Contains(subresource));

    public static ApiFailure RefusedPath(UserInfo user, string method, string path) =>
        new(403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {(method == "HEAD" ? "head" : method.ToLowerInvariant())} path \"{path}\"", []);

    public static ApiFailure Refused(ApiRequest request)
    {
        var resource = request.Group.Length == 0 ? request.Resource : $"{request.Resource}.{request.Group}";
        var full = request.Subresource is null ? request.Resource : $"{request.Resource}/{request.Subresource}";
        var where = request.Namespace is null ? " at the cluster scope" : $" in the namespace \"{request.Namespace}\"";
        var details = new JsonObject();
        if (request.Name is not null)
        {
            details["name"] = request.Name;
        }
        if (request.Group.Length > 0)
        {
            details["group"] = request.Group;
        }
        details["kind"] = request.Resource;
        var named = request.Name is null ? "" : $" \"{request.Name}\"";
        return new ApiFailure(403, "Forbidden",
            $"{resource}{named} is forbidden: User \"{request.User.Name}\" cannot {request.Verb} resource \"{full}\" in API group \"{request.Group}\"{where}", details);
    }
}
