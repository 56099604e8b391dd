namespace Plumb.Cost.Detecting;

/// <summary>
/// Walks through the days of one service once, and knows on each day only the days before. A day that does not fit opens an episode; while it is open the
/// expectation stands still, and its days teach the baseline nothing, so an anomaly hides neither itself nor the next. A level that stays becomes the new normal.
/// </summary>
public sealed class EpisodeDetector
{
    /// <summary>An episode as long as this is the new normal.</summary>
    public const int AdoptAfterDays = 21;

    /// <summary>Days after the last one for which Find says what is expected: to the end of the next month, because a whole one may not be judged yet.</summary>
    public const int AheadDays = 62;

    /// <summary>A day this near to what was expected (as a share of the episode's mean distance) ends an episode at once.</summary>
    private const double EndShare = 0.25;

    /// <summary>Two days within this share of the threshold end it too.</summary>
    private const double CalmShare = 0.5;

    private readonly double[] _logs;
    private readonly double[] _amounts;
    private readonly int _firstDay;
    private readonly bool[] _isSkipped;
    private readonly bool[] _isNormal;
    private readonly double?[] _distance;
    private readonly Expectation?[] _expected;
    private readonly List<Episode> _episodes = [];
    private readonly int[] _days = new int[Baseline.WindowDays];
    private readonly double[] _values = new double[Baseline.WindowDays];
    private int _knownFrom;
    private Baseline? _current;

    private EpisodeDetector(double[] amounts, int firstDay, bool[] isSkipped)
    {
        (_amounts, _firstDay, _isSkipped) = (amounts, firstDay, isSkipped);
        _logs = Array.ConvertAll(amounts, amount => Math.Log(Math.Max(0, amount) + Baseline.Cent));
        _isNormal = Array.ConvertAll(isSkipped, skipped => !skipped);
        _distance = new double?[amounts.Length];
        _expected = new Expectation?[amounts.Length];
    }

    /// <param name="amounts">One a day, without gaps; only days that are final.</param>
    /// <param name="firstDay">The day number of the first (0 is a Monday).</param>
    /// <param name="isSkipped">Days that are neither judged nor learnt from; null for none.</param>
    public static Detection Find(double[] amounts, int firstDay, bool[]? isSkipped = null)
    {
        var detector = new EpisodeDetector(amounts, firstDay, isSkipped ?? new bool[amounts.Length]);
        for (var at = 0; at < amounts.Length;)
        {
            at = detector.Step(at);
        }
        var ahead = detector._current is { } last ? Enumerable.Range(firstDay + amounts.Length, AheadDays).Select(last.AmountOf).ToArray() : [];
        return new Detection(detector._episodes, detector._expected, ahead);
    }

    /// <summary>Judges a day, and the whole episode when it opens one.</summary>
    /// <returns>The next day to judge.</returns>
    private int Step(int at)
    {
        if (_isSkipped[at] || Learn(at) is not { } baseline)
        {
            return at + 1;
        }
        var thresholds = new Thresholds(baseline, _firstDay + at);
        var past = new Habits(_amounts, _distance, _firstDay, _knownFrom, at);
        var distance = Expect(at, baseline, thresholds, past);
        _current = baseline;
        var (score, days) = Alarm(at, distance, baseline, thresholds, past);
        if (score < 1)
        {
            // A day that recurs each month is expected, and yet no ordinary day to learn from.
            _isNormal[at] = Math.Abs(_logs[at] - baseline.LogOf(_firstDay + at)) < thresholds.Up(1);
            return at + 1;
        }
        return Follow(at, at - days + 1, distance > 0 ? 1 : -1, score, baseline, thresholds);
    }

    private Baseline? Learn(int at)
    {
        var count = 0;
        for (var day = Math.Max(_knownFrom, at - Baseline.WindowDays); day < at; day++)
        {
            if (_isNormal[day])
            {
                (_days[count], _values[count]) = (_firstDay + day, _logs[day]);
                count++;
            }
        }
        return Baseline.Of(_days.AsSpan(0, count), _values.AsSpan(0, count));
    }

    /// <summary>Notes what is expected; the distance in ln(cost) from it, what recurs each month taken off.</summary>
    private double Expect(int at, Baseline baseline, Thresholds thresholds, Habits past)
    {
        var raw = _logs[at] - baseline.LogOf(_firstDay + at);
        _distance[at] = raw;
        var monthly = past.MonthDayEffect(thresholds.Up(1));
        var expected = Math.Exp(baseline.LogOf(_firstDay + at) + monthly);
        _expected[at] = new Expectation(Math.Max(0, expected - Baseline.Cent), Math.Max(0, (expected * Math.Exp(-thresholds.Down(1))) - Baseline.Cent),
            Math.Max(past.IntermittentLimit, (expected * Math.Exp(thresholds.Up(1))) - Baseline.Cent));
        return raw - monthly;
    }

    /// <summary>The greatest score of the runs that end on this day, 1 being the threshold, and how long that run is.</summary>
    private (double Score, int Days) Alarm(int at, double distance, Baseline baseline, Thresholds thresholds, Habits past)
    {
        var best = distance >= 0 ? distance / thresholds.Up(1) : -distance / thresholds.Down(1);
        var (length, sum) = (1, distance);
        if (past.IntermittentLimit > 0)
        {
            // Days of nothing between days of something: no rhythm to hold it to, only the greatest day.
            return (_amounts[at] > past.IntermittentLimit ? best : 0, 1);
        }
        for (var days = 2; days <= Thresholds.LongestRun && at - days + 1 >= _knownFrom && _isNormal[at - days + 1]; days++)
        {
            sum += _logs[at - days + 1] - baseline.LogOf(_firstDay + at - days + 1);
            var mean = sum / days;
            var score = mean >= 0 ? mean / thresholds.Up(days) : -mean / thresholds.Down(days);
            // The last day has to point the same way: a run that is over is not told now.
            if (score > best && mean * distance > 0)
            {
                (best, length) = (score, days);
            }
        }
        return (best, length);
    }

    private int Follow(int detected, int from, int direction, double score, Baseline baseline, Thresholds thresholds)
    {
        var (first, last, at, calm, sum) = (from, detected, detected + 1, 0, 0.0);
        var calmBelow = CalmShare * (direction > 0 ? thresholds.Up(1) : thresholds.Down(1));
        while (first < detected && direction * Distance(first, baseline) < calmBelow / 2)
        {
            first++;
        }
        for (var day = first; day <= detected; day++)
        {
            (_isNormal[day], sum) = (false, sum + (direction * Distance(day, baseline)));
        }
        for (; at < _logs.Length && at - first < AdoptAfterDays; at++)
        {
            if (_isSkipped[at])
            {
                continue;
            }
            var distance = direction * Distance(at, baseline);
            Expect(at, baseline, thresholds, new Habits(_amounts, _distance, _firstDay, _knownFrom, at));
            calm = distance < calmBelow ? calm + 1 : 0;
            if (distance < EndShare * sum / (at - first) || calm == 2)
            {
                break;
            }
            (_isNormal[at], sum) = (false, sum + distance);
            last = calm > 0 ? last : at;
            score = Math.Max(score, distance / (direction > 0 ? thresholds.Up(1) : thresholds.Down(1)));
        }
        var isAdopted = at - first >= AdoptAfterDays;
        for (var day = last + 1; day < at; day++)
        {
            _isNormal[day] = !_isSkipped[day];
        }
        if (isAdopted)
        {
            Adopt(first, last);
        }
        var expected = Enumerable.Range(first, last - first + 1).Select(day => baseline.AmountOf(_firstDay + day)).ToArray();
        var isOpen = at >= _logs.Length && !isAdopted;
        var kind = Shape.Of(_amounts.AsSpan(first, last - first + 1), expected, direction, isOpen, HadNothingBefore(first));
        _episodes.Add(new Episode(kind, first, last, detected, isOpen, score, expected, Reason.Of(baseline, _firstDay + first)));
        return Math.Min(at, _logs.Length);
    }

    private void Adopt(int first, int last)
    {
        _knownFrom = first;
        for (var day = first; day <= last; day++)
        {
            _isNormal[day] = !_isSkipped[day];
        }
    }

    private double Distance(int at, Baseline baseline) => _logs[at] - baseline.LogOf(_firstDay + at);

    private bool HadNothingBefore(int first) => _amounts.AsSpan(0, first).IndexOfAnyExceptInRange(0, Baseline.Cent / 2) < 0;
}
