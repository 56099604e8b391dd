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

    private sealed record Row(double Score, int Window, double Weight);

    /// <param name="directory">Holds combined_windows.json and data/CATEGORY/SERIES.csv.</param>
    /// <returns>Series, the best score with its threshold, and the score at the threshold that ships.</returns>
    public static (int Series, double Best, double At, double AtShipped) Of(string directory)
    {
        using var windows = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "combined_windows.json")));
        var (rows, count, series) = (new List<Row>(), 0, 0);
        foreach (var one in windows.RootElement.EnumerateObject())
        {
            (string, string)[] own = [.. one.Value.EnumerateArray().Select(window => (window[0].GetString()![..19], window[1].GetString()![..19]))];
            rows.AddRange(Rows(Path.Combine(directory, "data", one.Name), own, count));
            (count, series) = (count + own.Length, series + 1);
        }
        rows.Sort((a, b) => b.Score.CompareTo(a.Score));
        var found = Enumerable.Repeat(-1.0, count).ToArray();
        double total = -count, best = total, at = double.NaN;
        double? shipped = null;
        for (var i = 0; i < rows.Count; i++)
        {
            if (i > 0 && rows[i].Score != rows[i - 1].Score)
            {
                (best, at) = total > best ? (total, rows[i - 1].Score) : (best, at);
                shipped ??= rows[i].Score < SeriesScorer.Threshold ? total : null;
            }
            var row = rows[i];
            if (row.Window < 0)
            {
                total += row.Weight * FalsePositive;
            }
            else if (row.Weight > found[row.Window])
            {
                (total, found[row.Window]) = (total + row.Weight - found[row.Window], row.Weight);
            }
        }
        double normal(double value) => Math.Round(100 * (value + count) / (2 * count), 2);
        return (series, normal(best), Math.Round(at, 6), normal(shipped ?? total));
    }

    private static IEnumerable<Row> Rows(string file, (string Start, string End)[] windows, int firstWindow)
    {
        var lines = File.ReadLines(file).Skip(1).Where(line => line.Length > 0).Select(line => line.Split(',')).ToArray();
        var stamps = Array.ConvertAll(lines, line => line[0][..19]);
        var scorer = new SeriesScorer();
        var (next, current, end, width, lastEnd, lastWidth) = (0, -1, 0, 0, -1, 0);
        for (var row = 0; row < lines.Length; row++)
        {
            var score = scorer.Next(double.Parse(lines[row][1], CultureInfo.InvariantCulture));
            if (next < windows.Length && stamps[row] == windows[next].Start)
            {
                current = next++;
                end = Array.IndexOf(stamps, windows[current].End);
                width = end - Array.IndexOf(stamps, windows[current].Start) + 1;
            }
            var item = current >= 0
                ? new Row(score, firstWindow + current, Sigmoid(-(end - row + 1) / (double)width) / Sigmoid(-1))
                : new Row(score, -1, lastEnd < 0 ? -1 : Sigmoid(Math.Abs(lastEnd - row) / (double)(lastWidth - 1)));
            if (row >= Math.Min(Math.Floor(Probation * lines.Length), ProbationRows))
            {
                yield return item;
            }
            if (current >= 0 && stamps[row] == windows[current].End)
            {
                (lastEnd, lastWidth, current) = (end, width, -1);
            }
        }
    }

    private static double Sigmoid(double position) => position > 3 ? -1 : (2 / (1 + Math.Exp(5 * position))) - 1;
}
