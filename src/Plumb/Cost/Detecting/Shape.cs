namespace Plumb.Cost.Detecting;

/// <summary>Names what an episode looks like.</summary>
internal static class Shape
{
    private const int LongestSpike = 2;
    private const double StoppedShare = 0.02;

    /// <summary>From this growth a day on (ln), over at least so many days, it is a ramp.</summary>
    private const double RampPerDay = 0.02;
    private const int ShortestRamp = 3;

    public static EpisodeKind Of(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, int direction, bool isOpen, bool hadNothingBefore)
    {
        if (hadNothingBefore)
        {
            return EpisodeKind.New;
        }
        if (direction < 0)
        {
            return actual[^1] < StoppedShare * expected[^1] ? EpisodeKind.Stopped : EpisodeKind.Drop;
        }
        if (actual.Length >= ShortestRamp && IsRamp(actual, expected))
        {
            return EpisodeKind.Ramp;
        }
        return actual.Length <= LongestSpike && !(isOpen && actual.Length == LongestSpike) ? EpisodeKind.Spike : EpisodeKind.Step;
    }

    /// <summary>The line through ln(actual / expected) rises, and explains more than half of what moves.</summary>
    private static bool IsRamp(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected)
    {
        var (mean, middle) = (0.0, (actual.Length - 1) / 2.0);
        for (var i = 0; i < actual.Length; i++)
        {
            mean += Excess(actual[i], expected[i]) / actual.Length;
        }
        var (together, spread, all) = (0.0, 0.0, 0.0);
        for (var i = 0; i < actual.Length; i++)
        {
            var excess = Excess(actual[i], expected[i]) - mean;
            together += excess * (i - middle);
            spread += (i - middle) * (i - middle);
            all += excess * excess;
        }
        var slope = together / spread;
        return slope >= RampPerDay && slope * together > all / 2;
    }

    private static double Excess(double actual, double expected) => Math.Log((actual + Baseline.Cent) / (expected + Baseline.Cent));
}
