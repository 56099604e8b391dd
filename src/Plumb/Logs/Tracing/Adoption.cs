using System.Runtime.InteropServices;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>A line without an id that evidence gives to a request.</summary>
/// <param name="Orphan">Its number among the orphans.</param>
/// <param name="Confidence">0 to 1: against all other requests of that time, and against belonging to none.</param>
/// <param name="GapTicks">Time to the request's nearest line of the same source; null when it has none there.</param>
/// <param name="Token">The rarest value that both have; 0 for none.</param>
/// <param name="Sharing">Requests of that time with this value.</param>
/// <param name="EndedEarly">It is an error of a service of which the request has no line, though its like have, and nothing came after it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Adopted(int Orphan, TraceKey Trace, double Confidence, long? GapTicks, uint Token, int Sharing, bool SameThread, bool OpenAttempt, bool EndedEarly);

/// <summary>
/// Gives lines without an id to the requests they belong to. Each candidate is weighed by what can be observed: the same source and the time since its last line there,
/// the same thread or span, values that few other requests of that time have, an attempt that still lacks its outcome, an end before a service that its like
/// reach, a step that the request lacks or already has. The weights are log-likelihood ratios, so their softmax over all candidates and "belongs to none" is a probability.
/// </summary>
internal sealed class Adoption(StepTable steps, PathJudge paths, Func<int, double> shareWithId)
{
    /// <summary>Below it a line stays without a request.</summary>
    public const double LeastConfidence = 0.9;

    /// <summary>Requests that share a value beyond which it is no evidence.</summary>
    public const int MostHolders = 64;

    /// <summary>Candidates that are compared for one line.</summary>
    public const int MostCandidates = 128;

    /// <summary>Requests of other times that are supposed not to have a value: in a quiet moment one request beside it would prove nothing.</summary>
    private const double UnseenTraces = 20;

    /// <summary>A request is a candidate until so many usual gaps between lines after its last line, and before its first.</summary>
    private const int NearGaps = 8;

    /// <summary>How much less the time to the nearest line of the same source weighs than the time outside the whole request.</summary>
    private const double OwnGapPart = 0.1;

    private const double SameThread = 8;
    private const double OtherSource = -2;
    private const double OpenAttempt = 3;
    private const double EndedEarly = 3;
    private const double LacksStep = 2;
    private const double HasStep = -4;
    private const double FarthestTime = -8;
    private static readonly double[] TokenParts = [1, 0.6, 0.3];

    private readonly Step[] _steps = steps.Snapshot();
    private readonly HashSet<int> _candidates = [];
    private readonly Dictionary<int, (double Weight, uint Token, int Sharing)[]> _shared = [];

    /// <param name="gapTicks">The usual time between two lines of one request.</param>
    public Adopted? Judge(AdoptionWindow window, int line, int orphan, long gapTicks)
    {
        var near = window.Lines[line];
        Candidates(window, near, gapTicks);
        if (_candidates.Count == 0)
        {
            return null;
        }
        var (best, bestTrace) = (double.NegativeInfinity, -1);
        var total = Math.Exp(None(near.Step));
        foreach (var trace in _candidates)
        {
            var score = Score(window, near, trace, gapTicks).Score;
            total += Math.Exp(score);
            if (score > best)
            {
                (best, bestTrace) = (score, trace);
            }
        }
        var confidence = Math.Exp(best) / total;
        if (confidence < LeastConfidence)
        {
            return null;
        }
        var (_, gap, thread, open, early) = Score(window, near, bestTrace, gapTicks);
        // The rarest value stands first.
        var token = _shared.TryGetValue(bestTrace, out var parts) ? parts[0] : default;
        var adopted = new Adopted(orphan, window.Traces[bestTrace].Key, confidence, gap, token.Token, token.Sharing, thread, open, early);
        window.Adopt(line, bestTrace);
        return adopted;
    }

    /// <summary>How probable it is that the line belongs to no request at all: a statement that otherwise carries ids has only lost it here.</summary>
    private double None(int step) => shareWithId(step) switch { >= 0.3 => -1, > 0 => 0.5, _ => _steps[step].Failed ? 0.5 : 1.5 };

    private void Candidates(AdoptionWindow window, NearLine near, long gapTicks)
    {
        _candidates.Clear();
        _shared.Clear();
        foreach (var token in window.TokensOf(near))
        {
            var holders = window.Holders(token);
            if (holders.Count is 0 or >= MostHolders)
            {
                continue;
            }
            var weight = Math.Log((window.Traces.Count + UnseenTraces) / holders.Count);
            foreach (var trace in holders)
            {
                _candidates.Add(trace);
                ref var parts = ref CollectionsMarshal.GetValueRefOrAddDefault(_shared, trace, out _);
                parts ??= new (double, uint, int)[TokenParts.Length];
                Insert(parts, (weight, token, holders.Count));
            }
        }
        for (var trace = 0; trace < window.Traces.Count && _candidates.Count < MostCandidates; trace++)
        {
            if (window.Traces[trace].First - (NearGaps * gapTicks) <= near.Ticks && near.Ticks <= window.Traces[trace].Last + (NearGaps * gapTicks))
            {
                _candidates.Add(trace);
            }
        }
    }

    private static void Insert((double Weight, uint Token, int Sharing)[] parts, (double Weight, uint Token, int Sharing) part)
    {
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Token == part.Token)
            {
                return;
            }
            if (part.Weight > parts[i].Weight)
            {
                (parts[i], part) = (part, parts[i]);
            }
        }
    }

    private (double Score, long? Gap, bool Thread, bool Open, bool Early) Score(AdoptionWindow window, NearLine near, int number, long gapTicks)
    {
        var trace = window.Traces[number];
        var (gap, before, thread, has) = ((long?)null, -1, false, false);
        var (earlier, later) = (false, false);
        var (entry, began) = (0, long.MaxValue);
        foreach (var index in trace.Lines)
        {
            var line = window.Lines[index];
            (entry, began) = line.Ticks < began ? (line.Step, line.Ticks) : (entry, began);
            thread |= near.Thread != 0 && line.Thread == near.Thread && line.Source == near.Source;
            has |= _steps[line.Step].Service == _steps[near.Step].Service && _steps[line.Step].Event == _steps[near.Step].Event;
            if (line.Source != near.Source)
            {
                continue;
            }
            var distance = Math.Abs(line.Ticks - near.Ticks);
            gap = gap is { } known ? Math.Min(known, distance) : distance;
            // Within one source the place in the file tells the order, where times are equal.
            var isEarlier = line.Offset < near.Offset;
            (earlier, later) = (earlier | isEarlier, later | !isEarlier);
            before = isEarlier && (before < 0 || window.Lines[before].Offset < line.Offset) ? index : before;
        }
        var outside = Math.Max(0, Math.Max(trace.First - near.Ticks, near.Ticks - trace.Last));
        var early = gap is null && _steps[near.Step].Failed && near.Ticks >= trace.Last && paths.Expects(entry, _steps[near.Step].Service);
        var open = before >= 0 && !later && paths.IsAttempt(window.Lines[before].Step);
        var score = Math.Max(FarthestTime, -outside / (double)gapTicks) - (OwnGapPart * Math.Min(-FarthestTime, earlier && later ? 0 : (gap ?? 0) / (double)gapTicks))
            + (early ? EndedEarly : gap is null && paths.HasSiblings(near.Step) ? OtherSource : 0) + (thread ? SameThread : 0);
        if (_shared.TryGetValue(number, out var parts))
        {
            for (var i = 0; i < parts.Length; i++)
            {
                score += TokenParts[i] * parts[i].Weight;
            }
        }
        var usual = paths.UsuallyOnce(near.Step);
        score += has && usual ? HasStep : !has && usual ? LacksStep : 0;
        score += open && (usual || _steps[near.Step].Failed) ? OpenAttempt : 0;
        return (score, gap, thread, open, early);
    }
}
