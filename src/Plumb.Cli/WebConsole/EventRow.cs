using System.Text.Json;
using Plumb.Platform.Kubernetes;

namespace Plumb.Cli.WebConsole;

/// <summary>Makes an event's row from its JSON: core/v1, written by the old recorder (count) or the new one (series).</summary>
internal static class EventRow
{
    internal static string Key(JsonElement evt) => PodRow.Key(evt);

    internal static EventView From(JsonElement evt)
    {
        var about = evt.Field("involvedObject");
        var subject = about.Text("kind") + "/" + about.Text("name");
        var series = evt.Field("series");
        var first = evt.Time("firstTimestamp") ?? evt.Time("eventTime") ?? evt.Field("metadata").Time("creationTimestamp");
        var type = evt.Text("type") ?? "";
        var reason = evt.Text("reason") ?? "";
        var message = evt.Text("message") ?? "";
        var told = EventSentences.Tell(reason, message, about.Text("kind") ?? "object", about.Text("name") ?? "");
        return new EventView(
            Key(evt),
            type,
            reason,
            message,
            about.Text("namespace") ?? evt.Field("metadata").Text("namespace") ?? "",
            subject,
            evt.Text("reportingComponent") is { Length: > 0 } component ? component : evt.Field("source").Text("component") ?? "",
            Math.Max(1, Math.Max(evt.Number("count") ?? 0, series.Number("count") ?? 0)),
            first,
            series.Time("lastObservedTime") ?? evt.Time("lastTimestamp") ?? first,
            told?.Sentence,
            told?.Key);
    }
}
