namespace Plumb.Cost.Detecting;

/// <summary>What a service does that no level and no weekday explains: charges that come on one day of each month, and charges that come now and then.</summary>
internal sealed class Habits
{
    private const int MonthsBack = 3;
    private const double IntermittentLeast = 0.15;
    private const double IntermittentMost = 0.95;
    private const double BeyondGreatest = 1.5;

    private readonly double?[] _distance;
    private readonly int _at;
    private readonly DateOnly _date;

    public Habits(double[] amounts, double?[] distance, int firstDay, int knownFrom, int at)
    {
        (_distance, _at) = (distance, at);
        _date = DateOnly.FromDayNumber(firstDay + at);
        var past = amounts.AsSpan(Math.Max(knownFrom, at - Baseline.WindowDays), at - Math.Max(knownFrom, at - Baseline.WindowDays));
        var (nothing, greatest) = (0, 0.0);
        foreach (var amount in past)
        {
            nothing += amount < Baseline.Cent ? 1 : 0;
            greatest = Math.Max(greatest, amount);
        }
        var share = past.Length == 0 ? 0 : nothing / (double)past.Length;
        IntermittentLimit = share is > IntermittentLeast and < IntermittentMost ? BeyondGreatest * greatest : 0;
    }

    /// <summary>What an intermittent service may cost on a day; 0 for a service that costs something every day, or never did.</summary>
    public double IntermittentLimit { get; }

    /// <summary>
    /// How much more than usual is expected today because the same day of the month before was so too: the smallest such excess of the last three months. One
    /// precedent is enough on the first of the month, when fees are charged; any other day needs two.
    /// </summary>
    /// <param name="least">An excess below this is no precedent.</param>
    public double MonthDayEffect(double least)
    {
        var (smallest, precedents) = (double.PositiveInfinity, 0);
        for (var months = 1; months <= MonthsBack; months++)
        {
            var index = _at - (_date.DayNumber - _date.AddMonths(-months).DayNumber);
            if (index < 0 || _distance[index] is not { } distance)
            {
                break;
            }
            if (distance < least)
            {
                return 0;
            }
            (smallest, precedents) = (Math.Min(smallest, distance), precedents + 1);
        }
        return precedents >= (_date.Day == 1 ? 1 : 2) ? smallest : 0;
    }
}
