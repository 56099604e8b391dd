using System.Text.Json;

namespace Plumb.Cli.WebConsole;

/// <summary>Makes an event's row from its JSON: core/v1, written by the old recorder (count) or the new one (series).</summary>
internal static class EventRow
{
    internal static string Key(JsonElement evt) => PodRow.Key(evt);

    internal static EventView From(JsonElement evt)
    {
        var about = evt.At("involvedObject");
        var subject = about.At("kind").Text() + "/" + about.At("name").Text();
        var series = evt.At("series");
        var first = evt.At("firstTimestamp").Time() ?? evt.At("eventTime").Time() ?? evt.At("metadata").At("creationTimestamp").Time();
        var type = evt.At("type").Text() ?? "";
        var reason = evt.At("reason").Text() ?? "";
        var message = evt.At("message").Text() ?? "";
        var told = EventSentences.Tell(reason, message, about.At("kind").Text() ?? "object", about.At("name").Text() ?? "");
        return new EventView(
            Key(evt),
            type,
            reason,
            message,
            about.At("namespace").Text() ?? evt.At("metadata").At("namespace").Text() ?? "",
            subject,
            evt.At("reportingComponent").Text() is { Length: > 0 } component ? component : evt.At("source").At("component").Text() ?? "",
            Math.Max(1, Math.Max(evt.At("count").Int(), series.At("count").Int())),
            first,
            series.At("lastObservedTime").Time() ?? evt.At("lastTimestamp").Time() ?? first,
            told?.Sentence,
            told?.Key);
    }
}
