using System.Globalization;
using Plumb.Core;
using Plumb.Cost.Detecting;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Backtesting;

/// <summary>What one detector says to a history, and finds of what was put into it.</summary>
/// <param name="AlarmDays">Service-days on which it alarms in the history as it is.</param>
/// <param name="Spikes">Of 1.5 times a day's spend, found that day.</param>
/// <param name="Steps">Of +30% from a day on, found within a day.</param>
/// <param name="Ramps">Of +5% a day, found within four days.</param>
public sealed record DetectorResult(string Detector, int AlarmDays, double AlarmShare, int Injected, int Spikes, int Steps, int Ramps);

/// <param name="Episodes">Incidents that the alarm days belong to; another day of the same incident is no other alarm.</param>
/// <param name="ServiceDays">Days that had enough past to be judged, of all services.</param>
public sealed record BacktestResult(CheckReport Report, int Services, int ServiceDays, int Episodes, int ToldEpisodes, IReadOnlyList<DetectorResult> Detectors);

/// <summary>Runs the detector over a bill's own past, day by day as it would have been, and puts faults into copies of it to see whether they are found.</summary>
public static class Backtest
{
    /// <summary>Services that faults are put into, the most expensive.</summary>
    private const int MostServices = 20;
    private const int InjectionsPerService = 8;

    /// <summary>Days behind an injected fault in which it may be found.</summary>
    private const int RampDays = 4;
    private const double Spike = 1.5;
    private const double Step = 1.3;
    private const double Ramp = 1.05;

    public static BacktestResult Run(SpendTable table, decimal minImpact, DateTimeOffset startedAt, TimeProvider time, CancellationToken cancellation)
    {
        var today = DateOnly.FromDateTime(startedAt.UtcDateTime);
        var days = Math.Max(0, Math.Min(table.Days, today.DayNumber - table.FirstDay.DayNumber));
        var services = table.Services();
        var (ours, theirs, judged, episodes, told) = (0, 0, 0, 0, 0);
        var (found, foundByMean, injected) = (new int[3], new int[3], 0);
        foreach (var (service, rank) in services.Select((service, rank) => (service, rank)))
        {
            cancellation.ThrowIfCancellationRequested();
            var amounts = Array.ConvertAll(service.Amounts[..days], amount => (double)amount);
            var detection = EpisodeDetector.Find(amounts, table.FirstDay.DayNumber);
            judged += detection.Expected.Count(expected => expected is not null);
            episodes += detection.Episodes.Count;
            told += detection.Episodes.Count(episode => Math.Abs((decimal)(amounts[episode.First..(episode.Last + 1)].Sum() - episode.Expected.Sum())) >= minImpact);
            ours += Alarms(detection).Count;
            theirs += RollingMean.Alarms(amounts).Count;
            if (rank < MostServices && amounts.Sum() > 0)
            {
                injected += Inject(amounts, table.FirstDay.DayNumber, found, foundByMean);
            }
        }
        double share(int count) => judged == 0 ? 0 : count / (double)judged;
        DetectorResult[] detectors =
        [
            new("plumb", ours, share(ours), injected, found[0], found[1], found[2]),
            new("mean of 7 days + 2σ", theirs, share(theirs), injected, foundByMean[0], foundByMean[1], foundByMean[2]),
        ];
        return new BacktestResult(Report(table, judged, episodes, share(ours), startedAt, time.GetUtcNow()), services.Count, judged, episodes, told, detectors);
    }

    /// <summary>The days of all episodes from the one that gave them away.</summary>
    public static IReadOnlySet<int> Alarms(Detection detection) =>
        detection.Episodes.SelectMany(episode => Enumerable.Range(episode.Detected, episode.Last - episode.Detected + 1)).ToHashSet();

    private static int Inject(double[] amounts, int firstDay, int[] found, int[] foundByMean)
    {
        // With eight weeks of past where there are so many, else with two thirds of what there is, but not with less than four weeks.
        var past = Math.Max(28, Math.Min(Baseline.WindowDays, amounts.Length * 2 / 3));
        var room = amounts.Length - past - RampDays;
        var count = Math.Clamp(room, 0, InjectionsPerService);
        for (var i = 0; i < count; i++)
        {
            var at = past + (i * room / count);
            Try(amounts, firstDay, at, 0, 0, _ => Spike, found, foundByMean);
            Try(amounts, firstDay, at, 1, 1, _ => Step, found, foundByMean);
            Try(amounts, firstDay, at, RampDays, 2, day => Math.Pow(Ramp, day - at + 1), found, foundByMean);
        }
        return count;
    }

    private static void Try(double[] amounts, int firstDay, int at, int within, int kind, Func<int, double> factor, int[] found, int[] foundByMean)
    {
        var changed = amounts[..(at + within + 1)];
        for (var day = at; day < changed.Length; day++)
        {
            changed[day] *= factor(day);
        }
        found[kind] += Alarms(EpisodeDetector.Find(changed, firstDay)).Any(day => day >= at) ? 1 : 0;
        foundByMean[kind] += RollingMean.Alarms(changed).Any(day => day >= at) ? 1 : 0;
    }

    private static CheckReport Report(SpendTable table, int judged, int episodes, double share, DateTimeOffset startedAt, DateTimeOffset now)
    {
        var summary = judged == 0
            ? $"{table.Days} days of {table.Source} are too few: a service is judged after {Baseline.FewestDays} days"
            : string.Create(CultureInfo.InvariantCulture, $"{episodes} incident{(episodes == 1 ? "" : "s")} in {judged:N0} service-days of {table.Source}; alarm on {share:0.000%} of them");
        return new CheckReport("cost-backtest", judged == 0 ? Outcome.Inconclusive : Outcome.Pass, summary, startedAt, now, [],
            [
                "Nobody has said which of the past's alarms were right: the share of alarm days is the most that the false alarms can be.",
                "A fault that is put into a day of a real incident is found because of that incident.",
                "Injected faults are clean: a factor on whole days. Real ones begin at noon.",
            ],
            judged == 0 ? "Whether to give a longer export." : "Whether these incidents are ones that you would have wanted to hear of; if they are too small, raise --min-impact.");
    }
}
