using System.Globalization;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>Calls that succeed and are too many: what makes a service slow.</summary>
internal static class StormPatterns
{
    private const int ManySyncs = 20;
    private const int ManyWaits = 50;
    private const int ManyWrites = 200;
    private const int TinyBytes = 32;

    /// <summary>Share of a thread's or process's time in the recording that is worth a word.</summary>
    private const double NoticeableShare = 0.2;

    /// <summary>Share of a thread's calls.</summary>
    private const double NoticeableCount = 0.05;

    private static readonly HashSet<string> Syncs = ["fsync", "fdatasync", "msync", "sync_file_range", "syncfs", "sync"];

    public static IEnumerable<Observation> Find(IReadOnlyList<DecodedCall> calls) => [.. SyncStorms(calls), .. Contention(calls), .. TinyWrites(calls)];

    private static IEnumerable<Observation> SyncStorms(IReadOnlyList<DecodedCall> calls)
    {
        foreach (var thread in calls.Where(call => Syncs.Contains(call.Name) && call.Call.State == CallState.Returned).GroupBy(call => call.Call.ThreadId).Where(group => group.Count() >= ManySyncs))
        {
            var syncs = thread.ToList();
            var (total, span) = Time(calls, syncs);
            var share = span <= TimeSpan.Zero ? 0 : total / span;
            if (share < NoticeableShare && syncs.Count < NoticeableCount * calls.Count(call => call.Call.ThreadId == thread.Key))
            {
                continue;
            }
            var (slowest, files) = (syncs.Max(call => call.Call.Duration!.Value), syncs.GroupBy(call => call.Target?.Name ?? "?").OrderByDescending(group => group.Count()).ToList());
            var where = files.Count == 1 ? $"all on {files[0].Key}" : $"{Observation.Number(files[0].Count())} of them on {files[0].Key}";
            yield return new Observation("fsync-storm", syncs[0].Call.ProcessId,
                $"{Observation.Who(syncs[0])}: {Observation.Number(syncs.Count)} × {syncs[0].Name} in {Observation.Human(span)}, {where}: {Observation.Human(total)} together, {Percent(share)} of its thread's time, {Observation.Human(total / syncs.Count)} each, the slowest {Observation.Human(slowest)}",
                [.. syncs.OrderByDescending(call => call.Call.Duration).Take(Observation.MostEvidence).Select(Observation.Line)], "whether the data may be lost in a crash, which is what fsync is for", syncs[^1].Call.EnterNs);
        }
    }

    /// <summary>Threads that wait for the same word of memory. A pool's idle workers do, too: they wait long and seldom, a lock's victims briefly and often.</summary>
    private static IEnumerable<Observation> Contention(IReadOnlyList<DecodedCall> calls)
    {
        var waits = calls.Where(call => call.Name == "futex" && call.Call.State == CallState.Returned && call.Value("op") is { } op && (op.StartsWith("FUTEX_WAIT", StringComparison.Ordinal) || op.StartsWith("FUTEX_LOCK", StringComparison.Ordinal)));
        var words = waits.GroupBy(call => (call.Call.ProcessId, Address: call.Call.Argument(0))).Where(group => group.Count() >= ManyWaits && group.Select(call => call.Call.ThreadId).Distinct().Skip(1).Any());
        // A lock is often made of several words; the one that was waited for longest stands for it.
        foreach (var word in words.GroupBy(word => word.Key.ProcessId).Select(process => process.MaxBy(Total)!))
        {
            var all = word.ToList();
            var total = Total(word);
            yield return new Observation("lock-contention", word.Key.ProcessId,
                $"{Observation.Who(all[0])}: {Observation.Number(all.Count)} waits for the lock at {Constants.Hex(word.Key.Address)} by {all.Select(call => call.Call.ThreadId).Distinct().Count()} threads in {Observation.Human(Time(calls, all).Span)}, {Observation.Human(total)} together, the longest {Observation.Human(all.Max(call => call.Call.Duration!.Value))}",
                [.. all.OrderByDescending(call => call.Call.Duration).Take(Observation.MostEvidence).Select(Observation.Line)], "which lock of the program it is; workers that wait for work look the same", all[^1].Call.EnterNs);
        }
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0}%");

    private static TimeSpan Total(IEnumerable<DecodedCall> calls) => calls.Aggregate(TimeSpan.Zero, (sum, call) => sum + call.Call.Duration!.Value);

    private static IEnumerable<Observation> TinyWrites(IReadOnlyList<DecodedCall> calls)
    {
        var writes = calls.Where(call => call is { Name: "write" or "pwrite64" or "sendto", Error: null, Call: { State: CallState.Returned, Return: > 0 and <= TinyBytes } });
        // What is synced or answered after each write is to be out at once.
        var turns = calls.Where(call => Syncs.Contains(call.Name) || ConnectionPatterns.IsReceive(call)).GroupBy(Object).ToDictionary(group => group.Key, group => group.Count());
        foreach (var target in writes.GroupBy(Object).Where(group => group.Count() >= ManyWrites && turns.GetValueOrDefault(group.Key) < group.Count() / 2))
        {
            var all = target.ToList();
            var bytes = all.Sum(call => call.Call.Return);
            yield return new Observation("tiny-writes", target.Key.ProcessId,
                $"{Observation.Who(all[0])}: {Observation.Number(all.Count)} writes of at most {TinyBytes} bytes to {target.Key.Object}, {Observation.Number(bytes)} bytes together: a buffer would make them a few",
                [.. all.TakeLast(Observation.MostEvidence).Select(Observation.Line)], "whether each has to be out at once", all[^1].Call.EnterNs);
        }
    }

    private static (int ProcessId, string? Object) Object(DecodedCall call) => (call.Call.ProcessId, ConnectionPatterns.Polled(call) ?? call.Target?.Name ?? call.Value("fd"));

    private static (TimeSpan Total, TimeSpan Span) Time(IReadOnlyList<DecodedCall> calls, List<DecodedCall> chosen)
    {
        var total = Total(chosen);
        var thread = calls.Where(call => call.Call.ThreadId == chosen[0].Call.ThreadId).ToList();
        var span = Observation.Nanoseconds(thread.Max(call => Math.Max(call.Call.ExitNs, call.Call.EnterNs)) - thread.Min(call => call.Call.EnterNs));
        return (total, span);
    }
}
