using System.Text.Json.Nodes;

namespace Plumb.Cluster.Api.Http;

/// <summary>Events have two faces, core/v1 and events.k8s.io/v1, with other names for the same fields.</summary>
internal static class EventsConversion
{
    private static readonly (string Core, string View)[] Names =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ];

    public static JsonObject ToView(JsonObject core) => Rename(core, "events.k8s.io/v1", toView: true);

    public static JsonObject ToCore(JsonObject view) => Rename(view, "v1", toView: false);

    private static JsonObject Rename(JsonObject json, string apiVersion, bool toView)
    {
        var made = new JsonObject { ["kind"] = "Event", ["apiVersion"] = apiVersion };
        foreach (var (name, value) in json)
        {
            if (name is "kind" or "apiVersion")
            {
                continue;
            }
            var pair = Array.Find(Names, pair => (toView ? pair.Core : pair.View) == name);
            made[pair.Core is null ? name : toView ? pair.View : pair.Core] = value?.DeepClone();
        }
        return made;
    }
}
