using Plumb.Bench.Cost;
using Plumb.Cost.Backtesting;
using Plumb.Cost.Detecting;
using Xunit;

namespace Plumb.Tests.Cost;

/// <summary>The full table with its sizes is a benchmark (bench/run cost); these hold its shape on fewer series.</summary>
public sealed class DetectorTests
{
    /// <summary>A Monday.</summary>
    private const int Monday = 739_200;
    private const int Past = 60;

    private static readonly Detector Ours = (amounts, firstDay) => Backtest.Alarms(EpisodeDetector.Find(amounts, firstDay));
    private static readonly Detector Usual = (amounts, _) => RollingMean.Alarms(amounts);

    private static double[] Flat(int days, double amount) => [.. Enumerable.Repeat(amount, days)];

    private static double[] With(double[] amounts, int at, params double[] then)
    {
        then.CopyTo(amounts, at);
        return amounts;
    }

    private static IReadOnlyList<Episode> Find(double[] amounts) => EpisodeDetector.Find(amounts, Monday).Episodes;

    public static TheoryData<int> Backgrounds => [.. Enumerable.Range(0, Background.All.Length)];

    [Theory]
    [MemberData(nameof(Backgrounds))]
    public void Spikes_steps_and_ramps_are_found_in_time_and_quiet_days_are_quiet(int background)
    {
        var row = Simulation.Run(Background.All[background], "plumb", Ours, series: 40, seed: 7);
        Assert.True(row.FalseAlarms <= 0.002, $"{row}");
        Assert.True(row.SpikesSameDay >= 0.9, $"{row}");
        Assert.True(row.StepsWithinADay >= 0.9, $"{row}");
        Assert.True(row.RampDays <= 4, $"{row}");
    }

    [Fact]
    public void The_usual_script_alarms_on_quiet_days_and_misses_spikes_where_weekends_dip()
    {
        var (flat, dip) = (Simulation.Run(Background.All[0], "mean + 2σ", Usual, series: 40, seed: 7), Simulation.Run(Background.All[2], "mean + 2σ", Usual, series: 40, seed: 7));
        Assert.True(flat.FalseAlarms > 0.01, $"{flat}");
        Assert.True(dip.SpikesSameDay < 0.8 && dip.RampsWithinFourDays < 0.5, $"{dip}");
    }

    [Fact]
    public void The_future_changes_nothing_that_was_said_about_the_past()
    {
        var amounts = With(Background.All[1].Days(120, 5, Monday), 80, 900, 950, 1000);
        var whole = EpisodeDetector.Find(amounts, Monday);
        var cut = EpisodeDetector.Find(amounts[..100], Monday);
        Assert.Equal(whole.Expected.Take(100), cut.Expected);
        Assert.Equal(whole.Episodes.Where(episode => episode.Detected < 100).Select(episode => episode.Detected), cut.Episodes.Select(episode => episode.Detected));
    }

    [Fact]
    public void A_cent_on_a_service_that_never_moved_is_no_anomaly() => Assert.Empty(Find(With(Flat(Past + 1, 1.00), Past, 1.01)));

    [Fact]
    public void Something_from_nothing_is_a_new_service()
    {
        var found = Assert.Single(Find(With(Flat(Past + 2, 0), Past, 500, 500)));
        Assert.Equal((EpisodeKind.New, Past, true), (found.Kind, found.First, found.IsOpen));
    }

    [Fact]
    public void A_service_that_costs_nothing_any_more_has_stopped() => Assert.Equal(EpisodeKind.Stopped, Assert.Single(Find(With(Flat(Past + 2, 20), Past, 0, 0))).Kind);

    [Fact]
    public void Half_the_spend_is_a_drop() => Assert.Equal(EpisodeKind.Drop, Assert.Single(Find(With(Flat(Past + 2, 20), Past, 10, 10))).Kind);

    [Fact]
    public void An_anomaly_does_not_hide_the_next_one()
    {
        var found = Find(With(Flat(Past + 3, 20), Past, 200, 20, 45));
        Assert.Equal([Past, Past + 2], found.Select(episode => episode.First));
        Assert.All(found, episode => Assert.Equal(EpisodeKind.Spike, episode.Kind));
        Assert.False(found[0].IsOpen);
    }

    [Fact]
    public void A_step_is_one_episode_and_after_three_weeks_the_new_normal()
    {
        var amounts = Flat(Past + 60, 20);
        amounts.AsSpan(Past).Fill(40);
        var found = Assert.Single(Find(amounts));
        Assert.Equal((EpisodeKind.Step, Past, false), (found.Kind, found.First, found.IsOpen));
        Assert.Equal(EpisodeDetector.AdoptAfterDays, found.Last - found.First + 1);
    }

    [Fact]
    public void A_ramp_is_one_episode_from_near_its_beginning()
    {
        var amounts = Flat(Past + 10, 20);
        for (var day = 0; day < 10; day++)
        {
            amounts[Past + day] *= Math.Pow(1.05, day + 1);
        }
        var found = Assert.Single(Find(amounts));
        Assert.Equal(EpisodeKind.Ramp, found.Kind);
        Assert.InRange(found.First, Past, Past + 2);
        Assert.True(found.IsOpen);
    }

    [Fact]
    public void A_fee_on_the_first_of_the_month_is_expected_the_second_time()
    {
        var first = new DateOnly(2026, 1, 5).DayNumber;
        var amounts = Flat(150, 10);
        for (var day = 0; day < amounts.Length; day++)
        {
            amounts[day] += DateOnly.FromDayNumber(first + day).Day == 1 ? 90 : 0;
        }
        var found = EpisodeDetector.Find(amounts, first).Episodes;
        Assert.Equal(new DateOnly(2026, 2, 1), DateOnly.FromDayNumber(first + Assert.Single(found).First));
    }

    [Fact]
    public void A_service_that_is_used_now_and_then_may_be()
    {
        var amounts = Flat(120, 0);
        for (var day = 0; day < amounts.Length; day += 3)
        {
            amounts[day] = 10 + (day % 7);
        }
        Assert.DoesNotContain(Find(amounts), episode => episode.First > 30);
    }

    [Fact]
    public void Less_than_two_weeks_are_not_judged() => Assert.All(EpisodeDetector.Find(With(Flat(14, 5), 13, 500), Monday).Expected, Assert.Null);
}
