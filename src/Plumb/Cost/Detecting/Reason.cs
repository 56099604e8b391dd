using System.Globalization;

namespace Plumb.Cost.Detecting;

/// <summary>Why that much was expected, in words.</summary>
internal static class Reason
{
    private const double Worth = 0.01;
    private const double GrowthWorth = 0.0005;

    public static string Of(Baseline baseline, int day)
    {
        var weekday = baseline.WeekdayEffect(day % 7);
        var name = CultureInfo.InvariantCulture.DateTimeFormat.GetDayName(DateOnly.FromDayNumber(day).DayOfWeek);
        var parts = new List<string> { string.Create(CultureInfo.InvariantCulture, $"{baseline.Days} normal days before it vary by {Math.Exp(baseline.Noise) - 1:0.#%}") };
        if (Math.Abs(weekday) >= Worth)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name}s are {Math.Abs(Math.Exp(weekday) - 1):0%} {(weekday > 0 ? "above" : "below")} the week's level"));
        }
        if (Math.Abs(baseline.GrowthPerDay) >= GrowthWorth)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"it grows by {Math.Exp(baseline.GrowthPerDay) - 1:+0.0%;-0.0%} a day"));
        }
        return string.Join(", ", parts);
    }
}
