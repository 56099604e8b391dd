using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Api;

/// <summary>Deletion: preconditions, grace periods, finalizers and propagation.</summary>
internal sealed class ObjectDeletion(ObjectStore store, TimeProvider time)
{
    private static readonly string[] Immortal = ["default", "kube-system", "kube-public"];

    public ApiResult Delete(ResourceKind kind, string? ns, string name, DeleteRequest request)
    {
        if (kind == Resources.Namespaces && Immortal.Contains(name))
        {
            return ApiFailure.Forbidden(kind, name, "this namespace may not be deleted");
        }
        if (kind == Resources.Pods && !request.DryRun)
        {
            // A watcher sees also a pod that goes at once being told to: first the mark, then the end.
            _ = Delete(kind, ns, name, request, markOnly: true);
        }
        return Delete(kind, ns, name, request, markOnly: false);
    }

    private ApiResult Delete(ResourceKind kind, string? ns, string name, DeleteRequest request, bool markOnly)
    {
        ApiFailure? failure = null;
        KubeObject? marked = null;
        var last = store.Write(kind, kind.Namespaced ? ns : null, name, present =>
        {
            if (present is null)
            {
                failure = ApiFailure.NotFound(kind, name);
                return ObjectStore.Unchanged;
            }
            failure = Preconditions(kind, present, request);
            if (failure is not null)
            {
                return ObjectStore.Unchanged;
            }
            var json = present.ToMutable();
            var stays = Mark(kind, json, request);
            if (request.DryRun || !stays)
            {
                // The answer shows the object as marked, also when it goes at once.
                marked = KubeObject.From(kind, json);
            }
            if (request.DryRun)
            {
                return ObjectStore.Unchanged;
            }
            return !stays && !markOnly ? null : JsonNode.DeepEquals(json, JsonNode.Parse(present.Utf8)) ? ObjectStore.Unchanged : json;
        });
        return failure is null ? marked ?? last! : failure;
    }

    /// <summary>False for an object that is marked as deleted and that nothing holds any more.</summary>
    public static bool MustStay(JsonObject json)
    {
        var metadata = json.Object("metadata");
        return metadata.Text("deletionTimestamp") is null
            || metadata["finalizers"] is JsonArray { Count: > 0 }
            || (json.Text("kind") == "Namespace" && json.Object("spec")["finalizers"] is JsonArray { Count: > 0 })
            || metadata.Integer("deletionGracePeriodSeconds") > 0;
    }

    private static ApiFailure? Preconditions(ResourceKind kind, KubeObject present, DeleteRequest request)
    {
        var why = request.Uid is { } uid && uid != present.Uid
            ? $"the UID in the precondition ({uid}) does not match the UID in record ({present.Uid}). The object might have been deleted and then recreated"
            : request.ResourceVersion is { } version && version != $"{present.ResourceVersion}"
            ? $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({present.ResourceVersion}). The object might have been modified"
            : null;
        return why is null ? null
            : new ApiFailure(409, "Conflict", $"Operation cannot be fulfilled on {kind.QualifiedKind} \"{present.Name}\": {why}",
                kind.Group.Length == 0 ? new JsonObject { ["name"] = present.Name, ["kind"] = kind.Kind } : new JsonObject { ["name"] = present.Name, ["group"] = kind.Group, ["kind"] = kind.Kind });
    }

    /// <summary>True when the object must stay for now, marked; false when it can go.</summary>
    private bool Mark(ResourceKind kind, JsonObject json, DeleteRequest request)
    {
        var metadata = json.Object("metadata");
        var finalizers = Finalizers(metadata, request.Propagation);
        var isNamespace = kind == Resources.Namespaces;
        var grace = kind == Resources.Pods ? PodGrace(json, request.GraceSeconds) : 0;
        var stays = grace > 0 || finalizers.Count > 0 || (isNamespace && json.Object("spec")["finalizers"] is JsonArray { Count: > 0 });
        var marked = metadata.Text("deletionTimestamp") is not null;
        var now = time.GetUtcNow();
        if (!marked || (kind == Resources.Pods && grace < metadata.Integer("deletionGracePeriodSeconds")))
        {
            // A second delete can shorten the time that is left, never lengthen it.
            metadata["deletionTimestamp"] = now.AddSeconds(grace).ToKubeTime();
            if (!isNamespace)
            {
                metadata["deletionGracePeriodSeconds"] = grace;
            }
            if (!marked && metadata.ContainsKey("generation"))
            {
                metadata["generation"] = (metadata.Integer("generation") ?? 0) + 1;
            }
        }
        if (isNamespace)
        {
            json.Object("status")["phase"] = "Terminating";
        }
        return stays;
    }

    private static JsonArray Finalizers(JsonObject metadata, string? propagation)
    {
        var names = (metadata["finalizers"] as JsonArray ?? []).Select(item => item!.GetValue<string>()).ToList();
        if (propagation is not null)
        {
            names.RemoveAll(name => name is "orphan" or "foregroundDeletion");
        }
        if (propagation is "Foreground" or "Orphan")
        {
            names.Add(propagation == "Orphan" ? "orphan" : "foregroundDeletion");
        }
        var finalizers = new JsonArray([.. names.Select(name => (JsonNode)JsonValue.Create(name))]);
        if (names.Count > 0)
        {
            metadata["finalizers"] = finalizers;
        }
        else
        {
            metadata.Remove("finalizers");
        }
        return finalizers;
    }

    /// <summary>An unbound or finished pod goes at once: there is nothing to stop.</summary>
    private static long PodGrace(JsonObject pod, long? asked)
    {
        var spec = pod.Object("spec");
        var isBound = spec.Text("nodeName") is { Length: > 0 };
        var isFinished = pod.Object("status").Text("phase") is "Succeeded" or "Failed";
        var grace = asked ?? spec.Integer("terminationGracePeriodSeconds") ?? 30;
        return isBound && !isFinished ? Math.Max(grace, asked is < 0 ? 1 : 0) : 0;
    }
}
