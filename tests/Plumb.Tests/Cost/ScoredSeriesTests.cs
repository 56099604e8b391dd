using Plumb.Cost.Scoring;
using Xunit;

namespace Plumb.Tests.Cost;

public sealed class ScoredSeriesTests
{
    private static async Task<(List<ScoredRow> Rows, string? Problem)> ScoreAsync(string text)
    {
        var rows = new List<ScoredRow>();
        using var reader = new StringReader(text);
        await foreach (var row in ScoredSeries.ScoreAsync(reader, "s.csv", TestContext.Current.CancellationToken))
        {
            if (!row.IsOk)
            {
                return (rows, row.Problem.What);
            }
            rows.Add(row.Value);
        }
        return (rows, null);
    }

    [Fact]
    public async Task Columns_are_found_by_name_in_any_order()
    {
        var (rows, problem) = await ScoreAsync("value,note,timestamp\n1,x,2026-01-01 00:00\n2,y,2026-01-01 00:05\n");
        Assert.Null(problem);
        Assert.Equal(["2026-01-01 00:00", "2026-01-01 00:05"], rows.Select(row => row.Timestamp));
    }

    [Theory]
    [InlineData("", "s.csv:1:")]
    [InlineData("time,cost\n", "s.csv:1:")]
    [InlineData("timestamp,value\na,1\nb,\n", "s.csv:3:")]
    [InlineData("timestamp,value\na,1\nb,NaN\n", "s.csv:3:")]
    [InlineData("timestamp,value\na,1\nb\n", "s.csv:3:")]
    public async Task What_cannot_be_read_is_named_with_its_line(string text, string where)
    {
        var (_, problem) = await ScoreAsync(text);
        Assert.StartsWith(where, problem, StringComparison.Ordinal);
    }
}
