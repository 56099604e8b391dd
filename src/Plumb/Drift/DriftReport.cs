using System.Numerics;
using Plumb.Core;
using Plumb.Drift.States;

namespace Plumb.Drift;

/// <summary>The verdict: a pure function of what the types found.</summary>
internal static class DriftReport
{
    public static DriftResult Of(IReadOnlyList<TypeResult> results, DriftCoverage coverage, IgnoreFile ignore, string? ignoreFile, DateTimeOffset startedAt, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var (kept, ignored) = (new List<DriftFinding>(), new List<IgnoredFinding>());
        foreach (var finding in results.SelectMany(result => result.Findings).OrderByDescending(finding => finding.IsDrift).ThenByDescending(finding => finding.Finding.Severity).ThenByDescending(Reachable).ThenBy(finding => finding.Finding.Subject.Name, StringComparer.Ordinal))
        {
            if (ignore.LineFor(finding, today) is { } line)
            {
                ignored.Add(new IgnoredFinding(finding, line));
            }
            else
            {
                kept.Add(finding);
            }
        }
        var drift = kept.Where(finding => finding.IsDrift).ToList();
        var outcome = ((Outcome[])[
            drift.Count > 0 ? Outcome.Fail : Outcome.Pass,
            coverage.Unread.Count > 0 ? Outcome.Error : Outcome.Pass,
            coverage.Unjudged.Count > 0 ? Outcome.Inconclusive : Outcome.Pass,
        ]).Worst();
        var report = new CheckReport(DriftCheck.Name, outcome, Summary(outcome, drift, ignored.Count, coverage), startedAt, now, [.. kept.Select(finding => finding.Finding)],
            [.. results.SelectMany(result => result.BlindSpots), .. Unseen(coverage)], Decision(outcome, drift.Count));
        return new DriftResult(report, kept, ignored, coverage, ignoreFile, ignore.Expired(kept, today));
    }

    /// <summary>States without anything that can be judged are no evidence of health.</summary>
    public static DriftResult NothingToJudgeBy(IReadOnlyList<StateSummary> states, DateTimeOffset startedAt, DateTimeOffset now)
    {
        var types = string.Join(" and ", DriftCheck.Types().Select(type => type.Title));
        var report = new CheckReport(DriftCheck.Name, Outcome.Inconclusive, $"nothing to judge by: {Count(states.Count, "state")} with {Count(states.Sum(state => state.Resources), "managed resource")}, and none of {types}",
            startedAt, now, [], [$"everything in the states: plumb judges {types} so far", "everything in AWS: it was not asked"], "Is this the state that you meant?");
        return new DriftResult(report, [], [], new DriftCoverage(states, "", [], null, [], [], [], [], 0), null, []);
    }

    private static BigInteger Reachable(DriftFinding finding) => finding.Opens.Aggregate(BigInteger.Zero, (sum, opening) => sum + (opening.Addresses is { } count ? BigInteger.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : 0));

    private static string Summary(Outcome outcome, List<DriftFinding> drift, int ignored, DriftCoverage coverage)
    {
        var behind = (ignored > 0 ? $"; {ignored} ignored" : "") + (coverage.Unread.Count > 0 ? $"; not everything could be read: {coverage.Unread[0].What}" : "") + (coverage.Unjudged.Count > 0 ? $"; not judged: {string.Join("; ", coverage.Unjudged)}" : "");
        if (drift.Count > 0)
        {
            var kinds = string.Join(", ", drift.GroupBy(finding => finding.Finding.Kind).Select(kind => $"{kind.Count()} {kind.Key}"));
            return $"{Count(drift.Count, "difference")} between {Count(coverage.States.Count, "state")} and AWS ({kinds}){behind}";
        }
        return $"{(outcome == Outcome.Pass ? "AWS is" : "what was read is")} as {(coverage.States.Count == 1 ? "the state has it" : "the states have it")}{behind}";
    }

    private static IEnumerable<string> Unseen(DriftCoverage coverage)
    {
        if (coverage.OtherRegions is null)
        {
            yield return $"regions other than {string.Join(", ", coverage.Regions)}; which the account has could not be read";
        }
        else if (coverage.OtherRegions.Count > 0)
        {
            yield return $"{Count(coverage.OtherRegions.Count, "region")} of the account that were not read: {string.Join(", ", coverage.OtherRegions)} (--all-regions reads them)";
        }
        yield return $"accounts other than {coverage.Account}";
        var others = coverage.States.Sum(state => state.Resources - state.Judged);
        yield return $"resources of other types: {Count(others, "managed resource")} of the states, and everything else in the account";
        yield return "the configuration: a state is what Terraform last recorded, not what is written now";
        foreach (var problem in coverage.Unread)
        {
            yield return problem.ToString();
        }
    }

    private static string Decision(Outcome outcome, int drift) => outcome switch
    {
        Outcome.Pass => "Are these all states of the account? What a state that was not given manages would have been shown as unmanaged; what is in a region that was not read would not.",
        Outcome.Fail => $"Which side is right? A rule that somebody opened by hand may be what keeps a service alive. Ask whoever did it, then take {(drift == 1 ? "it" : "each")} back or write it down; nothing was changed.",
        _ => "Give the credential what is missing and ask again, before you rely on this.",
    };

    private static string Count(int count, string thing) => $"{count} {thing}{(count == 1 ? "" : "s")}";
}
