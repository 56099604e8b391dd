using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Api.Http;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Tests.Cluster.Api;

/// <summary>
/// What a recorded file takes as given. An object that a file shows before it creates it is stored as it was first shown; the few that are
/// never shown whole stand here by hand.
/// </summary>
internal static class GoldenSeed
{
    private static readonly string[] Namespaces = ["demo", "raw", "raw2", "gone"];

    private static readonly Lazy<HashSet<string>> Names = new(() => [.. Shown(GoldenReplay.Load("objects")).Select(item => item["metadata"]!["name"]!.GetValue<string>())]);

    public static HashSet<string> TableNames => Names.Value;

    private const string Template = """{"metadata":{"labels":{"a":"x"}},"spec":{"containers":[{"name":"c","image":"registry.example/busybox:1.35","command":["sleep","600"]}],"terminationGracePeriodSeconds":2}}""";

    public static void Apply(string file, IReadOnlyList<JsonObject> entries, ClusterApi api, Dictionary<string, string> own)
    {
        foreach (var ns in Namespaces)
        {
            api.Create(Resources.Namespaces, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = ns } }, new WriteOptions("kubectl"));
            api.Create(Resources.ServiceAccounts, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } });
        }
        foreach (var (kind, ns, json) in ByHand(file))
        {
            api.Create(kind, ns, JsonNode.Parse(json)!.AsObject(), new WriteOptions("kubectl"));
        }
        var given = file is "tables" ? Shown(GoldenReplay.Load("objects")) : Shown(entries);
        foreach (var item in given)
        {
            Store(file, api, item, own);
        }
    }

    /// <summary>What happened in the recorded cluster between two requests.</summary>
    public static void Before(string file, string name, ClusterApi api)
    {
        if (file == "list-chunking" && name.StartsWith("next page", StringComparison.Ordinal))
        {
            api.Create(Resources.ConfigMaps, "demo", JsonNode.Parse("""{"metadata":{"name":"chunk3b","labels":{"chunk":"1"}}}""")!.AsObject());
            api.Delete(Resources.ConfigMaps, "demo", "chunk6");
        }
        if (file == "watch" && name.StartsWith("sendInitialEvents=true", StringComparison.Ordinal))
        {
            WriteWatched(api);
        }
    }

    /// <summary>What the recorder's second connection did while a watch was open.</summary>
    public static void WriteWatched(ClusterApi api)
    {
        void Change(Action<JsonObject> change) => api.Replace(Resources.ConfigMaps, "raw", "w1", present =>
        {
            var json = present.ToMutable();
            change(json);
            return (json, null);
        }, new WriteOptions("kubectl"));
        api.Create(Resources.ConfigMaps, "raw", JsonNode.Parse("""{"metadata":{"name":"w1"},"data":{"a":"1"}}""")!.AsObject(), new WriteOptions("kubectl"));
        Change(json => json["data"]!["a"] = "2");
        Change(json => json["metadata"]!["labels"] = new JsonObject { ["x"] = "y" });
        Change(json => json["metadata"]!.AsObject().Remove("labels"));
        api.Delete(Resources.ConfigMaps, "raw", "w1");
    }

    private static IEnumerable<(ResourceKind Kind, string? Ns, string Json)> ByHand(string file)
    {
        switch (file)
        {
            case "delete":
                yield return (Resources.ConfigMaps, "raw2", """{"metadata":{"name":"d1"},"data":{"a":"1"}}""");
                yield return (Resources.ConfigMaps, "raw2", """{"metadata":{"name":"d2","finalizers":["example.com/hold"]},"data":{"a":"1"}}""");
                yield return (Resources.ConfigMaps, "raw2", """{"metadata":{"name":"d4"},"data":{"a":"1"}}""");
                yield return (Resources.Deployments, "raw2", """{"metadata":{"name":"background"},"spec":{"selector":{"matchLabels":{"a":"x"}},"template":""" + Template + "}}");
                break;
            case "generate-name-dry-run":
                yield return (Resources.ConfigMaps, "raw", """{"metadata":{"name":"real"},"data":{"a":"1"}}""");
                yield return (Resources.StorageClasses, null, """{"metadata":{"name":"standard","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"kubernetes.io/host-path"}""");
                break;
            case "list-chunking" or "selectors":
                yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"cfg"}}""");
                yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"kube-root-ca.crt"}}""");
                yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"sel0","labels":{"app":"a","tier":"x"}}}""");
                yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"sel1","labels":{"app":"a","tier":"y"}}}""");
                yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"sel2","labels":{"app":"b"}}}""");
                yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"sel3"}}""");
                for (var i = 0; file == "list-chunking" && i < 7; i++)
                {
                    yield return (Resources.ConfigMaps, "demo", """{"metadata":{"name":"chunkN","labels":{"chunk":"1"}}}""".Replace("chunkN", $"chunk{i}", StringComparison.Ordinal));
                }
                yield return (Resources.Secrets, "demo", """{"metadata":{"name":"s"},"type":"Opaque"}""");
                break;
            case "auth":
                yield return (Resources.Nodes, null, """{"metadata":{"name":"node2"}}""");
                break;
        }
    }

    /// <summary>Objects that a file shows whole before (or without) creating them, oldest showing first.</summary>
    private static IEnumerable<JsonObject> Shown(IReadOnlyList<JsonObject> entries)
    {
        var seen = new HashSet<string>();
        foreach (var entry in entries)
        {
            var created = entry["request"]?["method"]?.GetValue<string>() == "POST" || entry["request"]?["headers"]?["Content-Type"]?.GetValue<string>() == "application/apply-patch+yaml";
            foreach (var item in Objects(entry["response"]?["body"]).Concat((entry["response"]?["stream"] as JsonArray ?? []).Where(line => line!["tMs"]!.GetValue<int>() < 300).SelectMany(line => Objects(line!["event"]?["object"]))))
            {
                var key = $"{item["kind"]} {item["metadata"]!["namespace"]} {item["metadata"]!["name"]}";
                if (seen.Add(key) && !created && item["metadata"]!["name"]!.GetValue<string>() != "w1")
                {
                    yield return item;
                }
            }
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? body)
    {
        if (body is not JsonObject json)
        {
            yield break;
        }
        if (json["items"] is JsonArray items)
        {
            var kind = json["kind"]!.GetValue<string>();
            foreach (var item in items.OfType<JsonObject>().Where(item => item["metadata"]?["uid"] is not null && kind.EndsWith("List", StringComparison.Ordinal)))
            {
                var whole = item.DeepClone().AsObject();
                whole["kind"] ??= kind[..^4];
                whole["apiVersion"] ??= json["apiVersion"]?.DeepClone();
                yield return whole;
            }
        }
        else if (json["metadata"]?["uid"] is not null && json["kind"] is not null)
        {
            yield return json;
        }
    }

    private static void Store(string file, ClusterApi api, JsonObject item, Dictionary<string, string> own)
    {
        var kind = ServedKinds.All.FirstOrDefault(kind => kind.Kind == item["kind"]!.GetValue<string>() && kind.ApiVersion == item["apiVersion"]?.GetValue<string>())
            ?? (item["kind"]!.GetValue<string>() == "PartialObjectMetadata" ? Resources.ConfigMaps : null);
        var json = item.DeepClone().AsObject();
        var metadata = json.Object("metadata");
        var (name, ns) = (metadata.Text("name")!, metadata.Text("namespace"));
        if (kind is null || kind == ServedKinds.EventsView || (kind.Namespaced && ns is null))
        {
            return;
        }
        if (metadata.Remove("deletionTimestamp") && metadata.Integer("generation") is { } generation)
        {
            metadata["generation"] = generation - 1;
        }
        metadata.Remove("deletionGracePeriodSeconds");
        if (file == "delete")
        {
            metadata.Remove("finalizers");
        }
        json.Remove("kind");
        json.Remove("apiVersion");
        json.Insert(0, "kind", kind.Kind);
        json.Insert(1, "apiVersion", kind.ApiVersion);
        if (ns is not null && api.Get(Resources.Namespaces, null, ns) is null)
        {
            api.Create(Resources.Namespaces, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = ns } });
        }
        var version = metadata.Text("resourceVersion");
        var stored = api.Store.Write(kind, ns, name, present => present is not null && kind != Resources.Namespaces ? ObjectStore.Unchanged : json);
        if (version is not null && stored is not null)
        {
            own.TryAdd(version, $"{stored.ResourceVersion}");
        }
    }
}
