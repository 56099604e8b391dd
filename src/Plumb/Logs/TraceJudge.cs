using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Logs.Sources;

namespace Plumb.Logs;

/// <summary>Says what the evidence about all requests amounts to.</summary>
public static class TraceJudge
{
    public const string Check = "logs traces";

    public static CheckReport Report(TraceReport evidence, DateTimeOffset startedAt, DateTimeOffset finishedAt)
    {
        var findings = evidence.Groups.Select(group => Of(group, evidence, finishedAt)).ToArray();
        var outcome = evidence.Requests == 0 ? Outcome.Inconclusive : findings.Length > 0 ? Outcome.Fail : Outcome.Pass;
        outcome = evidence.Sources.Any(source => source.Damage is not null) ? outcome.And(Outcome.Error) : outcome;
        return new CheckReport(Check, outcome, Summary(evidence), startedAt, finishedAt, findings, [.. BlindSpots(evidence)],
            evidence.Requests == 0 ? "Are these the right logs, and do their lines carry ids at all? 'plumb logs coverage' says which services' do."
            : findings.Length == 0 ? "Nothing to do; a request that fails without a word in any log is not among these."
            : "Look at one request of each group with 'plumb logs correlate ID'. Whether a missing event is a failure depends on the design of the service that left it out.");
    }

    /// <summary>What no log can show, the same for every check of logs.</summary>
    internal static IEnumerable<string> Common(IReadOnlyList<LogSource> sources, IReadOnlyList<string> skipped, IReadOnlyList<string> limits)
    {
        yield return "Only what was logged is seen: a service that logs nothing for a request, or whose log was not given, is missing here without a word.";
        foreach (var limit in limits)
        {
            yield return limit;
        }
        foreach (var source in sources.Where(source => source.Damage is not null))
        {
            yield return $"{source.Name}: {source.Damage}.";
        }
        foreach (var file in skipped)
        {
            yield return $"Not read: {file}.";
        }
    }

    private static IEnumerable<string> BlindSpots(TraceReport evidence)
    {
        foreach (var spot in Common(evidence.Sources, evidence.Skipped, evidence.Limits))
        {
            yield return spot;
        }
        if (evidence.Requests > 0)
        {
            yield return "Paths are learnt from these same logs: an event that most requests lack is taken for normal.";
        }
        if (evidence.Cut > 0)
        {
            yield return Text($"{evidence.Cut} requests at the beginning and end of the logs are not judged: their other lines may stand outside.");
        }
    }

    private static string Summary(TraceReport evidence) => evidence.Requests == 0
        ? Text($"no line of {CorrelationCount(evidence)} carries an id.")
        : evidence.Anomalous == 0 ? Text($"{evidence.Requests} requests, and none lacks what others of its kind have.")
        : Text($"{evidence.Anomalous} of {evidence.Requests} requests have anomalies, in {evidence.Groups.Count} groups.");

    private static string CorrelationCount(TraceReport evidence) => Text($"{evidence.Accounting.Lines} in {evidence.Sources.Count} sources");

    private static Finding Of(AnomalyGroup group, TraceReport evidence, DateTimeOffset at)
    {
        var window = evidence.Window;
        var proof = new Evidence("requests", JsonValue.Create(group.Requests), "plumb logs traces", window?.To ?? at, Window: window);
        var examples = new Evidence("examples", new JsonArray([.. group.Examples.Select(id => (JsonNode)id)]), "plumb logs traces", window?.To ?? at);
        var compared = group.Compared == 0 ? "" : Text($"; {group.Share:P1} of {group.Compared} comparable ones have it");
        return Finding.Of(Check, group.Kind, Severity.Warning, new Subject("event", $"{group.Service}/{group.Event}", group.After),
            Text($"{group.Requests} requests: {group.Sentence}{compared}."), proof, examples);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
