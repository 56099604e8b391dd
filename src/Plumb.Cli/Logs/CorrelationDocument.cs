using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Correlating;

namespace Plumb.Cli.Logs;

/// <summary>
/// What is known about one request as JSON, field by field. The serializer would write the same, and a test says so; but building its model of the types costs
/// as much as searching the logs.
/// </summary>
internal static class CorrelationDocument
{
    public static ReadOnlyMemory<byte> Utf8(CheckReport report, Correlation correlation, bool indented)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            Report(writer, report);
            Accounting(writer, correlation.Accounting);
            Sources(writer, correlation);
            writer.WriteNumber("bytesSearched", correlation.BytesSearched);
            Strings(writer, "nearest", correlation.Nearest);
            Timeline(writer, correlation.Timeline);
            writer.WriteEndObject();
        }
        return bytes.WrittenMemory;
    }

    public static JsonObject Node(CheckReport report, Correlation correlation) => JsonNode.Parse(Utf8(report, correlation, indented: false).Span)!.AsObject();

    private static void Report(Utf8JsonWriter writer, CheckReport report)
    {
        writer.WriteString("check", report.Check);
        writer.WriteString("outcome", report.Outcome.Word());
        writer.WriteString("summary", report.Summary);
        writer.WriteString("startedAt", report.StartedAt);
        writer.WriteString("finishedAt", report.FinishedAt);
        writer.WriteStartArray("findings");
        foreach (var finding in report.Findings)
        {
            JsonSerializer.Serialize(writer, finding, CoreJson.Compact.Finding);
        }
        writer.WriteEndArray();
        Strings(writer, "blindSpots", report.BlindSpots);
        writer.WriteString("decision", report.Decision);
    }

    private static void Accounting(Utf8JsonWriter writer, Accounting accounting)
    {
        writer.WriteStartObject("accounting");
        writer.WriteNumber("lines", accounting.Lines);
        writer.WriteNumber("bytes", accounting.Bytes);
        writer.WriteNumber("parsed", accounting.Parsed);
        writer.WriteNumber("parsedBytes", accounting.ParsedBytes);
        writer.WriteNumber("inTraces", accounting.InTraces);
        writer.WriteNumber("adopted", accounting.Adopted);
        writer.WriteNumber("adoptedBytes", accounting.AdoptedBytes);
        writer.WriteNumber("rejected", accounting.Rejected);
        writer.WriteNumber("rejectedBytes", accounting.RejectedBytes);
        writer.WriteBoolean("isComplete", accounting.IsComplete);
        writer.WriteEndObject();
    }

    private static void Sources(Utf8JsonWriter writer, Correlation correlation)
    {
        writer.WriteStartArray("sources");
        foreach (var source in correlation.Sources)
        {
            writer.WriteStartObject();
            writer.WriteString("name", source.Name);
            writer.WriteString("service", source.Service);
            writer.WriteString("pod", source.Pod);
            writer.WriteNumber("bytes", source.Bytes);
            writer.WriteString("damage", source.Damage);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void Timeline(Utf8JsonWriter writer, Timeline? timeline)
    {
        if (timeline is null)
        {
            writer.WriteNull("timeline");
            return;
        }
        writer.WriteStartObject("timeline");
        writer.WriteString("id", timeline.Id);
        writer.WriteStartArray("lines");
        foreach (var line in timeline.Lines)
        {
            Line(writer, line);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("missing");
        foreach (var missing in timeline.Missing)
        {
            JsonSerializer.Serialize(writer, missing, LogsJson.Plain.MissingEvent);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("skews");
        foreach (var skew in timeline.Skews)
        {
            JsonSerializer.Serialize(writer, skew, LogsJson.Plain.ClockSkew);
        }
        writer.WriteEndArray();
        writer.WriteString("duration", timeline.Duration.ToString("c", CultureInfo.InvariantCulture));
        Strings(writer, "services", timeline.Services);
        writer.WriteEndObject();
    }

    private static void Line(Utf8JsonWriter writer, TimelineLine line)
    {
        writer.WriteStartObject();
        writer.WriteString("at", line.At);
        if (line.Stated is { } stated)
        {
            writer.WriteString("stated", stated);
        }
        else
        {
            writer.WriteNull("stated");
        }
        writer.WriteString("service", line.Service);
        writer.WriteString("pod", line.Pod);
        writer.WriteString("source", line.Source);
        writer.WriteNumber("line", line.Line);
        writer.WriteString("level", line.Level);
        writer.WriteString("event", line.Event);
        writer.WriteString("text", line.Text);
        writer.WriteString("belonging", line.Belonging switch { Belonging.ById => "ById", Belonging.Adopted => "Adopted", _ => "Mention" });
        if (line.Confidence is { } confidence)
        {
            writer.WriteNumber("confidence", confidence);
        }
        else
        {
            writer.WriteNull("confidence");
        }
        writer.WriteString("why", line.Why);
        writer.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }
}
