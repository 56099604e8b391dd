using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Api;

/// <summary>How a delete is meant: the fields of DeleteOptions that the cluster honours.</summary>
/// <param name="GraceSeconds">Null: the object's own default. 0: at once.</param>
/// <param name="Propagation">Background, Foreground or Orphan; null: the kind's default (Background).</param>
internal sealed record DeleteRequest(long? GraceSeconds = null, string? Propagation = null, string? Uid = null, string? ResourceVersion = null, bool DryRun = false);

/// <summary>
/// What the API means, without HTTP: every write passes defaulting, validation and bookkeeping here, whether it comes from
/// kubectl or from a controller in this process. Expected failures are values.
/// </summary>
internal sealed class ClusterApi(ObjectStore store, TimeProvider time)
{
    public ObjectStore Store => store;

    public TimeProvider Time => time;

    public KubeObject? Get(ResourceKind kind, string? ns, string name) => store.Get(kind, ns, name);

    public IReadOnlyList<KubeObject> List(ResourceKind kind, string? ns = null) => store.List(kind, ns).Objects;

    /// <summary>Creates the object; metadata gets uid, creationTimestamp, a generated name when generateName asks for it.</summary>
    public ApiResult Create(ResourceKind kind, string? ns, JsonObject body)
    {
        var json = body.DeepClone().AsObject();
        var metadata = json.Object("metadata");
        var name = metadata.Text("name") ?? GenerateName(metadata);
        metadata["name"] = name;
        if (kind.Namespaced)
        {
            metadata["namespace"] = ns;
        }
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = time.GetUtcNow().ToKubeTime();
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }
        ApiFailure? failure = null;
        var created = store.Write(kind, kind.Namespaced ? ns : null, name, present =>
        {
            failure = present is null ? null : ApiFailure.AlreadyExists(kind, name);
            return failure is null ? Ordered(kind, json) : ObjectStore.Unchanged;
        });
        return failure is null ? created! : failure;
    }

    /// <summary>
    /// Reads, changes and writes in one step, so there is no conflict to retry. A change that leaves the object equal writes nothing.
    /// Return a failure from <paramref name="change"/> to write nothing and hand it on.
    /// </summary>
    public ApiResult Update(ResourceKind kind, string? ns, string name, Func<JsonObject, ApiFailure?> change)
    {
        ApiFailure? failure = null;
        var after = store.Write(kind, kind.Namespaced ? ns : null, name, present =>
        {
            if (present is null)
            {
                failure = ApiFailure.NotFound(kind, name);
                return ObjectStore.Unchanged;
            }
            var json = present.ToMutable();
            failure = change(json);
            if (failure is not null || JsonNode.DeepEquals(json, JsonNode.Parse(present.Utf8)))
            {
                return ObjectStore.Unchanged;
            }
            if (kind.HasGeneration && SpecChanged(present, json))
            {
                var metadata = json.Object("metadata");
                metadata["generation"] = (metadata.Integer("generation") ?? 0) + 1;
            }
            return FinalizersLeft(json) ? json : null;
        });
        return failure is null ? after! : failure;
    }

    public ApiResult Update(ResourceKind kind, string? ns, string name, Action<JsonObject> change) =>
        Update(kind, ns, name, json =>
        {
            change(json);
            return null;
        });

    /// <summary>
    /// Asks for deletion. A bound pod stays, marked with deletionTimestamp, until its kubelet deletes it with grace 0; an object with
    /// finalizers stays until the last one is taken off; everything else goes at once.
    /// </summary>
    public ApiResult Delete(ResourceKind kind, string? ns, string name, DeleteRequest? request = null)
    {
        ApiFailure? failure = null;
        var last = store.Write(kind, kind.Namespaced ? ns : null, name, present =>
        {
            if (present is null)
            {
                failure = ApiFailure.NotFound(kind, name);
                return ObjectStore.Unchanged;
            }
            var json = present.ToMutable();
            return MarkDeleted(kind, json, request ?? new DeleteRequest()) ? json : null;
        });
        return failure is null ? last! : failure;
    }

    /// <summary>True when the object must stay for now, marked; false when it can go.</summary>
    private bool MarkDeleted(ResourceKind kind, JsonObject json, DeleteRequest request)
    {
        var metadata = json.Object("metadata");
        var finalizers = metadata["finalizers"] as JsonArray ?? [];
        if (request.Propagation is "Foreground" or "Orphan")
        {
            finalizers = [.. finalizers.Select(item => item!.DeepClone()), request.Propagation == "Orphan" ? "orphan" : "foregroundDeletion"];
            metadata["finalizers"] = finalizers;
        }
        var grace = kind == Resources.Pods ? PodGrace(json, request.GraceSeconds) : 0;
        if (grace == 0 && finalizers.Count == 0)
        {
            return false;
        }
        metadata["deletionTimestamp"] ??= time.GetUtcNow().AddSeconds(grace).ToKubeTime();
        metadata["deletionGracePeriodSeconds"] ??= grace;
        return true;
    }

    private static long PodGrace(JsonObject pod, long? asked)
    {
        var spec = pod.Object("spec");
        var isBound = spec.Text("nodeName") is { Length: > 0 };
        return isBound ? asked ?? spec.Integer("terminationGracePeriodSeconds") ?? 30 : 0;
    }

    private static bool FinalizersLeft(JsonObject json)
    {
        var metadata = json.Object("metadata");
        return metadata.Text("deletionTimestamp") is null
            || metadata["finalizers"] is JsonArray { Count: > 0 }
            || metadata.Integer("deletionGracePeriodSeconds") > 0;
    }

    private static bool SpecChanged(KubeObject before, JsonObject after)
    {
        var old = before.ToMutable();
        foreach (var json in new[] { old, after })
        {
            _ = json.Object("metadata");
        }
        return old.Where(IsSpec).Any(pair => !JsonNode.DeepEquals(pair.Value, after[pair.Key])) || after.Where(IsSpec).Any(pair => !old.ContainsKey(pair.Key));

        static bool IsSpec(KeyValuePair<string, JsonNode?> pair) => pair.Key is not ("metadata" or "status" or "kind" or "apiVersion");
    }

    private static string GenerateName(JsonObject metadata) => (metadata.Text("generateName") ?? "") + NameSuffix.Next(5);

    /// <summary>kind, apiVersion and metadata first, as every Kubernetes object is written.</summary>
    private static JsonObject Ordered(ResourceKind kind, JsonObject json)
    {
        var ordered = new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = json["metadata"]?.DeepClone() };
        foreach (var pair in json.Where(pair => pair.Key is not ("kind" or "apiVersion" or "metadata")))
        {
            ordered[pair.Key] = pair.Value?.DeepClone();
        }
        return ordered;
    }
}
