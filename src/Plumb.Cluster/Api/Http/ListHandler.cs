using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>GET of one object and of lists.</summary>
internal sealed class ListHandler(ApiServices services)
{
    public Task GetAsync(ApiRequest request, ResourceKind kind)
    {
        var item = services.Api.Get(kind.Stored(), request.Namespace, request.Name!);
        return item is null
            ? Answers.FailAsync(request.Http, ApiFailure.NotFound(kind, request.Name!))
            : Rendering.SendAsync(request, kind, 200, item, services.Api.Time.GetUtcNow());
    }

    public Task ListAsync(ApiRequest request, ResourceKind kind)
    {
        var form = Negotiated.Of(request, request.Http);
        if (form is null)
        {
            return Rendering.NotAcceptableAsync(request);
        }
        if (form.As == "PartialObjectMetadata")
        {
            return Answers.FailAsync(request.Http, new ApiFailure(406, "NotAcceptable",
                $"you requested PartialObjectMetadata, but the requested object is a list (*{Rendering.GoType(kind)}List)"));
        }
        var (query, failure) = ListQuery.Of(request, kind);
        if (failure is not null)
        {
            return Answers.FailAsync(request.Http, failure);
        }
        var (page, metadata, problem) = Page(request, kind, query!);
        if (problem is not null)
        {
            return Answers.FailAsync(request.Http, problem);
        }
        var now = services.Api.Time.GetUtcNow();
        if (form.IsTable)
        {
            var table = Tables.TableRenderer.Render(kind, page, now, Rendering.IncludeObject(request), withColumns: true);
            table["metadata"] = metadata;
            return Answers.SendAsync(request.Http, 200, table, form);
        }
        if (form.IsMetadataOnly)
        {
            var list = new JsonObject
            {
                ["kind"] = "PartialObjectMetadataList", ["apiVersion"] = "meta.k8s.io/" + form.AsVersion, ["metadata"] = metadata,
                ["items"] = new JsonArray([.. page.Select(item => (JsonNode)Rendering.MetadataOnly(item, form.AsVersion))]),
            };
            return Answers.SendAsync(request.Http, 200, list, form);
        }
        return Answers.SendAsync(request.Http, 200, Rendering.List(kind, page, metadata), form);
    }

    private (IReadOnlyList<KubeObject> Page, JsonObject Metadata, ApiFailure? Failure) Page(ApiRequest request, ResourceKind kind, ListQuery query)
    {
        var store = services.Api.Store;
        var (all, version) = store.List(kind.Stored(), request.Namespace);
        if (query.HasVersion && query.Version > version)
        {
            return ([], [], TooLarge(query.Version, version));
        }
        if (query.HasVersion && query.Match == "Exact")
        {
            if (store.ListAt(kind.Stored(), request.Namespace, query.Version) is not { } then)
            {
                return ([], [], query.After is null
                    ? new ApiFailure(410, "Expired", "The resourceVersion for the provided list is too old.")
                    : new ApiFailure(410, "Expired", "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."));
            }
            (all, version) = (then, query.Version);
        }
        if (query.After is { } after)
        {
            all = [.. all.Where(item => string.CompareOrdinal(KeyOf(request, item), after) > 0)];
        }
        var chosen = query is { Labels.IsEmpty: true, Fields.IsEmpty: true } ? all : [.. all.Where(query.Matches)];
        var metadata = new JsonObject { ["resourceVersion"] = $"{version}" };
        // A list at version 0 comes from the cache as a whole, whatever the limit.
        if (query.Limit <= 0 || chosen.Count <= query.Limit || (query is { HasVersion: true, Version: 0 }))
        {
            return (chosen, metadata, null);
        }
        var page = chosen.Take((int)Math.Min(query.Limit, int.MaxValue)).ToList();
        metadata["continue"] = ListQuery.Token(version, (query.After is null && query.Match != "Exact" ? "/" : "") + KeyOf(request, page[^1]));
        if (query is { Labels.IsEmpty: true, Fields.IsEmpty: true })
        {
            metadata["remainingItemCount"] = chosen.Count - page.Count;
        }
        return (page, metadata, null);
    }

    /// <summary>How chunked lists name the place where they stop.</summary>
    private static string KeyOf(ApiRequest request, KubeObject item) => request.Namespace is null && item.Namespace is not null ? $"{item.Namespace}/{item.Name}" : item.Name;

    /// <summary>There is only this one server, so a version that it has not reached was never given out: no use in waiting for it.</summary>
    public static ApiFailure TooLarge(long asked, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        })
        { RetryAfterSeconds = 1 };
}
