namespace Plumb.Cost.Detecting;

/// <summary>
/// What a service usually costs, learnt from its normal days of the last eight weeks: ln(cost) = level + growth · day + weekday. Rhythm and growth enter only when
/// they stand out of the noise, and then shrunk by the share of it that chance would make, so that a flat service is not given a weekly rhythm.
/// </summary>
internal sealed class Baseline
{
    /// <summary>Days that are looked back on.</summary>
    public const int WindowDays = 56;

    /// <summary>Normal days that are needed to expect anything.</summary>
    public const int FewestDays = 14;

    /// <summary>Amounts below this are nothing; it keeps the logarithm of a free day finite.</summary>
    public const double Cent = 0.01;

    private const int Rounds = 3;

    /// <summary>Weekdays, or growth, that stand less out of the noise than this are chance: F and t² pass it less than once in a hundred.</summary>
    private const double LeastRatio = 4;
    private const double LeastGrowthRatio = 9;
    private const int Week = 7;

    /// <summary>Nobody's spend is steadier than this; without it a service whose noise is zero would alarm at a cent.</summary>
    private const double LeastNoise = 0.02;
    private const double MadToSigma = 1.4826;
    private const double WinsorSigmas = 2.5;

    private readonly double[] _weekday = new double[Week];
    private double _level;
    private double _growth;
    private double _middle;
    private double _spread;

    private Baseline()
    {
    }

    /// <summary>Normal days that it was learnt from.</summary>
    public int Days { get; private init; }

    /// <summary>Change a day of ln(cost).</summary>
    public double GrowthPerDay => _growth;

    /// <summary>The usual distance from what is expected (root mean square of ln), with a floor.</summary>
    public double Noise { get; private set; }

    /// <summary>The greatest usual distance above and below: the second greatest that was seen.</summary>
    public double UsualUp { get; private set; }

    public double UsualDown { get; private set; }

    /// <summary>How much that weekday differs, in ln; 0 when no rhythm stands out.</summary>
    public double WeekdayEffect(int weekday) => _weekday[weekday];

    /// <summary>The expected ln(cost + cent) of a day.</summary>
    public double LogOf(int day) => _level + (_growth * (day - _middle)) + _weekday[day % Week];

    /// <summary>The expected amount of a day.</summary>
    public double AmountOf(int day) => Math.Max(0, Math.Exp(LogOf(day)) - Cent);

    /// <summary>The standard error of what is expected on a day, in ln: few days to learn from, or a growth that carries on into the unknown.</summary>
    public double Doubt(int day) => Noise * Math.Sqrt((1.0 / Days) + ((day - _middle) * (day - _middle) / _spread));

    /// <summary>Learns from the normal days; null when they are too few.</summary>
    /// <param name="days">Day numbers; the weekday of day d is d modulo 7.</param>
    /// <param name="logs">ln(cost + cent) of these days.</param>
    public static Baseline? Of(ReadOnlySpan<int> days, ReadOnlySpan<double> logs)
    {
        if (days.Length < FewestDays)
        {
            return null;
        }
        var baseline = new Baseline { Days = days.Length };
        baseline.Fit(days, logs);
        return baseline;
    }

    private void Fit(ReadOnlySpan<int> days, ReadOnlySpan<double> logs)
    {
        var sum = 0.0;
        foreach (var day in days)
        {
            sum += day;
        }
        _middle = sum / days.Length;
        _level = Median(logs.ToArray());
        var rest = new double[logs.Length];
        var limit = double.PositiveInfinity;
        for (var round = 0; round < Rounds; round++)
        {
            FitWeekdays(days, logs, rest, limit, byMedian: round == 0);
            FitLine(days, logs, rest, limit);
            Residuals(days, logs, rest);
            limit = WinsorSigmas * Math.Max(LeastNoise, MadToSigma * Median([.. Array.ConvertAll(rest, Math.Abs)]));
        }
        Measure(rest, limit);
    }

    private void Residuals(ReadOnlySpan<int> days, ReadOnlySpan<double> logs, double[] rest)
    {
        for (var i = 0; i < rest.Length; i++)
        {
            rest[i] = logs[i] - LogOf(days[i]);
        }
    }

    /// <summary>The weekday's mean distance from the line, scaled down by the share of it that chance alone would make.</summary>
    private void FitWeekdays(ReadOnlySpan<int> days, ReadOnlySpan<double> logs, double[] rest, double limit, bool byMedian)
    {
        Residuals(days, logs, rest);
        var groups = new List<double>[Week];
        for (var weekday = 0; weekday < Week; weekday++)
        {
            groups[weekday] = [];
        }
        for (var i = 0; i < rest.Length; i++)
        {
            groups[days[i] % Week].Add(Math.Clamp(rest[i], -limit, limit) + _weekday[days[i] % Week]);
        }
        var means = Array.ConvertAll(groups, group => group.Count == 0 ? 0 : byMedian ? Median([.. group]) : group.Average());
        var (within, between) = (0.0, 0.0);
        var centre = means.Average();
        for (var weekday = 0; weekday < Week; weekday++)
        {
            within += groups[weekday].Sum(value => (value - means[weekday]) * (value - means[weekday]));
            between += groups[weekday].Count * (means[weekday] - centre) * (means[weekday] - centre);
        }
        var noise = within / Math.Max(1, rest.Length - Week);
        // Fisher's ratio is about 1 when chance alone makes the weekdays differ.
        var ratio = noise > 0 ? between / (Week - 1) / noise : between > 0 ? double.PositiveInfinity : 0;
        var kept = ratio > LeastRatio ? 1 - (1 / ratio) : 0;
        for (var weekday = 0; weekday < Week; weekday++)
        {
            _weekday[weekday] = kept * (means[weekday] - centre);
        }
    }

    private void FitLine(ReadOnlySpan<int> days, ReadOnlySpan<double> logs, double[] rest, double limit)
    {
        Residuals(days, logs, rest);
        var (sum, slope) = (0.0, 0.0);
        _spread = 0;
        for (var i = 0; i < rest.Length; i++)
        {
            var (value, distance) = (Math.Clamp(rest[i], -limit, limit), days[i] - _middle);
            sum += value;
            slope += (value + (_growth * distance)) * distance;
            _spread += distance * distance;
        }
        _level += sum / rest.Length;
        slope /= _spread;
        var noise = 0.0;
        for (var i = 0; i < rest.Length; i++)
        {
            var left = Math.Clamp(rest[i], -limit, limit) + ((_growth - slope) * (days[i] - _middle));
            noise += left * left;
        }
        var ratio = noise > 0 ? slope * slope * _spread * Math.Max(1, rest.Length - 2) / noise : slope == 0 ? 0 : double.PositiveInfinity;
        _growth = ratio > LeastGrowthRatio ? slope * (1 - (1 / ratio)) : 0;
    }

    private void Measure(double[] rest, double limit)
    {
        var squares = 0.0;
        foreach (var value in rest)
        {
            var near = Math.Min(Math.Abs(value), limit);
            squares += near * near;
        }
        Noise = Math.Max(LeastNoise, Math.Sqrt(squares / Math.Max(1, rest.Length - 3)));
        Array.Sort(rest);
        UsualUp = Math.Max(0, rest[^2]);
        UsualDown = Math.Max(0, -rest[1]);
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
