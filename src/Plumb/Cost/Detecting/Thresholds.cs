namespace Plumb.Cost.Detecting;

/// <summary>
/// From which distance on a day, or the mean of the last days, alarms: clearly beyond what the service's own last weeks have shown. Means of several days are
/// steadier than a day, so they alarm at less; that is how a step or a ramp inside the noise of a day is found. Calibrated by simulation (bench/run cost).
/// </summary>
internal sealed class Thresholds(Baseline baseline, int day)
{
    /// <summary>The longest run of days that is looked at as one.</summary>
    public const int LongestRun = 5;

    private const double BeyondUsual = 1.4;
    private const double NoiseMultiple = 2.1;

    /// <summary>Less than this is no change that anybody would look at, however steady the service.</summary>
    private const double Least = 0.08;

    /// <summary>A drop costs nothing tonight, so it may be surer of itself.</summary>
    private const double DropCaution = 1.25;

    /// <summary>
    /// Days below which the past is a short one: its extremes are smaller than those to come, and its rhythm and growth are not known yet. Four weeks
    /// alarm at 1.7 times what eight weeks do, two weeks only at the grossest change.
    /// </summary>
    private const double ShortPast = 26;

    /// <summary>How much of the expectation's own standard error is granted.</summary>
    private const double DoubtMultiple = 1.15;

    /// <summary>By how much the mean of n days alarms earlier than one day.</summary>
    private static readonly double[] RunShare = [0, 1, 0.58, 0.55, 0.48, 0.43];

    private readonly double _caution = 1 + Math.Pow(ShortPast / baseline.Days, 4);

    /// <summary>The distance in ln(cost) above which a mean of so many days alarms.</summary>
    public double Up(int days) => _caution * ((RunShare[days] * One(baseline.UsualUp)) + _doubt);

    public double Down(int days) => _caution * ((RunShare[days] * One(baseline.UsualDown)) + _doubt) * DropCaution;

    private readonly double _doubt = DoubtMultiple * baseline.Doubt(day);

    private double One(double usual) => Math.Max(Least, Math.Max(BeyondUsual * usual, NoiseMultiple * baseline.Noise));
}
