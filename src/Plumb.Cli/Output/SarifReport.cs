using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Core;

namespace Plumb.Cli.Output;

/// <summary>
/// A report as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning. A check that could not judge is a result of kind
/// <c>open</c> and a failed invocation: an empty list of results would read as a pass.
/// </summary>
internal static class SarifReport
{
    private const string Schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

    public static JsonObject Of(CheckReport report)
    {
        var rules = report.Findings.Select(finding => finding.Kind).Distinct(StringComparer.Ordinal).ToList();
        var results = report.Findings.Select(finding => Result(report, finding, rules.IndexOf(finding.Kind))).ToList();
        var descriptors = rules.Select(kind => Rule(report.Check, kind, report.Findings.Where(finding => finding.Kind == kind).Max(finding => finding.Severity))).ToList();
        if (report.Outcome is Outcome.Inconclusive or Outcome.Error)
        {
            results.Add(NotJudged(report, descriptors.Count));
            descriptors.Add(Rule(report.Check, report.Outcome.Word(), Severity.Warning));
        }
        return new JsonObject
        {
            ["$schema"] = Schema,
            ["version"] = "2.1.0",
            ["runs"] = new JsonArray(new JsonObject
            {
                ["tool"] = new JsonObject
                {
                    ["driver"] = new JsonObject
                    {
                        ["name"] = "plumb",
                        ["fullName"] = $"plumb {report.Check}",
                        ["version"] = BuildVersion.Text,
                        ["rules"] = Array(descriptors),
                    },
                },
                ["automationDetails"] = new JsonObject { ["id"] = $"plumb/{report.Check}/" },
                ["invocations"] = new JsonArray(Invocation(report)),
                ["columnKind"] = "unicodeCodePoints",
                ["results"] = Array(results),
                ["properties"] = new JsonObject
                {
                    ["outcome"] = report.Outcome.Word(),
                    ["summary"] = report.Summary,
                    ["blindSpots"] = Array(report.BlindSpots.Select(text => (JsonNode)text)),
                    ["decision"] = report.Decision,
                },
            }),
        };
    }

    private static JsonObject Rule(string check, string kind, Severity severity) => new()
    {
        ["id"] = $"{check}/{kind}",
        ["name"] = string.Concat(kind.Split('-', ' ', '_', '/').Where(word => word.Length > 0).Select(word => char.ToUpperInvariant(word[0]) + word[1..])),
        ["shortDescription"] = Text($"plumb {check}: {kind.Replace('-', ' ')}."),
        ["defaultConfiguration"] = new JsonObject { ["level"] = Level(severity) },
    };

    private static JsonObject Result(CheckReport report, Finding finding, int rule) => new()
    {
        ["ruleId"] = $"{report.Check}/{finding.Kind}",
        ["ruleIndex"] = rule,
        ["level"] = Level(finding.Severity),
        ["message"] = Text($"{finding.Subject}: {finding.Summary}"),
        ["locations"] = new JsonArray(Location(finding)),
        ["partialFingerprints"] = new JsonObject { ["plumbFinding/v1"] = finding.Id },
        ["properties"] = new JsonObject { ["evidence"] = JsonSerializer.SerializeToNode(finding, CoreJson.Compact.Finding)!["evidence"]!.DeepClone() },
    };

    private static JsonObject NotJudged(CheckReport report, int rule) => new()
    {
        ["ruleId"] = $"{report.Check}/{report.Outcome.Word()}",
        ["ruleIndex"] = rule,
        ["kind"] = "open",
        ["level"] = "none",
        ["message"] = Text($"{report.Outcome.Word()}: {report.Summary}"),
        ["locations"] = new JsonArray(new JsonObject { ["logicalLocations"] = new JsonArray(new JsonObject { ["name"] = report.Check, ["kind"] = "resource" }) }),
        ["partialFingerprints"] = new JsonObject { ["plumbFinding/v1"] = Finding.Fingerprint(report.Check, report.Outcome.Word(), new Subject("check", report.Check)) },
    };

    private static JsonObject Invocation(CheckReport report)
    {
        var judged = report.Outcome is Outcome.Pass or Outcome.Fail;
        var invocation = new JsonObject
        {
            ["executionSuccessful"] = judged,
            ["exitCode"] = ExitCode.Of(report.Outcome),
            ["startTimeUtc"] = report.StartedAt.UtcDateTime,
            ["endTimeUtc"] = report.FinishedAt.UtcDateTime,
        };
        if (!judged)
        {
            invocation["toolExecutionNotifications"] = new JsonArray(new JsonObject
            {
                ["level"] = report.Outcome == Outcome.Error ? "error" : "warning",
                ["message"] = Text(report.Summary),
            });
        }
        return invocation;
    }

    /// <summary>Where the finding stands: always what it is about, and the line of a file when its evidence names one.</summary>
    private static JsonObject Location(Finding finding)
    {
        var location = new JsonObject
        {
            ["logicalLocations"] = new JsonArray(new JsonObject
            {
                ["name"] = finding.Subject.Name,
                ["fullyQualifiedName"] = finding.Subject.Scope is { } scope ? $"{scope}/{finding.Subject.Name}" : finding.Subject.Name,
                ["kind"] = finding.Subject.Kind,
            }),
        };
        if (finding.Evidence.Select(evidence => evidence.Place).FirstOrDefault(place => place is not null) is { } place)
        {
            var physical = new JsonObject { ["artifactLocation"] = new JsonObject { ["uri"] = Uri(place.File) } };
            if (place.Line is { } line)
            {
                var region = new JsonObject { ["startLine"] = line };
                if (place.Column is { } column)
                {
                    region["startColumn"] = column;
                }
                physical["region"] = region;
            }
            location["physicalLocation"] = physical;
        }
        return location;
    }

    /// <summary>A relative path stays relative, so that the reader finds it in the repository.</summary>
    private static string Uri(string path)
    {
        var escaped = string.Join('/', path.Split('/').Select(System.Uri.EscapeDataString));
        return path.StartsWith('/') ? $"file://{escaped}" : path.Contains("://", StringComparison.Ordinal) ? path : escaped;
    }

    private static string Level(Severity severity) => severity switch
    {
        Severity.Info => "note",
        Severity.Warning => "warning",
        _ => "error",
    };

    private static JsonObject Text(string text) => new() { ["text"] = text };

    private static JsonArray Array(IEnumerable<JsonNode> nodes) => new([.. nodes]);
}
