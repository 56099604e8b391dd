using System.Globalization;
using System.Text.Json;
using Plumb.Core.Series;

namespace Plumb.Bench.Cost;

/// <summary>
/// The score of the Numenta Anomaly Benchmark, standard profile (https://github.com/numenta/NAB): a window that is found counts more the earlier it is found, an
/// alarm outside costs 0.11, a missed window 1; 100 is perfect, 0 says nothing at all.
/// </summary>
internal static class NabScore
{
    private const double FalsePositive = 0.11;
    private const double Probation = 0.15;
    private const double ProbationRows = 750;

    /// <summary>One row of a series after its probation.</summary>
    /// <param name="Window">The number of its window among those of the series; −1 outside.</param>
    internal sealed record Row(double Score, int Window, double Weight);

    /// <param name="Name">CATEGORY/SERIES.csv.</param>
    internal sealed record Series(string Name, double[] Values, string[] Stamps, (string Start, string End)[] Windows)
    {
        public string Category => Name[..Name.IndexOf('/', StringComparison.Ordinal)];
    }

    /// <param name="directory">Holds combined_windows.json and data/CATEGORY/SERIES.csv.</param>
    /// <returns>Series, the best score with its threshold, and the score at the threshold that ships.</returns>
    public static (int Series, double Best, double At, double AtShipped) Of(string directory)
    {
        var all = Load(directory);
        var rows = all.Select(series =>
        {
            var scorer = new SeriesScorer();
            return (Rows(series, Array.ConvertAll(series.Values, scorer.Next)), series.Windows.Length);
        }).ToArray();
        var (best, at) = Best(rows);
        var windows = all.Sum(series => series.Windows.Length);
        return (all.Count, Normal(best, windows), Math.Round(at, 6), Normal(At(rows, SeriesScorer.Threshold), windows));
    }

    public static IReadOnlyList<Series> Load(string directory)
    {
        using var windows = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "combined_windows.json")));
        return
        [
            .. windows.RootElement.EnumerateObject().Select(one =>
            {
                var lines = File.ReadLines(Path.Combine(directory, "data", one.Name)).Skip(1).Where(line => line.Length > 0).Select(line => line.Split(',')).ToArray();
                return new Series(one.Name, Array.ConvertAll(lines, line => double.Parse(line[1], CultureInfo.InvariantCulture)), Array.ConvertAll(lines, line => line[0][..19]),
                    [.. one.Value.EnumerateArray().Select(window => (window[0].GetString()![..19], window[1].GetString()![..19]))]);
            }),
        ];
    }

    /// <summary>0 is what saying nothing at all scores, 100 is perfect.</summary>
    public static double Normal(double raw, int windows) => Math.Round(100 * (raw + windows) / (2 * windows), 2);

    /// <summary>The raw score when all that scores at least so much is an alarm.</summary>
    public static double At(IEnumerable<(Row[] Rows, int Windows)> series, double threshold) =>
        series.Sum(one => Walk([.. one.Rows.Where(row => row.Score >= threshold).OrderByDescending(row => row.Score)], one.Windows).LastOrDefault((double.NaN, -one.Windows)).Total);

    /// <summary>The greatest raw score that one threshold for all reaches.</summary>
    public static (double Raw, double Threshold) Best(IReadOnlyList<(Row[] Rows, int Windows)> series)
    {
        // Window numbers are those of the series: put one behind the other they are those of all.
        var (rows, windows) = (new List<Row>(), 0);
        foreach (var (own, count) in series)
        {
            rows.AddRange(own.Select(row => row.Window < 0 ? row : row with { Window = windows + row.Window }));
            windows += count;
        }
        rows.Sort((a, b) => b.Score.CompareTo(a.Score));
        var (best, at) = (-(double)windows, double.PositiveInfinity);
        foreach (var (score, total) in Walk(rows, windows))
        {
            (best, at) = total > best ? (total, score) : (best, at);
        }
        return (best, at);
    }

    /// <summary>Lowers the threshold from row to row: the raw score at each.</summary>
    private static IEnumerable<(double Score, double Total)> Walk(List<Row> rows, int windows)
    {
        var found = Enumerable.Repeat(-1.0, windows).ToArray();
        var total = -(double)windows;
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            if (row.Window < 0)
            {
                total += row.Weight * FalsePositive;
            }
            else if (row.Weight > found[row.Window])
            {
                (total, found[row.Window]) = (total + row.Weight - found[row.Window], row.Weight);
            }
            if (i + 1 == rows.Count || rows[i + 1].Score != row.Score)
            {
                yield return (row.Score, total);
            }
        }
    }

    public static Row[] Rows(Series series, double[] scores)
    {
        var (stamps, windows, rows) = (series.Stamps, series.Windows, new List<Row>());
        var (next, current, end, width, lastEnd, lastWidth) = (0, -1, 0, 0, -1, 0);
        for (var row = 0; row < scores.Length; row++)
        {
            if (next < windows.Length && stamps[row] == windows[next].Start)
            {
                current = next++;
                end = Array.IndexOf(stamps, windows[current].End);
                width = end - Array.IndexOf(stamps, windows[current].Start) + 1;
            }
            if (row >= Math.Min(Math.Floor(Probation * scores.Length), ProbationRows))
            {
                rows.Add(current >= 0
                    ? new Row(scores[row], current, Sigmoid(-(end - row + 1) / (double)width) / Sigmoid(-1))
                    : new Row(scores[row], -1, lastEnd < 0 ? -1 : Sigmoid(Math.Abs(lastEnd - row) / (double)(lastWidth - 1))));
            }
            if (current >= 0 && stamps[row] == windows[current].End)
            {
                (lastEnd, lastWidth, current) = (end, width, -1);
            }
        }
        return [.. rows];
    }

    private static double Sigmoid(double position) => position > 3 ? -1 : (2 / (1 + Math.Exp(5 * position))) - 1;
}
