using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Recorder;
using Plumb.Recorder.Always;
using Plumb.Recorder.Kernel;
using Plumb.Recorder.Targets;

namespace Plumb.Bench.Recorder;

/// <summary>
/// What recording adds to a system call: untraced, two empty programs (the floor), recorded, next to a recording, in a container of the recorder that is always on, in a
/// service beside it, and strace -f; interleaved, medians.
/// </summary>
internal static class RecorderBench
{
    private const int ManyCalls = 1_000_000;
    private const int FewCalls = 20_000;
    private const double TickNs = 1e9;

    private static readonly string[] Ways = ["untraced", "floor", "recorded", "bystander", "always", "beside", "strace"];

    public static async Task<int> RunAsync(string root, JsonObject context, bool quick)
    {
        var hierarchy = UnifiedHierarchy.Find();
        if (!hierarchy.IsOk)
        {
            Console.Error.WriteLine(hierarchy.Problem);
            return 2;
        }
        var measured = new JsonObject();
        foreach (var call in (string[])["getppid", "access"])
        {
            var runs = Ways.ToDictionary(way => way, _ => new List<(double Wall, double Cpu)>());
            for (var round = 0; round < (quick ? 3 : 5); round++)
            {
                foreach (var way in Ways)
                {
                    runs[way].Add(await MeasureAsync(hierarchy.Value, call, way));
                }
            }
            measured[call] = Summary(call, runs);
        }
        measured["loadMs"] = LoadMs(quick ? 3 : 5);
        measured["programs"] = await RecorderPeers.RunAsync(hierarchy.Value, quick ? 1 : 5);
        var file = Path.Combine(root, "bench", "runs", $"{context["at"]!.GetValue<string>()[..16].Replace(":", "", StringComparison.Ordinal)}-recorder{(quick ? "-quick" : "")}.json");
        var report = new JsonObject { ["context"] = context.DeepClone(), ["measured"] = measured };
        await File.WriteAllTextAsync(file, report.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        Console.Error.WriteLine($"raw results: {file}");
        return 0;
    }

    private static async Task<(double Wall, double Cpu)> MeasureAsync(UnifiedHierarchy hierarchy, string call, string way)
    {
        var times = way == "strace" ? FewCalls : ManyCalls;
        using var cgroup = Good(TracedProgram.Prepare(hierarchy, "true", []));
        using var loop = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [typeof(RecorderBench).Assembly.Location, "loop", call, times.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        })!;
        await loop.StandardOutput.ReadLineAsync();
        using var directories = new BenchCgroups(hierarchy.Mount);
        var place = way switch { "recorded" => cgroup.Cgroup, "always" => directories.Container, "beside" => directories.Service, _ => null };
        if (place is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(place, "cgroup.procs"), loop.Id.ToString(CultureInfo.InvariantCulture));
        }
        using var always = way is "always" or "beside" ? Good(FlightRecorder.Start("bench", directories.Prefix)) : null;
        using var recording = way is "recorded" or "bystander" ? Good(Recording.Start(Good(RecordingScope.OfCgroup(hierarchy, cgroup.Cgroup)))) : null;
        using var floor = way == "floor" ? Good(LoadedPrograms.Load(ProgramSet.Floor)) : null;
        floor?.Attach();
        using var strace = way == "strace" ? await StraceAsync(loop.Id) : null;
        var before = strace is null ? TimeSpan.Zero : strace.TotalProcessorTime;
        await loop.StandardInput.WriteLineAsync();
        var parts = (await loop.StandardOutput.ReadLineAsync())!.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        strace?.Refresh();
        var tracer = strace is null || strace.HasExited ? 0 : (strace.TotalProcessorTime - before).TotalSeconds * TickNs / times;
        await loop.WaitForExitAsync();
        if (strace is not null)
        {
            await strace.WaitForExitAsync();
        }
        var recorded = way switch { "recorded" => recording!.Counters.Recorded, "always" => always!.Read(always.Containers().Single())!.Counters.Recorded, _ => (ulong)times };
        if (recorded < (ulong)times)
        {
            throw new InvalidOperationException($"only {recorded} of {times} calls were recorded: this measured something else");
        }
        return (parts[0], parts[1] + tracer);
    }

    private static async Task<Process> StraceAsync(int processId)
    {
        var strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-qq", "-o", "/dev/null", "-p", processId.ToString(CultureInfo.InvariantCulture)]))!;
        while (Directory.GetDirectories($"/proc/{processId}/task").Any(task => File.ReadLines($"{task}/status").Any(line => line == "TracerPid:\t0")))
        {
            await Task.Delay(20);
        }
        return strace;
    }

    private static JsonObject Summary(string call, Dictionary<string, List<(double Wall, double Cpu)>> runs)
    {
        var summary = new JsonObject();
        var untraced = Median(runs["untraced"].Select(run => run.Cpu));
        foreach (var (way, results) in runs)
        {
            var (cpu, wall) = (Median(results.Select(run => run.Cpu)), Median(results.Select(run => run.Wall)));
            summary[way] = new JsonObject
            {
                ["cpuNsPerCall"] = cpu, ["addedCpuNs"] = Math.Round(cpu - untraced, 1), ["wallNsPerCall"] = wall, ["runsCpuNs"] = new JsonArray([.. results.Select(run => (JsonNode)Math.Round(run.Cpu, 1))]),
            };
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{call,-8} {way,-10} {cpu,10:0.0} ns CPU a call, added {cpu - untraced,10:0.0} ns; {wall,10:0.0} ns wall"));
        }
        return summary;
    }

    private static double LoadMs(int times)
    {
        var runs = new List<double>();
        for (var run = 0; run < times; run++)
        {
            var start = Stopwatch.GetTimestamp();
            using var loaded = Good(LoadedPrograms.Load());
            loaded.Attach();
            runs.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"load and attach: {Median(runs):0.0} ms"));
        return Median(runs);
    }

    private static T Good<T>(Core.Result<T> result)
        where T : notnull => result.IsOk ? result.Value : throw new InvalidOperationException(result.Problem!.ToString());

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return Math.Round(sorted[sorted.Count / 2], 1);
    }
}
