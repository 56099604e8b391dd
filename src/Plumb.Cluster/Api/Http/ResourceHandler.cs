using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>The verbs on stored objects.</summary>
internal sealed class ResourceHandler(ApiServices services)
{
    private readonly ListHandler _list = new(services);
    private readonly WatchHandler _watch = new(services);
    private readonly WriteHandler _write = new(services);
    private readonly PatchHandler _patch = new(services);
    private readonly DeleteHandler _delete = new(services);
    private readonly SubresourceHandler _parts = new(services);

    public Task HandleAsync(ApiRequest request)
    {
        if (request.Kind is not { } kind)
        {
            return request is { Group: "", Resource: "bindings", Method: "POST", Name: null } ? _parts.BindAsync(request)
                : Answers.FailAsync(request.Http, ApiFailure.NoSuchResource);
        }
        var scoped = kind.Namespaced == request.Namespace is not null || (kind.Namespaced && request.Name is null && request.Method is "GET" or "DELETE" && request.Namespace is null);
        if (!scoped)
        {
            return Answers.FailAsync(request.Http, ApiFailure.NoSuchResource);
        }
        if (kind == Resources.Endpoints && request.Method is not "DELETE")
        {
            request.Http.Response.Headers.Append("Warning", "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"");
        }
        if (request.Subresource is not null)
        {
            return _parts.HandleAsync(request, kind);
        }
        return (request.Method, request.Name) switch
        {
            ("GET", null) when request.WantsWatch => _watch.HandleAsync(request, kind),
            ("GET", null) => _list.ListAsync(request, kind),
            ("GET", _) when request.WantsWatch => _watch.HandleAsync(request, kind),
            ("GET", _) => _list.GetAsync(request, kind),
            ("POST", null) => _write.CreateAsync(request, kind),
            ("PUT", not null) => _write.ReplaceAsync(request, kind),
            ("PATCH", not null) => _patch.HandleAsync(request, kind),
            ("DELETE", not null) => _delete.DeleteAsync(request, kind),
            ("DELETE", null) when kind != Resources.Namespaces => _delete.DeleteAllAsync(request, kind),
            _ => Answers.FailAsync(request.Http, ApiFailure.MethodNotAllowed),
        };
    }
}
