using System.Text.Json.Nodes;

namespace Plumb.Platform.Kubernetes;

/// <summary>Which objects of a kind: both in kubectl's notation (<c>app=ledger,tier!=x</c>, <c>spec.nodeName=node1</c>); null takes all.</summary>
public sealed record KubeSelector(string? Labels = null, string? Fields = null)
{
    public static readonly KubeSelector All = new();

    public static KubeSelector Named(string name) => new(Fields: $"metadata.name={name}");

    internal string Query => (Labels is null ? "" : $"&labelSelector={Uri.EscapeDataString(Labels)}") + (Fields is null ? "" : $"&fieldSelector={Uri.EscapeDataString(Fields)}");
}

/// <summary>All objects of one moment.</summary>
/// <param name="ResourceVersion">The version of that moment; a watch that starts here misses nothing.</param>
public sealed record KubeList(IReadOnlyList<KubeObject> Items, string ResourceVersion);

/// <summary>How a deletion is meant.</summary>
/// <param name="Grace">Null takes the object's own; zero is at once and without waiting for the kubelet.</param>
/// <param name="Propagation">Background, Foreground or Orphan; null takes the kind's default.</param>
/// <param name="Uid">Delete only this very object: a namesake made since is left alone (409).</param>
/// <param name="ResourceVersion">Delete only if nobody has written since (409).</param>
public sealed record KubeDelete(TimeSpan? Grace = null, string? Propagation = null, string? Uid = null, string? ResourceVersion = null, bool DryRun = false)
{
    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1" };
        if (Grace is { } grace)
        {
            json["gracePeriodSeconds"] = (long)Math.Ceiling(grace.TotalSeconds);
        }
        if (Propagation is not null)
        {
            json["propagationPolicy"] = Propagation;
        }
        if (Uid is not null || ResourceVersion is not null)
        {
            var preconditions = new JsonObject();
            if (Uid is not null)
            {
                preconditions["uid"] = Uid;
            }
            if (ResourceVersion is not null)
            {
                preconditions["resourceVersion"] = ResourceVersion;
            }
            json["preconditions"] = preconditions;
        }
        if (DryRun)
        {
            json["dryRun"] = new JsonArray("All");
        }
        return json;
    }
}

/// <summary>A change of part of an object.</summary>
public sealed record KubePatch
{
    private KubePatch(string mediaType, JsonNode body, string query = "")
    {
        MediaType = mediaType;
        Body = body;
        Query = query;
    }

    internal string MediaType { get; }

    internal JsonNode Body { get; }

    internal string Query { get; }

    /// <summary>RFC 7386: fields given replace, null deletes, lists are replaced whole.</summary>
    public static KubePatch Merge(JsonObject body) => new("application/merge-patch+json", body);

    /// <summary>RFC 6902: a list of operations.</summary>
    public static KubePatch Json(JsonArray operations) => new("application/json-patch+json", operations);

    /// <summary>Kubernetes' own: like merge, but lists of known kinds are merged by their key.</summary>
    public static KubePatch Strategic(JsonObject body) => new("application/strategic-merge-patch+json", body);

    /// <summary>Server-side apply: the fields given belong to <paramref name="fieldManager"/> from now on.</summary>
    public static KubePatch Apply(JsonObject body, string fieldManager, bool force = false) =>
        new("application/apply-patch+yaml", body, $"?fieldManager={Uri.EscapeDataString(fieldManager)}&force={(force ? "true" : "false")}");
}

/// <summary>Which log lines.</summary>
/// <param name="Container">Null: the pod's only container.</param>
/// <param name="Follow">Stay connected and hand on lines as they come.</param>
/// <param name="Previous">The instance before the last restart.</param>
/// <param name="TailLines">Only the last so many lines.</param>
public sealed record KubeLogRequest(string? Container = null, bool Follow = false, bool Previous = false, int? TailLines = null, TimeSpan? Since = null, bool Timestamps = false)
{
    internal string Query
    {
        get
        {
            var query = $"?follow={(Follow ? "true" : "false")}";
            query += Container is null ? "" : $"&container={Uri.EscapeDataString(Container)}";
            query += Previous ? "&previous=true" : "";
            query += TailLines is { } tail ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"&tailLines={tail}") : "";
            query += Since is { } since ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"&sinceSeconds={(long)Math.Ceiling(since.TotalSeconds)}") : "";
            return query + (Timestamps ? "&timestamps=true" : "");
        }
    }
}
