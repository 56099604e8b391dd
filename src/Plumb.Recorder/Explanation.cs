using System.Globalization;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Diagnoses;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder;

/// <summary>A process that ended badly, and the failed call that may be why.</summary>
/// <param name="Failure">The last failure that matters; where there is none, its last call.</param>
/// <param name="Exit">Null when a signal ended it.</param>
/// <param name="Before">How long before the end.</param>
/// <param name="Times">How often the same call failed so in this process.</param>
public sealed record Suspect(DecodedCall Failure, DecodedCall? Exit, TimeSpan? Before, int Times, string Text)
{
    /// <summary>refused-access, out-of-descriptors, …; null when the failure is of no known kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Lines: the calls that say so, and what was under way at the end.</summary>
    public IReadOnlyList<string> Evidence { get; init; } = [];

    /// <summary>What the calls cannot tell.</summary>
    public string? BlindSpot { get; init; }
}

/// <summary>What a recording says: who ended badly, and what else a person should know.</summary>
public sealed record Explained(IReadOnlyList<Suspect> Suspects, IReadOnlyList<Observation> Observations);

/// <summary>
/// Reads a recording backwards from each bad end: the last failed call that matters. What a program merely probed for and found later, and failures that are part of
/// normal work, are not blamed.
/// </summary>
public static class Explanation
{
    /// <summary>Failures that are how a call says "not now" or "no such option here".</summary>
    private static readonly HashSet<string> Normal =
    [
        "EAGAIN", "EINTR", "EINPROGRESS", "EALREADY", "ENOTTY", "ESPIPE", "ECHILD", "ENOSYS", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK", "ENOTSUP", "EOPNOTSUPP", "EISCONN", "ENODATA",
    ];

    /// <summary>Calls that look whether something is there.</summary>
    private static readonly HashSet<string> Probes = ["access", "faccessat", "faccessat2", "stat", "lstat", "newfstatat", "statx", "statfs", "readlink", "readlinkat", "open", "openat", "openat2", "execve", "getxattr", "lgetxattr", "utimensat", "utime", "utimes", "chmod", "fchmodat", "chown", "fchownat"];

    /// <summary>Calls that fail when nothing happened in time, or when there is nothing to close: that is their work.</summary>
    private static readonly HashSet<string> Harmless = ["futex", "rt_sigtimedwait", "semtimedop", "close", "getpeername"];

    /// <summary>Looked for by the C library in every program, and fine without.</summary>
    private static readonly string[] Optional = ["/usr/share/locale", "/usr/lib/locale", "/etc/ld.so.preload", "/etc/ld.so.nohwcap", "/var/run/nscd/", "/run/nscd/"];

    /// <summary>One for each process that ended badly, in the order of their ends.</summary>
    /// <param name="ends">What is known of ends besides the calls.</param>
    /// <param name="origin">When CLOCK_MONOTONIC was zero; null: the time of an end is that of the process's last call.</param>
    public static IReadOnlyList<Suspect> Of(IReadOnlyList<DecodedCall> calls, IReadOnlyList<ProcessEnd>? ends = null, DateTimeOffset? origin = null) => Read(calls, ends, origin).Suspects;

    /// <summary>The bad ends, and what else was seen, the latest last.</summary>
    public static Explained Read(IReadOnlyList<DecodedCall> calls, IReadOnlyList<ProcessEnd>? ends = null, DateTimeOffset? origin = null)
    {
        List<Observation> observations = [.. FailurePatterns.Find(calls), .. FailurePatterns.FindHeap(calls), .. ConnectionPatterns.Find(calls), .. LeakPattern.Find(calls), .. StormPatterns.Find(calls)];
        var suspects = new List<Suspect>();
        foreach (var end in BadEnds.Find(calls, ends ?? [], origin))
        {
            var failure = Blame(calls, end);
            if (failure is not null || end.Exit is null)
            {
                suspects.AddRange(Suspect(calls, end, failure, observations) is { } suspect ? [suspect] : []);
                observations.RemoveAll(one => one.Failure is { } about && failure is not null && about.IsLike(failure));
            }
        }
        // The same file that is not there is worth a line once.
        return new Explained(suspects, [.. observations.Where(one => one.Failure is not { } about || !IsOptional(about)).OrderBy(one => one.LastNs)]);
    }

    /// <summary>The last failure of the hardest kind: a refusal or a failed connection before a missing file, a file that was looked for in one place before one of a search path.</summary>
    private static Failure? Blame(IReadOnlyList<DecodedCall> calls, BadEnd end)
    {
        Failure? missing = null;
        Failure? searched = null;
        Lookups? lookups = null;
        for (var index = Math.Min(end.Index, calls.Count) - 1; index >= 0; index--)
        {
            var call = calls[index].Call;
            if (call.ProcessId == end.ProcessId && call is { IsExec: true, State: CallState.Returned, Error: 0 })
            {
                // What was before was another program: a wrapper, a shell, the runtime's own.
                break;
            }
            if (call.ProcessId != end.ProcessId || Failure.Of(calls[index]) is not { } failure || IsNormal(failure) || Harmless.Contains(failure.Name) || IsOptional(failure))
            {
                continue;
            }
            if (failure.Error != "ENOENT" || !Probes.Contains(failure.Name))
            {
                return failure;
            }
            var elsewhere = (lookups ??= new Lookups(calls, end)).Elsewhere(index, failure.Call);
            missing ??= elsewhere == Found.Nowhere ? failure : null;
            searched ??= elsewhere == Found.LookedFor ? failure : null;
        }
        return missing ?? searched;
    }

    private static bool IsNormal(Failure failure) => failure.Name is "readlink" or "readlinkat" && failure.Error == "EINVAL"
        || (Normal.Contains(failure.Error) && !ConnectionPatterns.IsNoAnswer(failure.Call));

    /// <summary>A name in angle brackets is an interpreter looking for the source of text that it was given.</summary>
    private static bool IsOptional(Failure failure) =>
        FileName(failure.Call).StartsWith('<') || Optional.Any(place => failure.Subject.TrimStart('"').Replace("unix:", "", StringComparison.Ordinal).StartsWith(place, StringComparison.Ordinal));

    private enum Found
    {
        Nowhere,
        LookedFor,
        There,
    }

    /// <summary>For each file name of a process: the paths under which it was looked for, and the last call that found it.</summary>
    private sealed class Lookups
    {
        private readonly Dictionary<string, (HashSet<string> Paths, int Found)> _names = [];

        public Lookups(IReadOnlyList<DecodedCall> calls, BadEnd end)
        {
            for (var index = 0; index < Math.Min(end.Index, calls.Count); index++)
            {
                if (calls[index].Call.ProcessId != end.ProcessId || Failure.PathOf(calls[index]) is not { } path)
                {
                    continue;
                }
                var name = FileName(calls[index]);
                var (paths, found) = _names.TryGetValue(name, out var known) ? known : ([], -1);
                paths.Add(path);
                _names[name] = (paths, calls[index].Call is { State: CallState.Returned, Error: 0 } ? index : found);
            }
        }

        /// <summary>Whether the same name was found by a later call, or at least looked for in another place.</summary>
        public Found Elsewhere(int index, DecodedCall missing) =>
            FileName(missing) is not { Length: > 0 } name || !_names.TryGetValue(name, out var known) ? Found.Nowhere
            : known.Found > index ? Found.There : known.Paths.Count > 1 ? Found.LookedFor : Found.Nowhere;
    }

    private static string FileName(DecodedCall call)
    {
        var path = Failure.PathOf(call)?.TrimEnd('.').Trim('"') ?? "";
        return path[(path.LastIndexOf('/') + 1)..];
    }

    private static Suspect? Suspect(IReadOnlyList<DecodedCall> calls, BadEnd end, Failure? failure, List<Observation> observations)
    {
        var last = calls.LastOrDefault(call => call.Call.ProcessId == end.ProcessId);
        if (last is null)
        {
            return null;
        }
        var about = failure?.Call ?? last;
        var times = failure is null ? 0 : calls.Count(call => Failure.Of(call) is { } other && other.IsLike(failure));
        var before = Observation.Nanoseconds(end.AtNs - Math.Min(end.AtNs, Math.Max(about.Call.ExitNs, about.Call.EnterNs)));
        var often = times > 1 ? string.Create(CultureInfo.InvariantCulture, $", {times} times") : "";
        var user = failure?.Error is "EACCES" or "EPERM" ? string.Create(CultureInfo.InvariantCulture, $" as user {about.Call.UserId}{FailurePatterns.Mode(calls, failure)}") : "";
        var why = failure is not null ? $"its last failure that matters was {failure.Text}{user}, {Observation.Human(before)} before{often}"
            : $"no call of it failed in a way that matters; its last call was {Observation.Line(last)}, {Observation.Human(before)} before";
        var sender = end.Sender is { } sent ? sent.Call.ProcessId == end.ProcessId ? ", which it sent itself" : $", sent by {Observation.Who(sent)}" : "";
        var isLate = failure is not null && ConnectionPatterns.IsNoAnswer(failure.Call);
        var like = observations.FirstOrDefault(one => one.Failure is { } one1 && failure is not null && one1.IsLike(failure))
            ?? observations.FirstOrDefault(one => one.ProcessId == end.ProcessId && failure is { Error: "EMFILE" or "ENFILE" } && one.Kind == "out-of-descriptors");
        List<string> evidence = [.. failure is null ? [] : (IEnumerable<string>)[Observation.Line(about)], .. end.Sender is { } by ? [Observation.Line(by)] : (IEnumerable<string>)[], .. end.OomKilled ? [Growth(calls, end)] : (IEnumerable<string>)[], .. UnderWay(calls, end)];
        return new Suspect(about, end.Exit, before, times, $"{Observation.Who(last)} {end.How}{sender}; {why}")
        {
            Kind = end.OomKilled ? "oom-killed" : isLate ? "no-answer" : like?.Kind ?? (failure?.Error == "ENOENT" ? "missing-file" : null),
            Evidence = evidence,
            BlindSpot = end.OomKilled ? "memory that is touched grows without a call" : end.Exit is null && failure is null ? "what the program did between its calls" : like?.BlindSpot,
        };
    }

    /// <summary>Calls that had not returned when the process ended: what each thread was waiting for.</summary>
    private static IEnumerable<string> UnderWay(IReadOnlyList<DecodedCall> calls, BadEnd end)
    {
        const int Most = 5;
        // A lost return is no waiting when the thread made another call.
        return calls.Where(call => call.Call.ProcessId == end.ProcessId).GroupBy(call => call.Call.ThreadId).Select(thread => thread.MaxBy(call => call.Call.EnterNs)!)
            .Where(call => call.Call.State is CallState.InFlight or CallState.ReturnLost && call.Call.EnterNs <= end.AtNs).OrderBy(call => call.Call.EnterNs).TakeLast(Most)
            .Select(call => string.Create(CultureInfo.InvariantCulture, $"thread {call.Call.ThreadId} was in {call.Name}({call.ParameterText}) for {Observation.Human(Observation.Nanoseconds(end.AtNs - call.Call.EnterNs))}"));
    }

    private static string Growth(IReadOnlyList<DecodedCall> calls, BadEnd end)
    {
        var maps = calls.Where(call => call.Call.ProcessId == end.ProcessId && call is { Name: "mmap", Error: null } && call.Value("flags")?.Contains("MAP_ANONYMOUS", StringComparison.Ordinal) == true).ToList();
        var mapped = maps.Aggregate(0UL, (sum, call) => sum + call.Call.Argument(1));
        var heap = calls.Where(call => call.Call.ProcessId == end.ProcessId && call is { Name: "brk", Call.State: CallState.Returned }).Select(call => (ulong)call.Call.Return).ToList();
        var grown = heap.Count < 2 ? 0 : heap[^1] - Math.Min(heap[^1], heap[0]);
        return string.Create(CultureInfo.InvariantCulture, $"in the recording it asked for {(mapped + grown) / (1024.0 * 1024):0.0} MiB: {maps.Count} × mmap of {mapped / (1024.0 * 1024):0.0} MiB, brk {grown / (1024.0 * 1024):0.0} MiB");
    }
}
