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
    /// <summary>Places of a search that stand in a line.</summary>
    private const int MostPlaces = 5;

    /// <summary>One for each process that ended badly, in the order of their ends.</summary>
    /// <param name="ends">What is known of ends besides the calls.</param>
    /// <param name="origin">When CLOCK_MONOTONIC was zero; null: the time of an end is that of the process's last call.</param>
    public static IReadOnlyList<Suspect> Of(IReadOnlyList<DecodedCall> calls, IReadOnlyList<ProcessEnd>? ends = null, DateTimeOffset? origin = null) => Read(calls, ends, origin).Suspects;

    /// <summary>The bad ends, and what else was seen, the latest last.</summary>
    public static Explained Read(IReadOnlyList<DecodedCall> calls, IReadOnlyList<ProcessEnd>? ends = null, DateTimeOffset? origin = null)
    {
        List<Observation> observations = [.. FailurePatterns.Find(calls), .. FailurePatterns.FindMemory(calls), .. NamePatterns.Find(calls), .. ConnectionPatterns.Find(calls), .. LeakPattern.Find(calls), .. StormPatterns.Find(calls)];
        var seen = new Dictionary<DecodedCall, Failure>(ReferenceEqualityComparer.Instance);
        foreach (var failure in observations.Select(one => one.Failure).OfType<Failure>())
        {
            seen.TryAdd(failure.Call, failure);
        }
        var suspects = new List<Suspect>();
        var found = BadEnds.Find(calls, ends ?? [], origin);
        var passedOn = BadEnds.PassedOn(calls, found);
        foreach (var end in found.Where(end => !passedOn.ContainsKey(end.ProcessId)))
        {
            var unseen = end.OomKilled ? null : NamePatterns.Unseen(calls, end);
            var failure = end.OomKilled ? null : LastFailure.Before(calls, end, seen) ?? unseen?.Failure;
            if (failure is not null || end.Exit is null)
            {
                var followers = found.Where(other => passedOn.GetValueOrDefault(other.ProcessId) == end.ProcessId).Select(other => Observation.Who(other.Exit!)).ToList();
                suspects.AddRange(Suspect(calls, end, failure, unseen is null ? observations : [.. observations, unseen], followers) is { } suspect ? [suspect] : []);
                observations.RemoveAll(one => failure is not null && IsTold(one, failure));
            }
        }
        // The same file that is not there is worth a line once.
        return new Explained(suspects, [.. observations.Where(one => one.Failure is not { } about || !LastFailure.IsOptional(about)).OrderBy(one => one.LastNs)]);
    }

    /// <summary>The suspect says it already: the same failure, also by another call on the same thing; descriptors and memory, of which a process has one stock.</summary>
    private static bool IsTold(Observation one, Failure failure) =>
        (one.Failure is { } about && about.ProcessId == failure.ProcessId && about.Error == failure.Error && about.Subject == failure.Subject)
        || (one.ProcessId == failure.ProcessId && one.Kind == StockOf(failure));

    private static string? StockOf(Failure failure) => failure.Error switch { "EMFILE" or "ENFILE" => "out-of-descriptors", "ENOMEM" => "no-memory", _ => null };

    /// <param name="followers">Processes that passed the same end on.</param>
    private static Suspect? Suspect(IReadOnlyList<DecodedCall> calls, BadEnd end, Failure? failure, List<Observation> observations, List<string> followers)
    {
        var last = calls.LastOrDefault(call => call.Call.ProcessId == end.ProcessId);
        if (last is null)
        {
            return null;
        }
        var about = failure?.Call ?? last;
        var times = failure is null ? 0 : Math.Max(1, calls.Count(call => Failure.Of(call) is { } other && other.IsLike(failure)));
        var before = Observation.Nanoseconds(end.AtNs - Math.Min(end.AtNs, Math.Max(about.Call.ExitNs, about.Call.EnterNs)));
        var often = times > 1 ? string.Create(CultureInfo.InvariantCulture, $", {times} times") : "";
        var why = failure is not null ? $"its last failure that matters was {failure.Text}{More(calls, failure)}, {Observation.Human(before)} before{often}{Behind(calls, failure)}"
            : $"{(end.OomKilled ? "its" : "no call of it failed in a way that matters; its")} last call was {Observation.Line(last)}, {Observation.Human(before)} before";
        var sender = end.Sender is { } sent ? sent.Call.ProcessId == end.ProcessId ? ", which it sent itself" : $", sent by {Observation.Who(sent)}" : "";
        var passed = followers.Count > 0 ? $"; {string.Join(", ", followers)} ended with the same" : "";
        var like = failure is null ? null : observations.FirstOrDefault(one => one.Failure is { } other && other.IsLike(failure)) ?? observations.FirstOrDefault(one => IsTold(one, failure));
        List<string> evidence = [.. failure is null ? [] : Evidence(failure, like), .. end.Sender is { } by ? [Observation.Line(by)] : (IEnumerable<string>)[], .. end.OomKilled ? [Growth(calls, end)] : (IEnumerable<string>)[], .. UnderWay(calls, end)];
        return new Suspect(about, end.Exit, before, times, $"{Observation.Who(last)} {end.How}{sender}; {why}{passed}")
        {
            Kind = end.OomKilled ? "oom-killed" : like?.Kind ?? (failure?.Error == "ENOENT" ? "missing-file" : null),
            Evidence = evidence,
            BlindSpot = end.OomKilled ? "memory that is touched grows without a call" : end.Exit is null && failure is null ? "what the program did between its calls" : like?.BlindSpot,
        };
    }

    /// <summary>The call that failed; where several calls tell of the failure, all of them.</summary>
    private static IEnumerable<string> Evidence(Failure failure, Observation? like) => failure.Words is not null && like is not null ? like.Evidence : [Observation.Line(failure.Call)];

    /// <summary>Whom it failed for.</summary>
    private static string More(IReadOnlyList<DecodedCall> calls, Failure failure) =>
        failure.Error is "EACCES" or "EPERM" ? string.Create(CultureInfo.InvariantCulture, $" as user {failure.Call.Call.UserId}{FailurePatterns.Mode(calls, failure)}") : "";

    /// <summary>What else is to be known of it.</summary>
    private static string Behind(IReadOnlyList<DecodedCall> calls, Failure failure)
    {
        switch (failure.Error)
        {
            case "EMFILE" or "ENFILE":
                return $"; {LeakPattern.Words(calls, failure.Call)}";
            case "ENOMEM":
                return $"; {FailurePatterns.MemoryLimit(calls, failure.ProcessId)}";
            case "ENOENT":
                var places = LastFailure.OtherPlaces(calls, failure);
                return places.Count == 0 ? "" : $"; it was looked for at {string.Join(", ", places.TakeLast(MostPlaces))}, too";
            default:
                return failure.Name == "connect" && NamePatterns.AskedBefore(calls, failure) is { } name ? $"; it had asked for the name {name}" : "";
        }
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
