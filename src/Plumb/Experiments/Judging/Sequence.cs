using System.Globalization;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>The facts of all sources as one story, in the order in which they reached us.</summary>
internal static class Sequence
{
    /// <summary>Lines that are told; a longer story is not read.</summary>
    public const int Limit = 120;

    public static IReadOnlyList<Moment> Of(ExperimentEvidence evidence)
    {
        if (evidence.Marks.FaultSent is not { } zero)
        {
            return [];
        }
        var moments = evidence.Steps.Select(step => new Moment(0, "plumb", step.Title)).ToList();
        var last = new Dictionary<string, PodFact>();
        foreach (var pod in evidence.Pods)
        {
            if (pod.AtMs >= zero && Changes(last.GetValueOrDefault(pod.Uid), pod) is { Length: > 0 } words)
            {
                moments.Add(new Moment(pod.AtMs - zero, "pod", pod.Name + " " + words + (pod.FromList ? " (found late, after a gap)" : "")));
            }
            last[pod.Uid] = pod;
        }
        IReadOnlyList<string>? before = null;
        foreach (var endpoints in evidence.Endpoints)
        {
            if (endpoints.AtMs >= zero)
            {
                moments.Add(new Moment(endpoints.AtMs - zero, "endpoints", Difference(evidence.Settings.Service, before ?? [], endpoints.Ready)));
            }
            before = endpoints.Ready;
        }
        moments.AddRange(evidence.Events.Where(item => item.AtMs >= zero).Select(item => new Moment(item.AtMs - zero, "event", $"{item.Source}: {item.Reason} {item.About}: {item.Message}")));
        moments.AddRange(evidence.Gaps.Where(gap => gap.AtMs >= zero).Select(gap => new Moment(gap.AtMs - zero, "watch", $"the watch of {gap.What} {(gap.IsFinal ? "ended" : "was interrupted")}: {gap.Cause}")));
        moments.AddRange(Client(evidence, zero));
        if (evidence.Marks.UndoStarted is { } undo)
        {
            moments.Add(new Moment(undo - zero, "plumb", "the undo begins"));
        }
        return [.. moments.OrderBy(moment => moment.AtMs).Take(Limit).Select(moment => moment with { AtMs = Math.Round(moment.AtMs, 3) })];
    }

    /// <summary>A pod's change in words, without what was before.</summary>
    public static string Words(PodFact pod) => $"{pod.Name} {Changes(null, pod)}";

    private static string Changes(PodFact? before, PodFact now)
    {
        if (now.Change == "deleted")
        {
            return "is gone";
        }
        var words = new List<string>();
        if (before is null)
        {
            words.Add(now.Change == "added" ? "was created" : "changed");
        }
        if (now.IsTerminating && before?.IsTerminating != true)
        {
            words.Add("was told to stop");
        }
        if (now.Node is not null && before?.Node is null)
        {
            words.Add($"was assigned to {now.Node}");
        }
        if (now.Phase is not ("Pending" or "") && before?.Phase != now.Phase)
        {
            words.Add($"is {now.Phase}");
        }
        if (now.Trouble is not null && before?.Trouble != now.Trouble)
        {
            words.Add(now.Trouble);
        }
        // A pod that was told to stop is no longer counted as Ready; saying so twice helps nobody.
        if (now.IsReady != (before?.IsReady ?? false) && !now.IsTerminating)
        {
            words.Add(now.IsReady ? "is Ready" : "is no longer Ready");
        }
        return string.Join(", ", words);
    }

    private static string Difference(string? service, IReadOnlyList<string> before, IReadOnlyList<string> now)
    {
        var words = now.Except(before).Select(name => $"+{name}").Concat(before.Except(now).Select(name => $"-{name}"));
        return $"{service}: {string.Join(" ", words)} ({now.Count.ToString(CultureInfo.InvariantCulture)} ready)";
    }

    private static IEnumerable<Moment> Client(ExperimentEvidence evidence, double zero)
    {
        var isDown = false;
        foreach (var request in evidence.Requests.Where(request => request.AtMs + request.TookMs >= zero))
        {
            if (request.Failure is not null != isDown)
            {
                isDown = !isDown;
                yield return new Moment(Math.Max(0, request.AtMs + request.TookMs - zero), "client", isDown ? $"a request failed: {request.Failure}" : "answered again");
            }
        }
    }
}
