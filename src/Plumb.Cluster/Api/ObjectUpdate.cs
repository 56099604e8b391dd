using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api;

/// <summary>What a client may change in an update, and what is put back.</summary>
internal static class ObjectUpdate
{
    private static readonly string[] KeptMetadata =
        ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName", "selfLink"];

    /// <summary>Checks the preconditions that the object itself carries (uid, resourceVersion) and restores what is not the client's to write.</summary>
    public static ApiFailure? Restrict(ResourceKind kind, JsonObject before, ref JsonObject next, WriteOptions options)
    {
        var old = before.Object("metadata");
        var metadata = next.Object("metadata");
        var name = old.Text("name")!;
        if (metadata.Text("resourceVersion") is { Length: > 0 } based && based != old.Text("resourceVersion"))
        {
            return ApiFailure.Stale(kind, name);
        }
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != old.Text("uid"))
        {
            var key = old.Text("namespace") is { } ns ? $"{ns}/{name}" : name;
            return ApiFailure.Conflict(kind, name, $"StorageError: invalid object, Code: 4, Key: /registry/{kind.Plural}/{key}, ResourceVersion: 0, "
                + $"AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Text("uid")}");
        }
        if (options.Subresource == "status")
        {
            var status = next["status"]?.DeepClone();
            var managed = metadata["managedFields"]?.DeepClone();
            next = before.DeepClone().AsObject();
            next["status"] = status;
            if (options.IsApply)
            {
                next.Object("metadata")["managedFields"] = managed;
            }
            return null;
        }
        foreach (var field in KeptMetadata)
        {
            Restore(metadata, old, field);
        }
        metadata["resourceVersion"] = old.Text("resourceVersion");
        if (kind.HasStatus)
        {
            Restore(next, before, "status");
        }
        if (kind == Resources.Namespaces)
        {
            Restore(next, before, "spec");
        }
        if (kind == Resources.Services)
        {
            KeepAddresses(before.Object("spec"), next.Object("spec"));
        }
        return null;
    }

    /// <summary>A client that leaves the address or the node ports out keeps those that the Service has.</summary>
    private static void KeepAddresses(JsonObject before, JsonObject next)
    {
        if (next.Text("type") == "ExternalName")
        {
            return;
        }
        foreach (var field in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
        {
            if (next[field] is null or JsonArray { Count: 0 } || next.Text(field) is "")
            {
                Restore(next, before, field);
            }
        }
        var old = (before["ports"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        foreach (var port in (next["ports"] as JsonArray ?? []).OfType<JsonObject>().Where(port => port["nodePort"] is null && next.Text("type") is "NodePort" or "LoadBalancer"))
        {
            var same = old.Find(item => item.Integer("port") == port.Integer("port") && (item.Text("protocol") ?? "TCP") == (port.Text("protocol") ?? "TCP"));
            port["nodePort"] = same?["nodePort"]?.DeepClone();
        }
    }

    private static void Restore(JsonObject next, JsonObject before, string field)
    {
        if (before.TryGetPropertyValue(field, out var value))
        {
            next[field] = value?.DeepClone();
        }
        else
        {
            next.Remove(field);
        }
    }

    /// <summary>Giving a pod its node is no change of what it asks for, so it keeps its generation.</summary>
    public static bool IsBinding(ResourceKind kind, JsonObject before, JsonObject after) =>
        kind == Resources.Pods && before.Object("spec").Text("nodeName") is null or "" && after.Object("spec").Text("nodeName") is { Length: > 0 };

    public static bool SpecChanged(JsonObject before, JsonObject after)
    {
        return before.Where(IsSpec).Any(pair => !JsonNode.DeepEquals(pair.Value, after[pair.Key])) || after.Where(IsSpec).Any(pair => !before.ContainsKey(pair.Key));

        static bool IsSpec(KeyValuePair<string, JsonNode?> pair) => pair.Key is not ("metadata" or "status" or "kind" or "apiVersion");
    }
}
