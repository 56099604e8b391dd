using System.Globalization;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>When the cluster acted, from the watches' facts.</summary>
internal static class RecoveryJudge
{
    /// <summary>Null: nothing was watched, or no fault was done.</summary>
    public static Recovery? Of(ExperimentEvidence evidence)
    {
        if (evidence.Marks.FaultSent is not { } fault || evidence.Settings.Selector is null)
        {
            return null;
        }
        var victims = evidence.Steps.Where(step => step.Uid is not null).ToArray();
        var known = evidence.Pods.Where(pod => pod.AtMs < fault).Select(pod => pod.Uid).ToHashSet();
        var newcomers = evidence.Pods.Where(pod => pod.AtMs >= fault && !known.Contains(pod.Uid) && (victims.Length == 0 || victims.Any(victim => victim.Controller == pod.Controller))).ToArray();
        var wanted = victims.Length > 0 ? victims.Length : evidence.Settings.WantedReady ?? 0;
        var serving = evidence.Settings.Service is null ? null : Nth(wanted, evidence.Endpoints.Where(endpoints => endpoints.AtMs >= fault)
            .SelectMany(endpoints => endpoints.Ready.Where(name => newcomers.Any(pod => pod.Name == name && pod.AtMs <= endpoints.AtMs)).Select(name => (name, endpoints.AtMs))));
        var changed = evidence.Settings.Service is null || victims.Length == 0 ? null
            : evidence.Endpoints.Where(endpoints => endpoints.AtMs >= fault && !endpoints.Ready.Any(name => victims.Any(victim => victim.Pod == name))).Select(endpoints => (double?)endpoints.AtMs).FirstOrDefault();
        var bound = evidence.Marks.FaultAnswered is { } answered ? answered - fault : 0;
        var gap = evidence.Gaps.Any(item => item.AtMs >= fault) || evidence.Pods.Any(pod => pod.AtMs >= fault && pod.FromList);
        return new Recovery(Since(changed), Since(Nth(wanted, newcomers.Where(pod => pod.Phase == "Running").Select(pod => (pod.Uid, pod.AtMs)))),
            Since(Nth(wanted, newcomers.Where(pod => pod.IsReady).Select(pod => (pod.Uid, pod.AtMs)))), Since(serving),
            Since(Nth(victims.Length, evidence.Pods.Where(pod => pod.Change == "deleted" && victims.Any(victim => victim.Uid == pod.Uid)).Select(pod => (pod.Uid, pod.AtMs)))),
            Round(bound), !gap, string.Create(CultureInfo.InvariantCulture,
                $"Each time runs from the moment the fault's request left to the arrival of the watch event; the fault took effect within the {bound:0.#} ms until its answer, and the API server's own delay in telling is part of each time."));

        double? Since(double? at) => at is { } ms ? Round(ms - fault) : null;
    }

    /// <summary>When the nth different one was first seen; null when there were fewer.</summary>
    private static double? Nth(int n, IEnumerable<(string Id, double AtMs)> sightings)
    {
        var firsts = sightings.GroupBy(sighting => sighting.Id).Select(group => group.Min(sighting => sighting.AtMs)).Order().ToArray();
        return n > 0 && firsts.Length >= n ? firsts[n - 1] : null;
    }

    private static double Round(double ms) => Math.Round(ms, 3);
}
