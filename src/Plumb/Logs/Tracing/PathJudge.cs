using System.Runtime.InteropServices;

namespace Plumb.Logs.Tracing;

/// <summary>What a path lacks that comparable requests have.</summary>
/// <param name="After">The step that something should have followed; 0 when the whole request is what is compared.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MissingStep(int Step, int After, double Share, long Compared);

/// <summary>
/// Learns from the counts of paths what belongs to a request, and says what each path lacks. Two rules. A step that is rarely the last of its service, and is it
/// here, lacks its successor (an attempt without an outcome). A step that nearly all requests with the same entry have, and this one has not, is missing.
/// </summary>
internal sealed class PathJudge
{
    /// <summary>Requests with the same step, or the same entry, below which nothing is learnt.</summary>
    public const int FewestCompared = 8;

    /// <summary>A step is an attempt when something follows it in more than this share of requests.</summary>
    public const double FollowedShare = 0.5;

    /// <summary>A successor is named when this share of the requests that go on have it.</summary>
    public const double SuccessorShare = 0.8;

    /// <summary>A step belongs to an entry when this share of its requests have it.</summary>
    public const double UsualShare = 0.9;

    /// <summary>Lines a request up to which a step counts as one that happens once.</summary>
    private const double OnceLimit = 1.1;

    private readonly StepTable _steps;
    private readonly IReadOnlyCollection<RequestPath> _paths;
    private readonly Func<int, long> _lines;
    private readonly Dictionary<int, (long Total, Dictionary<int, long> With)> _entries = [];
    private readonly Dictionary<int, (long Total, long Last)> _lasts = [];
    private readonly Dictionary<int, MissingStep?> _successors = [];
    private readonly Dictionary<int, bool> _siblings = [];

    public PathJudge(PathModel model, StepTable steps)
    {
        (_steps, _paths, _lines) = (steps, model.Paths, model.LinesOf);
        foreach (var path in _paths)
        {
            var entry = _entries.TryGetValue(path.Entry, out var known) ? known : (0, []);
            foreach (var step in path.Steps)
            {
                entry.With[step] = entry.With.GetValueOrDefault(step) + path.Count;
            }
            _entries[path.Entry] = (entry.Total + path.Count, entry.With);
            for (var i = 0; i < path.Steps.Length; i++)
            {
                var (total, last) = _lasts.GetValueOrDefault(path.Steps[i]);
                _lasts[path.Steps[i]] = (total + path.Count, last + (path.Last[i] ? path.Count : 0));
            }
        }
    }

    /// <summary>How often a step stands in requests; what is in nearly every one with a given entry is part of its path.</summary>
    public double Share(int entry, int step) => _entries.TryGetValue(entry, out var known) && known.Total > 0 ? known.With.GetValueOrDefault(step) / (double)known.Total : 0;

    /// <summary>A step that something follows in its service, most times.</summary>
    public bool IsAttempt(int step) => _lasts.TryGetValue(step, out var known) && known.Total >= FewestCompared && known.Total - known.Last > FollowedShare * known.Total;

    /// <summary>A step that requests have once, so that a second one belongs elsewhere.</summary>
    public bool UsuallyOnce(int step) => _lasts.TryGetValue(step, out var known) && known.Total >= FewestCompared && _lines(step) <= OnceLimit * known.Total;

    /// <summary>Whether a request that has the step usually has another one of the same service.</summary>
    public bool HasSiblings(int step)
    {
        lock (_siblings)
        {
            if (!_siblings.TryGetValue(step, out var has))
            {
                var service = _steps[step].Service;
                var own = _lasts.TryGetValue(step, out var known) && known.Total >= FewestCompared ? known.Total : FewestCompared;
                _siblings[step] = has = _lasts.Any(other => other.Key != step && _steps[other.Key].Service == service && other.Value.Total >= FollowedShare * own);
            }
            return has;
        }
    }

    /// <summary>Whether requests with that entry usually have lines of the service.</summary>
    public bool Expects(int entry, int service)
    {
        if (_entries.TryGetValue(entry, out var known) && known.Total >= FewestCompared)
        {
            foreach (var (step, count) in known.With)
            {
                if (count >= UsualShare * known.Total && _steps[step].Service == service)
                {
                    return true;
                }
            }
        }
        return false;
    }

    public IReadOnlyList<MissingStep> Missing(RequestPath path)
    {
        var missing = new List<MissingStep>();
        for (var i = 0; i < path.Steps.Length; i++)
        {
            if (path.Last[i] && Successor(path.Steps[i]) is { } successor && !path.Has(successor.Step))
            {
                missing.Add(successor);
            }
        }
        var (total, with) = _entries[path.Entry];
        int[] steps = [.. with.Keys];
        Array.Sort(steps);
        foreach (var step in steps)
        {
            var count = with[step];
            if (total >= FewestCompared && count >= UsualShare * total && !path.Has(step) && missing.TrueForAll(known => known.Step != step))
            {
                missing.Add(new MissingStep(step, 0, count / (double)total, total));
            }
        }
        return missing;
    }

    /// <summary>What nearly always follows a step in its service, when the step is one that something follows.</summary>
    private MissingStep? Successor(int step)
    {
        if (!_successors.TryGetValue(step, out var successor))
        {
            _successors[step] = successor = FindSuccessor(step);
        }
        return successor;
    }

    private MissingStep? FindSuccessor(int step)
    {
        var (total, last) = _lasts[step];
        var goOn = total - last;
        if (total < FewestCompared || goOn <= FollowedShare * total)
        {
            return null;
        }
        var service = _steps[step].Service;
        var (followers, ends) = (new Dictionary<int, long>(), new Dictionary<int, long>());
        foreach (var path in _paths)
        {
            var at = Array.BinarySearch(path.Steps, step);
            if (at < 0)
            {
                continue;
            }
            foreach (var other in path.Steps)
            {
                if (other != step && _steps[other].Service == service && !_steps[other].Failed)
                {
                    var counts = path.Last[at] ? ends : followers;
                    counts[other] = counts.GetValueOrDefault(other) + path.Count;
                }
            }
        }
        // What also stands in the requests that end here came before, and is not what is missing.
        var best = followers.Where(other => other.Value >= SuccessorShare * goOn && ends.GetValueOrDefault(other.Key) * 2 < Math.Max(1, last))
            .OrderByDescending(other => other.Value).ThenBy(other => other.Key).FirstOrDefault();
        return best.Value == 0 ? null : new MissingStep(best.Key, step, best.Value / (double)total, total);
    }
}
