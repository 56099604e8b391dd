using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Drift;

namespace Plumb.Cli.Drift;

/// <summary>A run as JSON: the check's report, with what only drift has beside it.</summary>
internal static class DriftJson
{
    public static JsonObject Of(DriftResult result)
    {
        var json = JsonSerializer.SerializeToNode(result.Report, CoreJson.Compact.CheckReport)!.AsObject();
        json["findings"] = Array(result.Findings.Select(Finding));
        json["ignored"] = Array(result.Ignored.Select(ignored =>
        {
            var finding = Finding(ignored.Finding);
            finding["ignoredBy"] = $"{result.IgnoreFile}:{ignored.Line}";
            return finding;
        }));
        json["coverage"] = Coverage(result.Coverage);
        return json;
    }

    private static JsonObject Finding(DriftFinding found)
    {
        var json = JsonSerializer.SerializeToNode(found.Finding, CoreJson.Compact.Finding)!.AsObject();
        json["drift"] = found.IsDrift;
        json["opens"] = Array(found.Opens.Select(Exposure));
        json["closes"] = Array(found.Closes.Select(Exposure));
        json["changedBy"] = found.By is not { } by ? null : new JsonObject { ["who"] = by.Who, ["event"] = by.Event, ["at"] = by.At, ["from"] = by.From, ["eventId"] = by.EventId };
        json["waysOut"] = Array(found.WaysOut.Select(way => new JsonObject { ["title"] = way.Title, ["command"] = way.Command, ["hcl"] = way.Hcl }));
        json["origins"] = Array(found.Origins.Select(origin => (JsonNode)origin));
        json["explanation"] = Array(found.Steps.Select(step => (JsonNode)step));
        return json;
    }

    private static JsonObject Exposure(Exposure exposure) => new()
    {
        ["direction"] = exposure.Direction,
        ["ports"] = exposure.Ports,
        ["networks"] = exposure.Networks,
        // A count of IPv6 addresses does not fit into a JSON number that every reader keeps exact.
        ["addresses"] = exposure.Addresses,
        ["text"] = exposure.Text,
    };

    private static JsonObject Coverage(DriftCoverage coverage) => new()
    {
        ["states"] = Array(coverage.States.Select(state => new JsonObject
        {
            ["name"] = state.Name, ["terraformVersion"] = state.TerraformVersion, ["serial"] = state.Serial, ["bytes"] = state.Bytes, ["resources"] = state.Resources, ["judged"] = state.Judged, ["dataSources"] = state.DataSources,
        })),
        ["account"] = coverage.Account,
        ["regions"] = Array(coverage.Regions.Select(region => (JsonNode)region)),
        ["regionsNotRead"] = coverage.OtherRegions is { } others ? Array(others.Select(region => (JsonNode)region)) : null,
        ["types"] = Array(coverage.Types.Select(type => (JsonNode)type)),
        ["read"] = Array(coverage.Read.Select(line => (JsonNode)line)),
        ["notRead"] = Array(coverage.Unread.Select(problem => (JsonNode)problem.ToString())),
        ["notJudged"] = Array(coverage.Unjudged.Select(line => (JsonNode)line)),
        ["calls"] = coverage.Calls,
    };

    private static JsonArray Array(IEnumerable<JsonNode> nodes) => new([.. nodes]);
}
