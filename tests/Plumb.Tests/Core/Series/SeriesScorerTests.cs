using Plumb.Core.Series;
using Xunit;

namespace Plumb.Tests.Core.Series;

public sealed class SeriesScorerTests
{
    /// <summary>A day of 144 rows, a little noise, and from row 2000 on a fault.</summary>
    private static double[] Daily(int rows, int seed = 1, Func<int, double, double>? fault = null)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows).Select(row =>
        {
            var value = 100 + (20 * Math.Sin(row * Math.Tau / 144)) + (4 * (random.NextDouble() - 0.5));
            return fault is null || row < 2000 ? value : fault(row, value);
        })];
    }

    private static double[] Scores(double[] values)
    {
        var scorer = new SeriesScorer();
        return [.. values.Select(scorer.Next)];
    }

    [Fact]
    public void Cutting_the_future_off_changes_no_score_of_the_past()
    {
        var values = Daily(3000, fault: (row, value) => row % 97 == 0 ? value * 3 : value);
        var whole = Scores(values);
        foreach (var cut in new[] { 1, 31, 500, 1999, 2001, 2750 })
        {
            Assert.Equal(whole[..cut].Select(BitConverter.DoubleToInt64Bits), Scores(values[..cut]).Select(BitConverter.DoubleToInt64Bits));
        }
    }

    [Fact]
    public void A_series_that_never_moves_never_scores() => Assert.All(Scores([.. Enumerable.Repeat(42.0, 3000)]), score => Assert.Equal(0, score));

    [Fact]
    public void Less_than_one_row_in_a_thousand_of_quiet_series_scores()
    {
        var scores = Enumerable.Range(1, 5).SelectMany(seed => Scores(Daily(3000, seed))[750..]).ToArray();
        Assert.True(scores.Count(score => score >= SeriesScorer.Threshold) < scores.Length / 1000.0);
    }

    [Fact]
    public void A_spike_a_step_and_a_stop_score_when_they_begin_and_then_are_quiet()
    {
        Func<int, double, double>[] faults = [(row, value) => row < 2003 ? value * 4 : value, (_, value) => value + 150, (_, _) => 0];
        foreach (var fault in faults)
        {
            var scores = Scores(Daily(2150, fault: fault));
            var loud = Enumerable.Range(750, 1400).Where(row => scores[row] >= SeriesScorer.Threshold).ToArray();
            Assert.NotEmpty(loud);
            Assert.Equal(2000, loud[0]);
            Assert.True(loud.Length <= 4, $"{loud.Length} alarms for one incident");
        }
    }

    [Fact]
    public void The_unit_of_the_values_makes_no_difference()
    {
        var values = Daily(2500, fault: (row, value) => row == 2100 ? value * 2 : value);
        var (one, thousand) = (Scores(values), Scores([.. values.Select(value => value * 1024)]));
        Assert.All(one.Zip(thousand), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void A_value_that_is_no_number_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new SeriesScorer().Next(double.NaN));
}
