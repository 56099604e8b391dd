using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Sources;

namespace Plumb.Cli.Logs;

/// <summary>A report about all requests in the logs as JSON: the report's own fields, and beside them what it rests on.</summary>
internal static class LogsDocument
{
    public static JsonObject Of(CheckReport report, TraceReport evidence)
    {
        var document = Of(report, evidence.Accounting, evidence.Sources);
        var all = JsonSerializer.SerializeToNode(evidence, LogsJson.Plain.TraceReport)!.AsObject();
        foreach (var name in (string[])["requests", "cut", "anomalous", "groups", "traces", "paths", "skews", "window"])
        {
            document[name] = all[name]?.DeepClone();
        }
        return document;
    }

    public static JsonObject Of(CheckReport report, CoverageReport evidence)
    {
        var document = Of(report, evidence.Accounting, evidence.Sources);
        document["services"] = JsonSerializer.SerializeToNode(evidence, LogsJson.Plain.CoverageReport)!["services"]!.DeepClone();
        return document;
    }

    private static JsonObject Of(CheckReport report, Accounting accounting, IReadOnlyList<LogSource> sources)
    {
        var document = JsonSerializer.SerializeToNode(report, CoreJson.Compact.CheckReport)!.AsObject();
        document["accounting"] = JsonSerializer.SerializeToNode(accounting, LogsJson.Plain.Accounting);
        document["sources"] = new JsonArray([.. sources.Select(source => (JsonNode)new JsonObject
        {
            ["name"] = source.Name, ["service"] = source.Service, ["pod"] = source.Pod, ["bytes"] = source.Bytes, ["damage"] = source.Damage,
        })]);
        return document;
    }
}
