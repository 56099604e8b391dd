namespace Plumb.Cost.Backtesting;

/// <summary>The detector that most scripts have: a day above the mean of the seven before it plus two standard deviations. Here to be compared with.</summary>
public static class RollingMean
{
    private const int Window = 7;
    private const double Sigmas = 2;
    private const double LeastMean = 0.01;

    /// <summary>The days on which it alarms.</summary>
    public static IReadOnlySet<int> Alarms(ReadOnlySpan<double> amounts)
    {
        var alarms = new HashSet<int>();
        for (var day = Window; day < amounts.Length; day++)
        {
            var (sum, squares) = (0.0, 0.0);
            foreach (var amount in amounts[(day - Window)..day])
            {
                sum += amount;
            }
            foreach (var amount in amounts[(day - Window)..day])
            {
                squares += (amount - (sum / Window)) * (amount - (sum / Window));
            }
            if (sum / Window >= LeastMean && amounts[day] > (sum / Window) + (Sigmas * Math.Sqrt(squares / (Window - 1))))
            {
                alarms.Add(day);
            }
        }
        return alarms;
    }
}
