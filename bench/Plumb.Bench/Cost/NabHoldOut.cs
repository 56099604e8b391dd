using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core.Series;

namespace Plumb.Bench.Cost;

/// <summary>
/// NAB with each category left out in turn. First only the threshold is learnt from the others; then the weights of the views too, by a search that begins with equal
/// weights and knows nothing of those that ship. What views there are, and their windows, were chosen on all series; that no hold-out mends.
/// </summary>
internal static class NabHoldOut
{
    private const int Rounds = 2;
    private static readonly double[] Factors = [0.25, 0.5, 0.75, 1.25, 1.5, 2];

    /// <summary>A series with the surprises of its views, row by row: weights change what becomes of them, not what they are.</summary>
    private sealed record Seen(NabScore.Series Series, double[] Surprises)
    {
        public (NabScore.Row[] Rows, int Windows) Score(double[] weights)
        {
            var scorer = new SeriesScorer(weights);
            var scores = new double[Series.Values.Length];
            for (var row = 0; row < scores.Length; row++)
            {
                scores[row] = scorer.Combine(Surprises.AsSpan(row * SeriesScorer.Views, SeriesScorer.Views));
            }
            return (NabScore.Rows(Series, scores), Series.Windows.Length);
        }
    }

    public static JsonObject Of(string directory, Action<string> say)
    {
        var all = NabScore.Load(directory).AsParallel().AsOrdered().Select(See).ToArray();
        var windows = all.Sum(seen => seen.Series.Windows.Length);
        var (byThreshold, byWeights, untuned, shipped, categories) = (0.0, 0.0, 0.0, 0.0, new JsonArray());
        foreach (var category in all.Select(seen => seen.Series.Category).Distinct().ToArray())
        {
            Seen[] left = [.. all.Where(seen => seen.Series.Category == category)], others = [.. all.Where(seen => seen.Series.Category != category)];
            var own = left.Sum(seen => seen.Series.Windows.Length);
            var atShipped = NabScore.At(Score(left, Shipped), SeriesScorer.Threshold);
            var atLearnt = NabScore.At(Score(left, Shipped), NabScore.Best(Score(others, Shipped)).Threshold);
            var atEqual = NabScore.At(Score(left, Equal), NabScore.Best(Score(others, Equal)).Threshold);
            var weights = Learn(others);
            var threshold = NabScore.Best(Score(others, weights)).Threshold;
            var allLearnt = NabScore.At(Score(left, weights), threshold);
            (shipped, byThreshold, untuned, byWeights) = (shipped + atShipped, byThreshold + atLearnt, untuned + atEqual, byWeights + allLearnt);
            categories.Add((JsonNode)new JsonObject
            {
                ["leftOut"] = category, ["series"] = left.Length, ["windows"] = own, ["shipped"] = Of(atShipped, own), ["thresholdOfTheOthers"] = Of(atLearnt, own),
                ["equalWeightsThresholdOfTheOthers"] = Of(atEqual, own),
                ["weightsAndThresholdOfTheOthers"] = Of(allLearnt, own), ["weights"] = new JsonArray([.. weights.Select(weight => (JsonNode)Math.Round(weight, 4))]),
            });
            say(string.Create(CultureInfo.InvariantCulture, $"NAB without {category}: {Of(atLearnt, own)} with the others' threshold, {Of(atEqual, own)} with equal weights, {Of(allLearnt, own)} with the others' weights"));
        }
        say(string.Create(CultureInfo.InvariantCulture,
            $"NAB held out, all: shipped {NabScore.Normal(shipped, windows)}, threshold {NabScore.Normal(byThreshold, windows)}, equal weights {NabScore.Normal(untuned, windows)}, weights and threshold {NabScore.Normal(byWeights, windows)}"));
        return new JsonObject
        {
            ["shippedInSample"] = NabScore.Normal(shipped, windows), ["thresholdHeldOut"] = NabScore.Normal(byThreshold, windows),
            ["equalWeightsThresholdHeldOut"] = NabScore.Normal(untuned, windows), ["weightsAndThresholdHeldOut"] = NabScore.Normal(byWeights, windows), ["categories"] = categories,
        };
    }

    /// <summary>Null for a category without a window: there is nothing to find, only false alarms, and no scale to put them on.</summary>
    private static JsonNode? Of(double raw, int windows) => windows == 0 ? null : NabScore.Normal(raw, windows);

    private static double[] Equal => [.. Enumerable.Repeat(1.0, SeriesScorer.Views)];

    private static double[] Shipped => SeriesScorer.ShippedWeights;

    private static (NabScore.Row[], int)[] Score(Seen[] series, double[] weights) => [.. series.AsParallel().AsOrdered().Select(seen => seen.Score(weights))];

    private static Seen See(NabScore.Series series)
    {
        var scorer = new SeriesScorer();
        var surprises = new double[series.Values.Length * SeriesScorer.Views];
        for (var row = 0; row < series.Values.Length; row++)
        {
            scorer.Surprises(series.Values[row], surprises.AsSpan(row * SeriesScorer.Views, SeriesScorer.Views));
        }
        return new Seen(series, surprises);
    }

    /// <summary>One weight after the other, the best of a few factors each, some rounds.</summary>
    private static double[] Learn(Seen[] series)
    {
        var weights = Equal;
        var best = NabScore.Best(Score(series, weights)).Raw;
        for (var change = 0; change < Rounds * weights.Length; change++)
        {
            var (view, kept) = (change % weights.Length, weights[change % weights.Length]);
            foreach (var factor in Factors)
            {
                double[] tried = [.. weights];
                tried[view] = kept * factor;
                if (NabScore.Best(Score(series, tried)).Raw is var raw && raw > best)
                {
                    (best, weights) = (raw, tried);
                }
            }
        }
        return weights;
    }
}
