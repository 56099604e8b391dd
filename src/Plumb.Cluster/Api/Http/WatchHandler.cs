using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Api.Http;

/// <summary>
/// Watches: each client has a queue of its own, so a slow one loses its watch and holds up nobody. An object that starts or stops to
/// match the selector is ADDED or DELETED for that client.
/// </summary>
internal sealed class WatchHandler(ApiServices services)
{
    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(50);
    private static readonly TimeSpan BookmarkEvery = TimeSpan.FromSeconds(60);

    public async Task HandleAsync(ApiRequest request, ResourceKind kind)
    {
        var form = Negotiated.Of(request, request.Http);
        var (query, failure) = ListQuery.Of(request, kind);
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        if (form is null || form.Format != AnswerFormat.Json)
        {
            await Rendering.NotAcceptableAsync(request);
            return;
        }
        var stream = new WatchStream(request, kind, form, services.Api.Time);
        var store = services.Api.Store;
        var fromNow = !query!.HasVersion || query.Version == 0 || query.SendInitialEvents;
        if (query.HasVersion && query.Version > store.Version)
        {
            await stream.OpenAsync();
            await stream.ErrorAsync(ListHandler.TooLarge(query.Version, store.Version));
            return;
        }
        StoreWatch? watch;
        IReadOnlyList<KubeObject> present = [];
        long version;
        if (fromNow)
        {
            (present, watch, version) = store.ListAndWatchAt(kind.Stored());
        }
        else
        {
            watch = store.WatchSince(query.Version, kind.Stored());
            version = query.Version;
        }
        await stream.OpenAsync();
        if (watch is null)
        {
            await stream.ErrorAsync(new ApiFailure(410, "Expired", $"too old resource version: {query.Version} ({store.OldestVersion})"));
            return;
        }
        using (watch)
        {
            bool Wanted(KubeObject item) => (request.Namespace is null || item.Namespace == request.Namespace) && (request.Name is null || item.Name == request.Name) && query.Matches(item);
            var wantsInitial = query.SendInitialEvents || request.Query("sendInitialEvents") is null;
            foreach (var item in wantsInitial ? present.Where(Wanted) : [])
            {
                await stream.EventAsync("ADDED", item);
            }
            if (query.SendInitialEvents && request.Flag("allowWatchBookmarks"))
            {
                await stream.BookmarkAsync(version, endOfInitial: true);
            }
            await stream.FlushAsync();
            await FollowAsync(request, query, watch, stream, Wanted, version);
        }
    }

    private async Task FollowAsync(ApiRequest request, ListQuery query, StoreWatch watch, WatchStream stream, Func<KubeObject, bool> wanted, long version)
    {
        var time = services.Api.Time;
        var length = query.TimeoutSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400)) : LongestWatch;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(request.Cancel);
        await using var timer = time.CreateTimer(_ => end.Cancel(), null, length, Timeout.InfiniteTimeSpan);
        var bookmarks = request.Flag("allowWatchBookmarks");
        try
        {
            while (true)
            {
                if (!await NextAsync(watch, bookmarks ? BookmarkEvery : Timeout.InfiniteTimeSpan, time, end.Token))
                {
                    await stream.BookmarkAsync(Math.Max(version, services.Api.Store.Version), endOfInitial: false);
                    await stream.FlushAsync();
                    continue;
                }
                while (watch.Events.TryRead(out var change))
                {
                    version = change.Version;
                    await SendAsync(stream, change, wanted);
                }
                await stream.FlushAsync();
                if (watch.Events.Completion.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The watch's time is over, or the client left.
        }
    }

    /// <summary>True when there is something to read (or the watch has ended), false when it is time for a bookmark.</summary>
    private static async Task<bool> NextAsync(StoreWatch watch, TimeSpan patience, TimeProvider time, CancellationToken cancel)
    {
        var readable = watch.Events.WaitToReadAsync(cancel).AsTask();
        if (patience == Timeout.InfiniteTimeSpan)
        {
            await readable;
            return true;
        }
        try
        {
            await readable.WaitAsync(patience, time, cancel);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static async Task SendAsync(WatchStream stream, StoreEvent change, Func<KubeObject, bool> wanted)
    {
        var before = change.Previous is not null && wanted(change.Previous);
        var now = change.Type != StoreEventType.Deleted && wanted(change.Object);
        if (now)
        {
            await stream.EventAsync(before ? "MODIFIED" : "ADDED", change.Object);
        }
        else if (before)
        {
            // The object as it last matched, with the version of the change that took it away.
            var last = change.Type == StoreEventType.Deleted ? change.Object : WithVersion(change.Previous!, change.Version);
            await stream.EventAsync("DELETED", last);
        }
    }

    private static KubeObject WithVersion(KubeObject item, long version)
    {
        var json = item.ToMutable();
        json.Object("metadata")["resourceVersion"] = $"{version}";
        return KubeObject.From(item.Kind, json);
    }
}

/// <summary>Writes watch events, one JSON object a line.</summary>
internal sealed class WatchStream(ApiRequest request, ResourceKind kind, Negotiated form, TimeProvider time)
{
    private bool _columnsSent;

    public async Task OpenAsync()
    {
        request.Http.Response.StatusCode = 200;
        request.Http.Response.ContentType = form.IsTable || form.IsMetadataOnly ? $"application/json;as={form.As};g=meta.k8s.io;v={form.AsVersion}" : "application/json";
        request.Http.Response.Headers.CacheControl = "no-cache, private";
        await request.Http.Response.StartAsync(request.Cancel);
    }

    public Task FlushAsync() => request.Http.Response.Body.FlushAsync(request.Cancel);

    public async Task EventAsync(string type, KubeObject item)
    {
        if (form.IsTable)
        {
            var table = Tables.TableRenderer.Render(kind, [item], time.GetUtcNow(), Rendering.IncludeObject(request), withColumns: !_columnsSent);
            table["metadata"] = new JsonObject { ["resourceVersion"] = $"{item.ResourceVersion}" };
            _columnsSent = true;
            await WriteAsync(type, JsonSerializer.SerializeToUtf8Bytes(table, KubeJson.Compact.JsonObject));
            return;
        }
        await WriteAsync(type, form.IsMetadataOnly
            ? JsonSerializer.SerializeToUtf8Bytes(Rendering.MetadataOnly(item, form.AsVersion), KubeJson.Compact.JsonObject)
            : Rendering.Bytes(kind, item));
    }

    /// <summary>Tells the client how far it has seen everything, so that it can go on from there.</summary>
    public Task BookmarkAsync(long version, bool endOfInitial)
    {
        var metadata = new JsonObject { ["resourceVersion"] = $"{version}", ["creationTimestamp"] = null };
        if (endOfInitial)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }
        var empty = new Schema.ObjectReader().Read(Schema.Schemas.Of(kind), []);
        var item = new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion };
        foreach (var (name, value) in empty)
        {
            item[name] = value?.DeepClone();
        }
        item["metadata"] = metadata;
        if (form.IsTable)
        {
            item = new JsonObject { ["kind"] = "Table", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = new JsonObject { ["resourceVersion"] = $"{version}" }, ["columnDefinitions"] = null,
                ["rows"] = new JsonArray(new JsonObject { ["cells"] = new JsonArray(), ["object"] = new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = metadata.DeepClone() } }) };
        }
        else if (form.IsMetadataOnly)
        {
            item = new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/" + form.AsVersion, ["metadata"] = metadata.DeepClone() };
        }
        return WriteAsync("BOOKMARK", JsonSerializer.SerializeToUtf8Bytes(item, KubeJson.Compact.JsonObject));
    }

    public async Task ErrorAsync(ApiFailure failure)
    {
        await WriteAsync("ERROR", JsonSerializer.SerializeToUtf8Bytes(failure.ToStatus(), KubeJson.Compact.JsonObject));
        await FlushAsync();
    }

    private async Task WriteAsync(string type, ReadOnlyMemory<byte> json)
    {
        var body = request.Http.Response.Body;
        await body.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"), request.Cancel);
        await body.WriteAsync(json, request.Cancel);
        await body.WriteAsync("}\n"u8.ToArray(), request.Cancel);
    }
}
