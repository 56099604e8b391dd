using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Recorder;
using Plumb.Recorder.Targets;

namespace Plumb.Bench.Recorder;

/// <summary>
/// What tracers add to whole programs: dd with blocks of one byte, and PostgreSQL under pgbench -S. CPU time of the program's cgroup (cpu.stat: program, server and tracer
/// together), the smallest run subtracted, interleaved, medians. A tracer that is not installed is left out and said so.
/// </summary>
internal static class RecorderPeers
{
    private const string PostgresBin = "/usr/lib/postgresql/15/bin";

    private sealed record Workload(string Name, string Unit, string Script, int Many, int Few, string Needs);

    /// <param name="Wrap">Shell words that run what follows; {log}: where to write.</param>
    private sealed record Way(string Name, string Wrap, bool IsSlow, string Needs);

    private static readonly Workload[] Workloads =
    [
        new("dd bs=1", "byte", "dd if=/dev/zero of=/dev/null bs=1 count=$1 status=none", 400_000, 20_000, "/bin/dd"),
        new("pgbench -S", "transaction", """
            as="setpriv --reuid=postgres --regid=postgres --clear-groups"
            $as $PGBIN/pg_ctl -D $DATA -o "-k $DATA -c listen_addresses= -c autovacuum=off -c fsync=off" -w -s start >/dev/null </dev/null
            $as $PGBIN/pgbench -h $DATA -n -S -t $1 postgres >/dev/null 2>&1
            $as $PGBIN/pg_ctl -D $DATA -m fast -s stop
            """, 8_000, 600, $"{PostgresBin}/pgbench"),
    ];

    private static readonly Way[] Ways =
    [
        new("untraced", "", false, "/bin/sh"),
        new("plumb", "", false, "/bin/sh"),
        new("strace -f", "strace -f -qq -o /dev/null", true, "/usr/bin/strace"),
        new("strace --seccomp-bpf", "strace -f -qq --seccomp-bpf -e trace=%file,%network -o /dev/null", false, "/usr/bin/strace"),
        new("perf trace", "perf trace -o /dev/null", true, "/usr/bin/perf"),
        new("bpftrace count", "", false, "/usr/bin/bpftrace"),
    ];

    public static async Task<JsonObject> RunAsync(UnifiedHierarchy hierarchy, int rounds)
    {
        var measured = new JsonObject();
        foreach (var workload in Workloads)
        {
            if (!File.Exists(workload.Needs))
            {
                Console.Error.WriteLine($"{workload.Name}: left out, {workload.Needs} is not installed");
                continue;
            }
            using var data = await DataAsync(workload);
            var runs = Ways.Where(way => File.Exists(way.Needs)).ToDictionary(way => way, _ => new List<double>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var way in runs.Keys)
                {
                    var times = way.IsSlow ? workload.Few : workload.Many;
                    var small = await CpuUsAsync(hierarchy, workload, way, 1, data.Path);
                    var large = await CpuUsAsync(hierarchy, workload, way, times, data.Path);
                    runs[way].Add((large - small) / (times - 1));
                }
            }
            measured[workload.Name] = Summary(workload, runs);
        }
        return measured;
    }

    private static JsonObject Summary(Workload workload, Dictionary<Way, List<double>> runs)
    {
        var untraced = Median(runs[Ways[0]]);
        var summary = new JsonObject { ["unit"] = $"CPU µs a {workload.Unit}" };
        foreach (var (way, values) in runs)
        {
            summary[way.Name] = new JsonObject
            {
                ["cpuUs"] = Math.Round(Median(values), 3), ["ratio"] = Math.Round(Median(values) / untraced, 2), ["runs"] = new JsonArray([.. values.Select(value => (JsonNode)Math.Round(value, 3))]),
            };
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{workload.Name,-12} {way.Name,-22} {Median(values),10:0.000} µs CPU a {workload.Unit}, {Median(values) / untraced,8:0.00} × untraced"));
        }
        return summary;
    }

    private static async Task<double> CpuUsAsync(UnifiedHierarchy hierarchy, Workload workload, Way way, int times, string data)
    {
        using var cgroup = TracedProgram.Prepare(hierarchy, "true", []).Value!;
        using var recording = way.Name == "plumb" ? Recording.Start(RecordingScope.OfCgroup(hierarchy, cgroup.Cgroup).Value!).Value : null;
        using var bpftrace = way.Name == "bpftrace count" ? await BpftraceAsync() : null;
        var before = CpuUs(cgroup.Cgroup);
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var word in (string[])["-c", $"echo $$ > {cgroup.Cgroup}/cgroup.procs; exec {way.Wrap} sh -c \"$WORK\" sh {times.ToString(CultureInfo.InvariantCulture)}"])
        {
            start.ArgumentList.Add(word);
        }
        (start.Environment["WORK"], start.Environment["DATA"], start.Environment["PGBIN"]) = (workload.Script, data, PostgresBin);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{workload.Name} under {way.Name} ended with {process.ExitCode}");
        }
        var spent = CpuUs(cgroup.Cgroup) - before;
        if (recording is not null && recording.Counters.Recorded < (ulong)times)
        {
            throw new InvalidOperationException($"only {recording.Counters.Recorded} calls were recorded: this measured something else");
        }
        bpftrace?.Kill();
        return spent;
    }

    /// <summary>Counts all calls of the machine in the kernel, which is the least that a tracer can do.</summary>
    private static async Task<Process> BpftraceAsync()
    {
        var process = Process.Start(new ProcessStartInfo("bpftrace", ["-e", "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); } tracepoint:raw_syscalls:sys_exit { @e[comm] = count(); }"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        })!;
        await process.StandardOutput.ReadLineAsync();
        return process;
    }

    private static double CpuUs(string cgroup) =>
        double.Parse(File.ReadLines(Path.Combine(cgroup, "cpu.stat")).First(line => line.StartsWith("usage_usec ", StringComparison.Ordinal))[11..], CultureInfo.InvariantCulture);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<Scratch> DataAsync(Workload workload)
    {
        var scratch = new Scratch();
        if (workload.Name.StartsWith("pgbench", StringComparison.Ordinal))
        {
            using var made = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"""
                set -e; chown postgres {scratch.Path}; as="setpriv --reuid=postgres --regid=postgres --clear-groups"; cd /
                $as {PostgresBin}/initdb -D {scratch.Path} -A trust >/dev/null
                $as {PostgresBin}/pg_ctl -D {scratch.Path} -o "-k {scratch.Path} -c listen_addresses=" -w -s start >/dev/null </dev/null
                $as {PostgresBin}/pgbench -h {scratch.Path} -i -q -s 1 postgres >/dev/null 2>&1
                $as {PostgresBin}/pg_ctl -D {scratch.Path} -s stop
                """]) { UseShellExecute = false })!;
            await made.WaitForExitAsync();
        }
        return scratch;
    }

    private sealed class Scratch : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("plumb-bench-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
