using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Defaults;
using Plumb.Cluster.Api.Fields;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Api;

/// <summary>How a delete is meant: the fields of DeleteOptions that the cluster honours.</summary>
/// <param name="GraceSeconds">Null: the object's own default. 0: at once.</param>
/// <param name="Propagation">Background, Foreground or Orphan; null: the kind's default (Background).</param>
internal sealed record DeleteRequest(long? GraceSeconds = null, string? Propagation = null, string? Uid = null, string? ResourceVersion = null, bool DryRun = false);

/// <summary>
/// What the API means, without HTTP: every write passes defaulting, admission and bookkeeping here, whether it comes from
/// kubectl or from a controller in this process. Writes from outside (those with <see cref="WriteOptions"/>) are also validated and
/// recorded in managedFields. Expected failures are values.
/// </summary>
internal sealed class ClusterApi(ObjectStore store, TimeProvider time)
{
    /// <summary>Names tried before a clash of generated names is an error.</summary>
    private const int GeneratedNameTries = 8;

    private readonly ObjectDeletion _deletion = new(store, time);

    public ObjectStore Store => store;

    public TimeProvider Time => time;

    public Admission Admission { get; } = new(store);

    public KubeObject? Get(ResourceKind kind, string? ns, string name) => store.Get(kind, ns, name);

    public IReadOnlyList<KubeObject> List(ResourceKind kind, string? ns = null) => store.List(kind, ns).Objects;

    /// <summary>Creates the object; metadata gets uid, creationTimestamp, a generated name when generateName asks for it.</summary>
    public ApiResult Create(ResourceKind kind, string? ns, JsonObject body, WriteOptions? options = null)
    {
        var generated = body["metadata"] is JsonObject asked && asked.Text("name") is null or "" && asked.Text("generateName") is { Length: > 0 };
        for (var tried = 1; ; tried++)
        {
            var result = CreateOnce(kind, ns, body, options);
            if (!generated || tried == GeneratedNameTries || result.Failure is not { Reason: "AlreadyExists" })
            {
                return result;
            }
        }
    }

    private ApiResult CreateOnce(ResourceKind kind, string? ns, JsonObject body, WriteOptions? options)
    {
        var type = Schemas.Of(kind);
        var json = new ObjectReader().Read(type, body);
        var metadata = json.Object("metadata");
        metadata["name"] = metadata.Text("name") is { Length: > 0 } given ? given : GenerateName(metadata);
        metadata.Remove("namespace");
        if (kind.Namespaced)
        {
            metadata["namespace"] = ns;
        }
        KindDefaults.Apply(kind, json);
        var now = time.GetUtcNow().ToKubeTime();
        if (options is { IsApply: false })
        {
            ManagedFields.Record(kind, new ObjectReader().Read(type, []), new ObjectReader().Read(type, json) is var read ? read : json, options, now);
            metadata["managedFields"] = read["metadata"]!["managedFields"]?.DeepClone();
        }
        if (ns is not null && kind.Namespaced && NamespaceRefuses(kind, ns, metadata.Text("name")!) is { } closed)
        {
            return closed;
        }
        if (Admission.Admit(kind, json) is { } refused)
        {
            return refused;
        }
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = now;
        metadata.Remove("resourceVersion");
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("generation");
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }
        var name = metadata.Text("name")!;
        if (options is not null && ObjectValidation.OnCreate(kind, json).For(kind, metadata.Text("generateName") is { Length: > 0 } && name.Length == 0 ? "" : name) is { } invalid)
        {
            return invalid;
        }
        var ready = Ordered(kind, new ObjectReader().Read(type, json));
        ApiFailure? failure = null;
        var created = store.Write(kind, kind.Namespaced ? ns : null, name, present =>
        {
            failure = present is null ? null
                : present.IsTerminating ? ApiFailure.AlreadyExists(kind, name) with { Message = $"object is being deleted: {kind.QualifiedPlural} \"{name}\" already exists" }
                : ApiFailure.AlreadyExists(kind, name);
            return failure is null && options is not { DryRun: true } ? ready : ObjectStore.Unchanged;
        });
        return failure is null ? created ?? KubeObject.From(kind, ready) : failure;
    }

    /// <summary>
    /// Reads, changes and writes in one step, so there is no conflict to retry. A change that leaves the object equal writes nothing.
    /// Return a failure from <paramref name="change"/> to write nothing and hand it on.
    /// </summary>
    public ApiResult Update(ResourceKind kind, string? ns, string name, Func<JsonObject, ApiFailure?> change) =>
        Replace(kind, ns, name, present =>
        {
            var json = present.ToMutable();
            var failure = change(json);
            return failure is null ? (json, null) : (null, failure);
        });

    public ApiResult Update(ResourceKind kind, string? ns, string name, Action<JsonObject> change) =>
        Update(kind, ns, name, json =>
        {
            change(json);
            return null;
        });

    /// <summary>
    /// The same for writes from outside: <paramref name="change"/> returns the whole object as the client wants it. What a client may not
    /// change is put back, the rest is defaulted, validated against the present object and recorded.
    /// </summary>
    public ApiResult Replace(ResourceKind kind, string? ns, string name, Func<KubeObject, (JsonObject? Next, ApiFailure? Failure)> change, WriteOptions? options = null)
    {
        ApiFailure? failure = null;
        KubeObject? shown = null;
        var after = store.Write(kind, kind.Namespaced ? ns : null, name, present =>
        {
            if (present is null)
            {
                failure = ApiFailure.NotFound(kind, name);
                return ObjectStore.Unchanged;
            }
            (var next, failure) = change(present);
            if (failure is null)
            {
                (next, failure) = Settle(present, next!, options);
            }
            if (failure is not null || JsonNode.DeepEquals(next, JsonNode.Parse(present.Utf8)))
            {
                return ObjectStore.Unchanged;
            }
            if (options is { DryRun: true })
            {
                shown = KubeObject.From(kind, next!);
                return ObjectStore.Unchanged;
            }
            if (ObjectDeletion.MustStay(next!))
            {
                return next;
            }
            // Nothing holds it any more: it goes, and the answer shows it as it was last wanted.
            shown = KubeObject.From(kind, next!);
            return null;
        });
        return failure is null ? shown ?? after! : failure;
    }

    private (JsonObject? Next, ApiFailure? Failure) Settle(KubeObject present, JsonObject next, WriteOptions? options)
    {
        var kind = present.Kind;
        var type = Schemas.Of(kind);
        var before = present.ToMutable();
        var json = new ObjectReader().Read(type, next);
        if (options is not null)
        {
            if (ObjectUpdate.Restrict(kind, before, ref json, options) is { } refused)
            {
                return (null, refused);
            }
            KindDefaults.Apply(kind, json);
            json = new ObjectReader().Read(type, json);
            if (!options.IsApply)
            {
                ManagedFields.Record(kind, before, json, options, time.GetUtcNow().ToKubeTime());
            }
        }
        if (kind.HasGeneration && ObjectUpdate.SpecChanged(before, json) && !ObjectUpdate.IsBinding(kind, before, json))
        {
            var metadata = json.Object("metadata");
            metadata["generation"] = (metadata.Integer("generation") ?? 0) + 1;
        }
        if (options is not null && ObjectValidation.OnUpdate(kind, before, json).For(kind, present.Name) is { } invalid)
        {
            return (null, invalid);
        }
        return (Ordered(kind, new ObjectReader().Read(type, json)), null);
    }

    /// <summary>
    /// Asks for deletion. A bound pod stays, marked with deletionTimestamp, until its kubelet deletes it with grace 0; an object with
    /// finalizers stays until the last one is taken off; everything else goes at once.
    /// </summary>
    public ApiResult Delete(ResourceKind kind, string? ns, string name, DeleteRequest? request = null) =>
        _deletion.Delete(kind, ns, name, request ?? new DeleteRequest());

    /// <summary>A namespace that is being deleted takes nothing new.</summary>
    private ApiFailure? NamespaceRefuses(ResourceKind kind, string ns, string name)
    {
        if (store.Get(Resources.Namespaces, null, ns) is not { IsTerminating: true })
        {
            return null;
        }
        var failure = ApiFailure.Forbidden(kind, name, $"unable to create new content in namespace {ns} because it is being terminated");
        failure.Details!["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating",
            ["message"] = $"namespace {ns} is being terminated",
            ["field"] = "metadata.namespace",
        });
        return failure;
    }

    /// <summary>A prefix is cut so that the name with its five random letters has at most 63.</summary>
    private static string GenerateName(JsonObject metadata)
    {
        const int Longest = 58;
        var prefix = metadata.Text("generateName") ?? "";
        return prefix.Length == 0 ? "" : prefix[..Math.Min(prefix.Length, Longest)] + NameSuffix.Next(5);
    }

    /// <summary>kind, apiVersion and metadata first, as every Kubernetes object is written.</summary>
    private static JsonObject Ordered(ResourceKind kind, JsonObject json)
    {
        var ordered = new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion };
        foreach (var (name, value) in json.Where(pair => pair.Key is not ("kind" or "apiVersion")).ToList())
        {
            json.Remove(name);
            ordered[name] = value;
        }
        return ordered;
    }
}
