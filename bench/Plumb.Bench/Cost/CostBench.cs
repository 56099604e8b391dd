using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cost.Backtesting;
using Plumb.Cost.Detecting;

namespace Plumb.Bench.Cost;

/// <summary>bench/run cost [--quick] [--nab DIRECTORY]: the detectors on simulated bills, the series scorer on NAB, and a million FOCUS rows beside DuckDB.</summary>
internal static class CostBench
{
    private static readonly (string Name, Detector Detector)[] Detectors =
    [
        ("plumb", (amounts, firstDay) => Backtest.Alarms(EpisodeDetector.Find(amounts, firstDay))),
        ("mean of 7 days + 2σ", (amounts, _) => RollingMean.Alarms(amounts)),
    ];

    /// <summary>One of the seeds that the detector was tuned with; what it finds on others, the hold-out says.</summary>
    private const int TunedSeed = 2026;

    public static async Task<JsonObject> RunAsync(string root, string program, string[] args, Action<string> say)
    {
        var (quick, nab) = (args.Contains("--quick"), After(args, "--nab"));
        if (After(args, "--hold-out") is { } seeds)
        {
            return HoldOut.Run(seeds, nab, say);
        }
        var measured = new JsonObject { ["simulation"] = Simulate(quick ? 100 : 1000, TunedSeed, say) };
        if (nab is null)
        {
            say("NAB is left out: give its data with --nab DIRECTORY (combined_windows.json and data/)");
        }
        else
        {
            var (series, best, threshold, shipped) = NabScore.Of(nab);
            measured["nab"] = new JsonObject { ["series"] = series, ["standardBest"] = best, ["bestThreshold"] = threshold, ["standardAtShippedThreshold"] = shipped };
            say($"NAB, {series} series: {best} at its best threshold {threshold}, {shipped} at the one that ships");
        }
        measured["rows"] = await RowsAsync(root, program, quick, say);
        return measured;
    }

    private static string? After(string[] args, string option) => Array.IndexOf(args, option) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

    internal static JsonArray Simulate(int series, int seed, Action<string> say)
    {
        var rows = Background.All.SelectMany(background => Detectors.Select(detector => (background, detector))).AsParallel().AsOrdered()
            .Select(one => Simulation.Run(one.background, one.detector.Name, one.detector.Detector, series, seed)).ToArray();
        foreach (var row in rows)
        {
            say(string.Create(CultureInfo.InvariantCulture,
                $"seed {seed}: {row.Background,-22} {row.Detector,-20} false alarms {row.FalseAlarms:0.000%}, 1.5x spike that day {row.SpikesSameDay:0.0%}, +30% step in a day {row.StepsWithinADay:0.0%}, 5%/day ramp in 4 days {row.RampsWithinFourDays:0.0%} (median {row.RampDays})"));
        }
        return [.. rows.Select(row => (JsonNode)new JsonObject
        {
            ["background"] = row.Background, ["detector"] = row.Detector, ["series"] = series, ["falseAlarmShare"] = Math.Round(row.FalseAlarms, 6), ["spikesThatDay"] = row.SpikesSameDay,
            ["stepsWithinADay"] = row.StepsWithinADay, ["rampsWithinFourDays"] = row.RampsWithinFourDays, ["rampMedianDays"] = row.RampDays < int.MaxValue ? row.RampDays : null,
        })];
    }

    private static async Task<JsonObject> RowsAsync(string root, string program, bool quick, Action<string> say)
    {
        var (rows, runs, directory) = (1_000_000, quick ? 3 : 9, Directory.CreateTempSubdirectory("plumb-bench-cost"));
        try
        {
            var file = Path.Combine(directory.FullName, "focus.csv");
            FocusFile.Write(file, rows);
            var (ours, duck, memory) = (new List<double>(), new List<double>(), new List<double>());
            for (var run = 0; run <= runs; run++)
            {
                // The first of each is the warm-up.
                var (ms, _, peak) = await TimeAsync(program, ["cost", "--from", file, "-o", "json"], new() { ["PLUMB_HOME"] = directory.FullName });
                var (_, said, _) = await TimeAsync("node", [Path.Combine(root, "bench", "peers", "duckdb-group.mjs"), file], []);
                if (run > 0)
                {
                    ours.Add(ms);
                    memory.Add(peak);
                    duck.Add(double.Parse(said.Trim(), CultureInfo.InvariantCulture));
                }
            }
            var (oursMs, duckMs) = (Median(ours), Median(duck));
            say(string.Create(CultureInfo.InvariantCulture,
                $"{rows} FOCUS rows, {new FileInfo(file).Length >> 20} MiB: plumb cost {oursMs:0} ms (whole process), DuckDB's group-by {duckMs:0} ms (query only): {oursMs / duckMs:0.00}x; peak memory {memory.Max():0} MiB"));
            return new JsonObject
            {
                ["rows"] = rows, ["bytes"] = new FileInfo(file).Length, ["plumbMs"] = Values(ours), ["duckdbMs"] = Values(duck), ["plumbMedianMs"] = oursMs, ["duckdbMedianMs"] = duckMs,
                ["ratio"] = Math.Round(oursMs / duckMs, 2), ["plumbPeakMiB"] = memory.Max(),
            };
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<(double Ms, string Output, double PeakMiB)> TimeAsync(string program, string[] args, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var reading = process.StandardOutput.ReadToEndAsync();
        var peak = 0.0;
        while (!process.HasExited)
        {
            try
            {
                peak = Math.Max(peak, ProcessUse.ResidentMiB(process.Id));
            }
            catch (Exception error) when (error is IOException or InvalidOperationException)
            {
                // It ended in between.
            }
            await Task.WhenAny(process.WaitForExitAsync(), Task.Delay(20));
        }
        var ms = clock.Elapsed.TotalMilliseconds;
        return process.ExitCode is 0 or 1 ? (Math.Round(ms, 1), await reading, peak) : throw new InvalidOperationException($"{program} {string.Join(' ', args)} ended with {process.ExitCode}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static JsonArray Values(List<double> values) => [.. values.Select(value => (JsonNode)value)];
}
