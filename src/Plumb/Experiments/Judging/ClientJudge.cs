using System.Globalization;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>What the outside client saw: counts and latencies a phase, and the downtime with its error bound.</summary>
internal static class ClientJudge
{
    private const int TracesShown = 5;

    public static IReadOnlyList<ClientPhase> Phases(ExperimentEvidence evidence) =>
        evidence.Settings.Client is null ? [] : [.. Enum.GetValues<Phase>().Select(phase => Of(phase, [.. evidence.Requests.Where(request => PhaseOf(evidence.Marks, request) == phase)]))];

    /// <summary>
    /// A request belongs to the fault's time when it was still unanswered as the fault was sent, or began before recovery was seen.
    /// </summary>
    public static Phase PhaseOf(Marks marks, RequestFact request) =>
        marks.FaultSent is not { } fault || request.AtMs + request.TookMs < fault ? Phase.Before
        : marks.Recovered is not { } recovered || request.AtMs < recovered ? Phase.During : Phase.After;

    /// <summary>Null: there was no client, no fault, or no request after it.</summary>
    public static Downtime? Downtime(ExperimentEvidence evidence)
    {
        var requests = evidence.Requests.Where(request => PhaseOf(evidence.Marks, request) != Phase.Before).ToArray();
        if (evidence.Settings.IntervalMs is not { } interval || evidence.Marks.FaultSent is not { } fault || requests.Length == 0)
        {
            return null;
        }
        var outages = new List<Outage>();
        RequestFact? first = null;
        var failed = 0;
        foreach (var request in requests)
        {
            if (request.Failure is not null)
            {
                first ??= request;
                failed++;
            }
            else if (first is not null)
            {
                outages.Add(new Outage(Round(first.AtMs - fault), Round(request.AtMs - first.AtMs), failed));
                (first, failed) = (null, 0);
            }
        }
        if (first is not null)
        {
            outages.Add(new Outage(Round(first.AtMs - fault), Round(requests[^1].AtMs + interval - first.AtMs), failed));
        }
        var late = requests.Max(request => request.LateMs);
        var bound = Math.Max(1, outages.Count) * (interval + late);
        var how = string.Create(CultureInfo.InvariantCulture,
            $"An outage runs from the intended start of its first failed request to that of the next successful one. Each end may be up to one sending interval ({interval:0.###} ms) off, and the latest request left {late:0.#} ms late; so each outage is known to ± {interval + late:0.#} ms.");
        return new Downtime(Round(outages.Sum(outage => outage.Ms)), Round(bound), Round(outages.Select(outage => outage.Ms).DefaultIfEmpty().Max()), first is null,
            requests.Length, requests.Count(request => request.Failure is not null), outages, how, [.. requests.Select(request => request.Trace).OfType<string>().Take(TracesShown)]);
    }

    private static ClientPhase Of(Phase phase, RequestFact[] requests)
    {
        var took = requests.Where(request => request.Failure is null).Select(request => request.TookMs).Order().ToArray();
        var reasons = requests.Where(request => request.Failure is not null).GroupBy(request => request.Failure!).ToDictionary(group => group.Key, group => group.Count());
        return new ClientPhase(phase, requests.Length, requests.Length - took.Length, Percentile(took, 0.5), Percentile(took, 0.99), took.Length == 0 ? null : took[^1], reasons);
    }

    /// <summary>Nearest rank: a value that was measured, never an invented one between two.</summary>
    private static double? Percentile(double[] sorted, double share) => sorted.Length == 0 ? null : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    private static double Round(double ms) => Math.Round(ms, 3);
}
