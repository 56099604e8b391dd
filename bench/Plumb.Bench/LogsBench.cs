using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Plumb.Bench;

/// <summary>
/// Logs: one request and all requests over generated files, beside ripgrep, DuckDB, jq and lnav in the same run, interleaved. What is timed is a whole process, from
/// its start to its end, with the files in the page cache.
/// </summary>
internal static class LogsBench
{
    private const long FullMiB = 800;
    private const long QuickMiB = 100;
    private const long HugeMiB = 10_240;
    private const long StrippedMiB = 100;
    private const double LostMails = 0.001;

    /// <summary>lnav indexes all files before it answers; with a format of the lines (peers/lnav) it knows their fields.</summary>
    private const string EveryRequest = ";SELECT count(*) AS requests, sum(lines) AS lines FROM (SELECT count(*) AS lines FROM payments_log WHERE trace_id IS NOT NULL GROUP BY trace_id)";

    /// <param name="args">--quick: a tenth of the data; --huge: also 10 GiB, for the memory.</param>
    public static async Task<int> RunAsync(string root, string[] args)
    {
        foreach (var tool in (string[])["rg", "jq", "lnav", "node"])
        {
            if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool))))
            {
                Console.Error.WriteLine($"'{tool}' is missing: apt-get install ripgrep jq lnav nodejs npm");
                return 2;
            }
        }
        var peers = Path.Combine(root, "bench", "peers");
        if (!Directory.Exists(Path.Combine(peers, "node_modules")) && (await TimeAsync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", peers])).Code != 0)
        {
            Console.Error.WriteLine($"DuckDB is missing: npm install in {peers} failed");
            return 2;
        }
        var quick = args.Contains("--quick");
        var folder = Directory.CreateTempSubdirectory("plumb-bench-logs-").FullName;
        try
        {
            var measured = await MeasureAsync(root, folder, quick ? QuickMiB : FullMiB, quick ? 3 : 7);
            measured["adoption"] = await AdoptionAsync(root, folder, paymentIds: true);
            measured["adoptionWithoutPaymentIds"] = await AdoptionAsync(root, folder, paymentIds: false);
            if (args.Contains("--huge"))
            {
                measured["huge"] = await HugeAsync(root, folder);
            }
            Save(root, quick, measured);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<JsonObject> MeasureAsync(string root, string folder, long mib, int runs)
    {
        var input = new LogInput(1, 0, LostMails);
        var logs = Path.Combine(folder, "logs");
        input.Write(logs, mib << 20);
        var plumb = Path.Combine(root, ".build", "app", "Plumb.Cli");
        string[] files = [.. Directory.GetFiles(logs).Order(StringComparer.Ordinal)];
        (string Name, string Program, string[] Args, int Runs)[] cases =
        [
            ("oneTrace/ripgrep", "rg", ["-N", "--no-filename", input.SampleId, logs], runs),
            ("oneTrace/plumb", plumb, ["logs", "correlate", input.SampleId, logs, "-o", "json"], runs),
            ("allTraces/duckdb", "node", [Path.Combine(root, "bench", "peers", "logs.mjs"), logs], runs),
            ("allTraces/plumb", plumb, ["logs", "traces", logs, "-o", "json"], runs),
            ("allTraces/jq", "jq", ["-c", "-R", "fromjson? | [.trace_id, .timestamp, .service, .event]", .. files], 1),
            ("allTraces/lnav", "lnav", ["-I", Path.Combine(root, "bench", "peers", "lnav"), "-n", "-c", EveryRequest, .. files], 1),
            ("start/plumb", plumb, ["--version"], runs),
            ("start/node", "node", ["-e", "0"], runs),
        ];
        var times = cases.ToDictionary(one => one.Name, _ => new List<double>());
        var peaks = new Dictionary<string, double>();
        foreach (var one in cases.Where(one => one.Runs > 1))
        {
            await TimeAsync(one.Program, one.Args);
        }
        for (var run = 0; run < runs; run++)
        {
            foreach (var one in cases.Where(one => run < one.Runs))
            {
                var (seconds, _, peak) = await TimeAsync(one.Program, one.Args);
                times[one.Name].Add(seconds);
                peaks[one.Name] = Math.Max(peak, peaks.GetValueOrDefault(one.Name));
            }
        }
        var result = new JsonObject { ["bytes"] = input.Bytes, ["lines"] = input.Lines };
        foreach (var one in cases)
        {
            result[one.Name] = new JsonObject
            {
                ["medianSeconds"] = Median(times[one.Name]), ["runs"] = new JsonArray([.. times[one.Name].Select(time => (JsonNode)Math.Round(time, 4))]), ["peakMiB"] = peaks[one.Name],
            };
            Console.Error.WriteLine($"{one.Name}: {Median(times[one.Name]):0.000} s, {peaks[one.Name]:0} MiB");
        }
        // node's own start is not DuckDB's time.
        var duckdb = Median(times["allTraces/duckdb"]) - Median(times["start/node"]);
        result["ratios"] = new JsonObject
        {
            ["oneTraceOfRipgrep"] = Ratio(Median(times["oneTrace/plumb"]), Median(times["oneTrace/ripgrep"])),
            ["allTracesOfDuckdb"] = Ratio(Median(times["allTraces/plumb"]), duckdb),
            ["jqOfAllTraces"] = Ratio(Median(times["allTraces/jq"]), Median(times["allTraces/plumb"])),
            ["lnavOfAllTraces"] = Ratio(Median(times["allTraces/lnav"]), Median(times["allTraces/plumb"])),
        };
        Console.Error.WriteLine($"ratios: {result["ratios"]!.ToJsonString()}");
        return result;
    }

    /// <summary>Strips the id from a fifth of all lines, and compares what was adopted with what is true.</summary>
    private static async Task<JsonObject> AdoptionAsync(string root, string folder, bool paymentIds)
    {
        var logs = Path.Combine(folder, paymentIds ? "stripped" : "stripped-more");
        var input = new LogInput(2, 0.2, LostMails, paymentIds: paymentIds);
        input.Write(logs, StrippedMiB << 20);
        var adoptedFile = Path.Combine(folder, "adopted.ndjson");
        var (seconds, _, peak) = await TimeAsync(Path.Combine(root, ".build", "app", "Plumb.Cli"), ["logs", "traces", logs, "-o", "json", "--adopted", adoptedFile]);
        var truth = new Dictionary<(string File, long Line), string>();
        foreach (var line in File.ReadLines(logs + ".truth"))
        {
            var parts = line.Split('\t');
            truth[(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture))] = parts[2];
        }
        var offsets = Offsets(logs, truth);
        var (right, all) = (0L, 0L);
        foreach (var line in File.ReadLines(adoptedFile))
        {
            var adopted = JsonNode.Parse(line)!;
            all++;
            right += offsets.GetValueOrDefault((Path.GetFileName((string)adopted["source"]!), (long)adopted["byte"]!)) == (string?)adopted["trace"] ? 1 : 0;
        }
        var result = new JsonObject
        {
            ["strippedLines"] = truth.Count, ["adopted"] = all, ["precisionPercent"] = Math.Round(100.0 * right / Math.Max(1, all), 3),
            ["recallPercent"] = Math.Round(100.0 * right / truth.Count, 3), ["seconds"] = Math.Round(seconds, 2), ["peakMiB"] = peak,
        };
        Console.Error.WriteLine($"adoption{(paymentIds ? "" : " without payment ids")}: {result.ToJsonString()}");
        return result;
    }

    private static Dictionary<(string File, long Byte), string> Offsets(string logs, Dictionary<(string File, long Line), string> truth)
    {
        var offsets = new Dictionary<(string, long), string>();
        foreach (var file in Directory.GetFiles(logs))
        {
            var (name, offset, number) = (Path.GetFileName(file), 0L, 0L);
            foreach (var line in File.ReadLines(file))
            {
                if (truth.TryGetValue((name, ++number), out var id))
                {
                    offsets[(name, offset)] = id;
                }
                offset += line.Length + 1;
            }
        }
        return offsets;
    }

    private static async Task<JsonObject> HugeAsync(string root, string folder)
    {
        var logs = Path.Combine(folder, "huge");
        var input = new LogInput(3, 0, LostMails);
        input.Write(logs, HugeMiB << 20);
        var (seconds, _, peak) = await TimeAsync(Path.Combine(root, ".build", "app", "Plumb.Cli"), ["logs", "traces", logs, "-o", "json"]);
        Console.Error.WriteLine($"huge: {input.Bytes} bytes in {seconds:0.0} s, {peak:0} MiB");
        return new JsonObject { ["bytes"] = input.Bytes, ["lines"] = input.Lines, ["seconds"] = Math.Round(seconds, 2), ["peakMiB"] = peak };
    }

    private static async Task<(double Seconds, int Code, double PeakMiB)> TimeAsync(string program, string[] args)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" > /dev/null 2>&1", program, .. args]) { UseShellExecute = false, RedirectStandardInput = true };
        start.Environment["PLUMB_HOME"] = Path.Combine(Path.GetTempPath(), "plumb-bench-home");
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var peak = 0.0;
        var ended = process.WaitForExitAsync();
        while (await Task.WhenAny(ended, Task.Delay(10)) != ended)
        {
            peak = Math.Max(peak, PeakMiB(process.Id));
        }
        return (Stopwatch.GetElapsedTime(began).TotalSeconds, process.ExitCode, Math.Round(peak, 1));
    }

    private static double PeakMiB(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static void Save(string root, bool quick, JsonObject measured)
    {
        var context = Machine.Describe(root);
        var stamp = context["at"]!.GetValue<string>()[..16].Replace(":", "", StringComparison.Ordinal);
        var file = Path.Combine(root, "bench", "runs", $"{stamp}-logs{(quick ? "-quick" : "")}.json");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, new JsonObject { ["context"] = context, ["measured"] = measured }.ToJsonString(new() { WriteIndented = true }) + "\n");
        Console.Error.WriteLine($"raw results: {file}");
    }

    private static double Ratio(double ours, double theirs) => Math.Round(ours / theirs, 2);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
