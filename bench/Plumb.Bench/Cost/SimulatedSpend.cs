namespace Plumb.Bench.Cost;

/// <summary>A kind of ordinary daily spend. The noise is uniform: ±5% means between −5% and +5%.</summary>
/// <param name="WeekendShare">What a Saturday and a Sunday cost, as a share of a weekday.</param>
internal sealed record Background(string Name, double Noise, double WeekendShare = 1, double GrowthPerDay = 0)
{
    public static readonly Background[] All =
    [
        new("flat ±5%", 0.05),
        new("flat ±15%", 0.15),
        new("40% weekend dip", 0.05, WeekendShare: 0.6),
        new("dip + 0.3%/day growth", 0.05, WeekendShare: 0.6, GrowthPerDay: 0.003),
    ];

    /// <summary>Daily amounts in cents; day number 0 is a Monday.</summary>
    public double[] Days(int count, int seed, int firstDay)
    {
        var random = new Random(seed);
        var level = 5 * Math.Exp(random.NextDouble() * 5);
        return
        [
            .. Enumerable.Range(firstDay, count).Select(day => Math.Round(level * Math.Pow(1 + GrowthPerDay, day - firstDay) * (day % 7 >= 5 ? WeekendShare : 1)
                * (1 + (Noise * ((2 * random.NextDouble()) - 1))), 2)),
        ];
    }
}

/// <summary>What a detector says about one series: the days on which it raises an alarm, by index.</summary>
internal delegate IReadOnlySet<int> Detector(double[] amounts, int firstDay);

/// <summary>One row of the table.</summary>
/// <param name="FalseAlarms">Alarm days as a share of the judged days of series in which nothing happens.</param>
/// <param name="RampDays">The median of the days from the first risen day to the alarm.</param>
internal sealed record SimulationRow(string Background, string Detector, double FalseAlarms, double SpikesSameDay, double StepsWithinADay, double RampsWithinFourDays, double RampDays);

/// <summary>Seeded daily spend with seeded faults: what a detector finds, and what it invents.</summary>
internal static class Simulation
{
    private const int Days = 180;
    private const int KnownDays = 14;
    private const int FirstFault = 60;
    private const int FirstDay = 739_000;

    public static SimulationRow Run(Background background, string name, Detector detector, int series, int seed)
    {
        var (alarms, judged, spikes, steps, ramps) = (0, 0, 0, 0, 0);
        var delays = new List<int>();
        for (var i = 0; i < series; i++)
        {
            var random = new Random(unchecked((seed * 1_000_003) + i));
            var first = FirstDay + random.Next(365);
            var quiet = background.Days(Days, random.Next(), first);
            alarms += detector(quiet, first).Count;
            judged += Days - KnownDays;
            var at = FirstFault + random.Next(Days - FirstFault - 20);
            spikes += Found(detector, quiet, first, at, 0, day => day == at ? 1.5 : 1) is not null ? 1 : 0;
            steps += Found(detector, quiet, first, at, 1, day => day >= at ? 1.3 : 1) is not null ? 1 : 0;
            var delay = Found(detector, quiet, first, at, 19, day => Math.Pow(1.05, Math.Max(0, day - at + 1)));
            ramps += delay is <= 4 ? 1 : 0;
            delays.Add(delay ?? int.MaxValue);
        }
        delays.Sort();
        double share(int count) => count / (double)series;
        return new SimulationRow(background.Name, name, alarms / (double)judged, share(spikes), share(steps), share(ramps), delays[series / 2]);
    }

    /// <summary>Days from the fault until an alarm that the quiet series does not have; null when there is none in time.</summary>
    private static int? Found(Detector detector, double[] quiet, int first, int at, int within, Func<int, double> factor)
    {
        var amounts = quiet[..(at + within + 1)];
        for (var day = at; day < amounts.Length; day++)
        {
            amounts[day] = Math.Round(amounts[day] * factor(day), 2);
        }
        var alarm = detector(amounts, first).Where(day => day >= at).DefaultIfEmpty(-1).Min();
        return alarm < 0 ? null : alarm - at;
    }
}
