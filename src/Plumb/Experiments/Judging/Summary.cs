using System.Globalization;
using Plumb.Core;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>The sentences of a report.</summary>
internal static class Summary
{
    public static string Of(ExperimentEvidence evidence, Verdict verdict, Downtime? downtime, Recovery? recovery)
    {
        if (evidence.Marks.FaultSent is null)
        {
            var why = verdict.Findings.Count > 0 ? verdict.Findings[0].Summary : "it was stopped before.";
            return $"No fault was done. {why}";
        }
        var seen = downtime is null ? "No outside client measured the downtime."
            : downtime.Failed == 0 ? Text($"The outside client saw no downtime: all {downtime.Requests} requests succeeded.")
            : Text($"The outside client saw {downtime.Ms:0} ms (± {downtime.BoundMs:0}) of downtime: {downtime.Failed} of {downtime.Requests} requests failed.");
        var healed = recovery is null ? ""
            : recovery.ReadyMs is { } ready ? Text($" The replacement was Ready after {ready:0} ms.")
            : " The replacement was not seen Ready.";
        var undone = evidence.UndoProblems.Count > 0 ? " NOT everything was taken back." : "";
        return seen + healed + undone;
    }

    public static string Undo(ExperimentEvidence evidence) =>
        evidence.UndoProblems.Count > 0 ? string.Join(" ", evidence.UndoProblems)
        : evidence.Marks.FaultSent is null ? "nothing was done, so there was nothing to take back"
        : "done: " + string.Join("; ", evidence.Steps.Select(step => step.Undo).Distinct());

    public static IReadOnlyList<string> BlindSpots(ExperimentEvidence evidence, Downtime? downtime)
    {
        var spots = new List<string> { "One run is one sample: the next one may meet the system in a worse moment." };
        if (evidence.Settings.IntervalMs is { } interval)
        {
            spots.Add(Text($"The client asks every {interval:0.#} ms from one machine with one kind of request: a shorter outage, or one on another path, passes unseen."));
            spots.Add("A retry inside the system that succeeds in time looks like no failure here; it shows only in the latencies.");
        }
        else
        {
            spots.Add("No client looked from outside: what users saw is not known.");
        }
        if (evidence.Settings.Selector is not null)
        {
            spots.Add("The times of the cluster are when a watch told us; what a node knew before it told the API server is not in them.");
        }
        if (evidence.Steps.Any(step => step.Pod is not null))
        {
            spots.Add("A pod that is deleted gets its grace period; a crash, a lost node or a cut network gives none.");
        }
        return spots;
    }

    public static string Decision(Outcome outcome, ExperimentEvidence evidence) => outcome switch
    {
        Outcome.Pass => "The limits are yours: decide whether what was measured is good enough for your users, and how often to ask again.",
        Outcome.Fail => "Decide what to change (the lesson names the usual cause), and run it again before trusting it.",
        Outcome.Inconclusive when evidence.Marks.FaultSent is null => "Bring the system into its steady state first, then run it again.",
        Outcome.Inconclusive => "Too little was measured to say: run it again, with more requests or looser limits.",
        _ when evidence.UndoProblems.Count > 0 => "Look at what was not taken back first; 'plumb experiment undo' tries again.",
        _ => "Mend what could not be read, then run it again: nothing is known yet.",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
