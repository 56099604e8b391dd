using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cli.Cost;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Cost.Backtesting;
using Plumb.Cost.Judging;

namespace Plumb.Cli.Commands.Cost;

internal sealed class Backtest : CliCommand
{
    private readonly CostSourceOptions _source = new();

    public override string Name => "backtest";

    public override string Summary => "say how the detector would have done on your own bill's past";

    public override string Description =>
        "Walks through the bill day by day, knowing on each only the days before, and counts the alarms: that share of service-days is the most that false alarms can be. Then it puts "
        + "spikes (1.5 times), steps (+30%) and ramps (+5% a day) into copies of the most expensive services, and counts what is found in time. The usual script, mean of seven days + 2σ, stands beside it.";

    public override IReadOnlyList<Example> Examples => [new("plumb cost backtest --from focus.csv", "on an export"), new("plumb cost backtest --sample", "on the made-up account")];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => [(0, "the past was judged"), (2, "error: bad usage, or a bill that could not be read"), (3, "inconclusive: too few days")];

    public override IReadOnlyList<Option> Options => [.. _source.All];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var startedAt = call.Time.GetUtcNow();
        using var source = new CostSource(call, _source.Read(call));
        var table = await source.ReadAsync(cancellation);
        if (!table.IsOk)
        {
            return call.Fail(table.Problem);
        }
        var result = Plumb.Cost.Backtesting.Backtest.Run(table.Value, new CostOptions().MinImpact, startedAt, call.Time, cancellation);
        return call.Answer(result.Report, () => Write(call.Terminal, result), () => call.Terminal.Json(Json(result), CoreJson.Indented.JsonObject));
    }

    private static void Write(Terminal terminal, BacktestResult result)
    {
        terminal.Line($"{terminal.Paint(result.Report.Outcome.Word(), Style.Of(result.Report.Outcome))}  {result.Report.Check}: {result.Report.Summary}");
        terminal.Line();
        var table = new Table("DETECTOR", "ALARM DAYS", "OF SERVICE-DAYS", "1.5x SPIKE THAT DAY", "+30% STEP IN A DAY", "+5%/DAY RAMP IN 4 DAYS");
        foreach (var one in result.Detectors)
        {
            table.Row(one.Detector, $"{one.AlarmDays}", one.AlarmShare.ToString("0.000%", CultureInfo.InvariantCulture), Of(one.Spikes, one), Of(one.Steps, one), Of(one.Ramps, one));
        }
        table.Write(terminal);
        terminal.Line();
        terminal.Line($"{result.Episodes} incident{(result.Episodes == 1 ? "" : "s")}, {result.ToldEpisodes} of them large enough to be told.");
        ReportText.WriteEnd(terminal, result.Report);
    }

    private static string Of(int found, DetectorResult one) => one.Injected == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{found} of {one.Injected}");

    private static JsonObject Json(BacktestResult result)
    {
        var json = JsonSerializer.SerializeToNode(result.Report, CoreJson.Indented.CheckReport)!.AsObject();
        json["backtest"] = new JsonObject
        {
            ["services"] = result.Services,
            ["serviceDays"] = result.ServiceDays,
            ["incidents"] = result.Episodes,
            ["toldIncidents"] = result.ToldEpisodes,
            ["detectors"] = new JsonArray([.. result.Detectors.Select(one => new JsonObject
            {
                ["detector"] = one.Detector, ["alarmDays"] = one.AlarmDays, ["alarmShare"] = Math.Round(one.AlarmShare, 6), ["injected"] = one.Injected,
                ["spikesFound"] = one.Spikes, ["stepsFound"] = one.Steps, ["rampsFound"] = one.Ramps,
            })]),
        };
        return json;
    }
}
