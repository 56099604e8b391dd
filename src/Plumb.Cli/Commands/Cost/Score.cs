using System.CommandLine;
using System.Globalization;
using Plumb.Cli.Cost;
using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Cost.Scoring;

namespace Plumb.Cli.Commands.Cost;

internal sealed class Score : CliCommand
{
    private readonly Option<string> _from = new("--from") { Description = "a CSV with the columns timestamp and value, also gzipped; - is standard input", Required = true, HelpName = "FILE" };

    public override string Name => "score";

    public override string Summary => "score each value of any regular series, 0 to 1, as it comes";

    public override string Description =>
        "Reads a CSV with the columns timestamp and value and writes timestamp,anomaly_score as it reads. A score knows the past only: cutting the file off changes no "
        + "score before the cut. 0.5 and more is worth a look; an incident scores once, when it begins. The series may be of anything and in any unit, "
        + "but its rows have to be equally far apart.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb cost score --from series.csv", "timestamp,anomaly_score for each row"),
        new("plumb cost score --from - < series.csv", "the same, from a pipe"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => [(0, "every row was scored"), (2, "bad usage, or a row that could not be read: the rows before it were scored"), (3, "there was no row to score")];

    public override IReadOnlyList<Option> Options => [_from];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var from = call.Get(_from)!;
        var opened = InputFile.Open(from);
        if (!opened.IsOk)
        {
            return call.Fail(opened.Problem);
        }
        using var reader = new StreamReader(opened.Value);
        var rows = 0;
        try
        {
            await foreach (var row in ScoredSeries.ScoreAsync(reader, from == "-" ? "standard input" : from, cancellation))
            {
                if (!row.IsOk)
                {
                    return call.Fail(row.Problem);
                }
                Write(call, row.Value, isFirst: rows++ == 0);
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            return call.Fail(new Problem($"{from}: the file ends in the middle or is damaged, after {rows} rows: {error.Message.TrimEnd('.')}", "Fetch it again"));
        }
        if (rows == 0)
        {
            call.Terminal.Problem(new Problem($"{from}: there is no row to score", "A series begins after the header line"));
            return ExitCode.Inconclusive;
        }
        return ExitCode.Pass;
    }

    private static void Write(Invocation call, ScoredRow row, bool isFirst)
    {
        var score = row.Score.ToString("0.######", CultureInfo.InvariantCulture);
        if (call.Json)
        {
            // One object a line: a document could only be written at the end of a stream that may have none.
            call.Terminal.Line($"{{\"timestamp\":\"{System.Text.Json.JsonEncodedText.Encode(row.Timestamp)}\",\"anomalyScore\":{score}}}");
            return;
        }
        if (isFirst)
        {
            call.Terminal.Line("timestamp,anomaly_score");
        }
        call.Terminal.Line($"{row.Timestamp},{score}");
    }
}
