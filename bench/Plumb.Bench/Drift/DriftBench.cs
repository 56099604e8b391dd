using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Tests.Drift;

namespace Plumb.Bench.Drift;

/// <summary>
/// <c>bench/run drift</c>: the published program and its peers over one account of 5,000 groups with 60,000 rules, in turns; then 100,000 groups that
/// nobody touched, which must show no drift.
/// </summary>
internal static class DriftBench
{
    private const int Groups = 5000;
    private const int RulesOfGroup = 12;
    private const int Added = 3;
    private const int GroupsOfCase = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static async Task<JsonObject> RunAsync(string root, string program, bool quick, Action<string> say)
    {
        var directory = Directory.CreateTempSubdirectory("plumb-bench-drift-").FullName;
        try
        {
            var state = Path.Combine(directory, "terraform.tfstate");
            await using var account = new DriftAccount(Groups, RulesOfGroup, Added, state);
            var environment = new Dictionary<string, string>
            {
                ["AWS_ENDPOINT_URL"] = account.Endpoint, ["AWS_ACCESS_KEY_ID"] = "AKIABENCH", ["AWS_SECRET_ACCESS_KEY"] = "bench", ["AWS_REGION"] = "eu-west-1", ["PLUMB_HOME"] = Path.Combine(directory, "home"),
            };
            (string Name, string File, string[] Arguments)[] contenders =
            [
                ("plumb drift", program, ["drift", state, "-o", "json"]),
                ("python3 + boto3, ingress IPv4 only (bench/peers/drift_boto.py)", "python3", [Path.Combine(root, "bench", "peers", "drift_boto.py"), state]),
                ("jq, reading the state only", "jq", ["-c", "[.resources[]|select(.mode==\"managed\" and .type==\"aws_security_group\").instances[].attributes|.id as $id|.ingress[]|[$id,.from_port,.to_port,.protocol,.cidr_blocks[]]]|length", state]),
            ];
            var runs = contenders.ToDictionary(contender => contender.Name, _ => new List<Measured>());
            for (var run = 0; run < (quick ? 3 : 9); run++)
            {
                // In turns, so that whatever else the machine does meets each of them.
                foreach (var (name, file, arguments) in contenders)
                {
                    account.TakeCalls();
                    var one = await OnceAsync(file, arguments, environment);
                    var calls = account.TakeCalls();
                    runs[name].Add(one with { DescribeCalls = calls.Describe, Calls = calls.All });
                    say($"{name}: {one.Seconds:0.00} s, {one.CpuSeconds:0.00} s of CPU, {one.PeakMiB} MiB, {calls.Describe} of {calls.All} calls are DescribeSecurityGroups, exit {one.ExitCode}, {one.FirstLine}");
                }
            }
            return new JsonObject
            {
                ["groups"] = Groups, ["rules"] = (Groups * RulesOfGroup) + Added, ["addedOutside"] = Added, ["stateBytes"] = new FileInfo(state).Length,
                ["runs"] = new JsonObject([.. runs.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)Summary(one.Value)))]),
                ["falseDrift"] = await FalseDriftAsync(quick ? 10_000 : 100_000, say),
            };
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static JsonObject Summary(List<Measured> runs)
    {
        var seconds = runs.Select(run => run.Seconds).Order().ToArray();
        return runs.Exists(run => run.ExitCode is not (0 or 1))
            ? new JsonObject { ["notMeasured"] = runs.First(run => run.ExitCode is not (0 or 1)).FirstLine }
            : new JsonObject
            {
                ["medianSeconds"] = Math.Round(seconds[seconds.Length / 2], 3), ["seconds"] = new JsonArray([.. runs.Select(run => (JsonNode)Math.Round(run.Seconds, 3))]),
                // On a busy machine the clock counts the others too; a sample every 10 ms misses the last few.
                ["medianCpuSeconds"] = Math.Round(runs.Select(run => run.CpuSeconds).Order().ElementAt(runs.Count / 2), 2),
                ["peakMiB"] = runs.Max(run => run.PeakMiB), ["describeCalls"] = runs[^1].DescribeCalls, ["calls"] = runs[^1].Calls, ["exitCode"] = runs[^1].ExitCode,
            };
    }

    /// <summary>Any groups, in any of the three styles, shuffled and gathered as AWS answers: the same generator as the unit tests', with other seeds.</summary>
    private static async Task<JsonObject> FalseDriftAsync(int cases, Action<string> say)
    {
        var (started, drift) = (Stopwatch.GetTimestamp(), 0);
        for (var seed = 0; seed < cases / GroupsOfCase; seed++)
        {
            drift += await GroupCase.FalseDriftAsync(1_000_000 + seed, GroupsOfCase);
        }
        var seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1);
        say($"{cases} untouched groups: {drift} differences, in {seconds} s");
        return new JsonObject { ["groups"] = cases, ["differences"] = drift, ["seconds"] = seconds };
    }

    private static async Task<Measured> OnceAsync(string file, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        start.Environment.Remove("AWS_PROFILE");
        try
        {
            var began = Stopwatch.GetTimestamp();
            using var process = Process.Start(start)!;
            using var limit = new CancellationTokenSource(Limit);
            var (peak, cpu) = (0L, 0.0);
            var watching = Task.Run(async () =>
            {
                while (!process.HasExited)
                {
                    (peak, cpu) = (Math.Max(peak, Peak(process.Id)), Math.Max(cpu, ProcessUse.CpuSeconds(process.Id)));
                    await Task.Delay(10);
                }
            });
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            await watching;
            var text = process.ExitCode is 0 or 1 ? await output : await errors;
            return new Measured(seconds, cpu, peak / 1024, process.ExitCode, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()?.Trim() ?? "");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return new Measured(0, 0, 0, -1, missing.Message);
        }
    }

    /// <summary>The kernel's own high-water mark, in KiB.</summary>
    private static long Peak(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/status").FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan("VmHWM:".Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private sealed record Measured(double Seconds, double CpuSeconds, long PeakMiB, int ExitCode, string FirstLine)
    {
        public int DescribeCalls { get; init; }

        public int Calls { get; init; }
    }
}
