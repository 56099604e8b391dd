using System.Globalization;
using System.Runtime.CompilerServices;
using Plumb.Core;
using Plumb.Core.Series;

namespace Plumb.Cost.Scoring;

/// <summary>One row of a series with its score.</summary>
/// <param name="Timestamp">As the file has it; the score does not depend on it.</param>
/// <param name="Score">0 to 1, see <see cref="SeriesScorer"/>.</param>
public readonly record struct ScoredRow(string Timestamp, double Score);

/// <summary>Scores a CSV with the columns timestamp and value, row by row as it is read.</summary>
public static class ScoredSeries
{
    /// <summary>The scored rows. The first problem ends them: what stands before it was scored, what comes after was not.</summary>
    /// <param name="name">What the problem calls the source: a path, or standard input.</param>
    public static async IAsyncEnumerable<Result<ScoredRow>> ScoreAsync(TextReader reader, string name, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var header = (await reader.ReadLineAsync(cancellation))?.TrimStart('\uFEFF').TrimEnd().Split(',');
        var (timestamp, value) = (Column(header, "timestamp"), Column(header, "value"));
        if (header is null || timestamp < 0 || value < 0)
        {
            yield return new Problem($"{name}:1: the columns timestamp and value are needed; the header is '{string.Join(',', header ?? [])}'", "Give a CSV with a header that names both");
            yield break;
        }
        var scorer = new SeriesScorer();
        for (var line = 2; await reader.ReadLineAsync(cancellation) is { } text; line++)
        {
            if (text.Length == 0)
            {
                continue;
            }
            var cells = text.Split(',');
            if (cells.Length <= Math.Max(timestamp, value)
                || !double.TryParse(cells[value].Trim().Trim('"'), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            {
                yield return new Problem($"{name}:{line}: there is no number in the column value: '{text}'", "Every row of a regular series has a value; put the missing one in, or leave the row out");
                yield break;
            }
            yield return new ScoredRow(cells[timestamp], scorer.Next(number));
        }
    }

    private static int Column(string[]? header, string name) =>
        Array.FindIndex(header ?? [], column => column.Trim().Trim('"').Equals(name, StringComparison.OrdinalIgnoreCase));
}
