using Plumb.Recorder.Decoding;

namespace Plumb.Recorder.Saved;

/// <summary>One call on one subject, and how it ended in each of two recordings.</summary>
/// <param name="Subject">A path or an address.</param>
/// <param name="First">Results with how often: ok, ENOENT; empty when the call was not made there.</param>
public sealed record DifferentCall(string Name, string Subject, IReadOnlyDictionary<string, int> First, IReadOnlyDictionary<string, int> Second);

/// <summary>How often a call was made in each of two recordings.</summary>
public sealed record DifferentCount(string Name, int First, int Second, int FirstFailed, int SecondFailed);

/// <summary>What one recording has and the other has not: calls on paths and addresses that ended differently or were made in one only, and how often each call was made.</summary>
/// <param name="Failures">Failed in one, and not in the same way in the other; the worst surprise first.</param>
/// <param name="OnlyFirst">Subjects that only the first recording touched, all successfully.</param>
public sealed record RecordingDifference(
    IReadOnlyList<DifferentCall> Failures, IReadOnlyList<DifferentCall> OnlyFirst, IReadOnlyList<DifferentCall> OnlySecond, IReadOnlyList<DifferentCount> Counts)
{
    private const string Fine = "ok";

    public static RecordingDifference Of(IReadOnlyList<DecodedCall> first, IReadOnlyList<DecodedCall> second)
    {
        var (one, other) = (Results(first), Results(second));
        var failures = new List<DifferentCall>();
        var (onlyFirst, onlySecond) = (new List<DifferentCall>(), new List<DifferentCall>());
        var none = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var key in one.Keys.Union(other.Keys).Order())
        {
            var (left, right) = (one.GetValueOrDefault(key, none), other.GetValueOrDefault(key, none));
            var entry = new DifferentCall(key.Name, key.Subject, left, right);
            if (!left.Keys.Where(IsFailure).SequenceEqual(right.Keys.Where(IsFailure)))
            {
                failures.Add(entry);
            }
            else if (right.Count == 0)
            {
                onlyFirst.Add(entry);
            }
            else if (left.Count == 0)
            {
                onlySecond.Add(entry);
            }
        }
        // A call that succeeded on one side and failed on the other says more than one that was made on one side only.
        failures = [.. failures.OrderBy(entry => entry.First.Count > 0 && entry.Second.Count > 0 ? 0 : 1)];
        return new RecordingDifference(failures, onlyFirst, onlySecond, CountsOf(first, second));
    }

    private static List<DifferentCount> CountsOf(IReadOnlyList<DecodedCall> first, IReadOnlyList<DecodedCall> second) =>
        [.. first.Concat(second).Select(call => call.Name).Distinct()
            .Select(name => new DifferentCount(name, first.Count(call => call.Name == name), second.Count(call => call.Name == name),
                first.Count(call => call.Name == name && call.Error is not null), second.Count(call => call.Name == name && call.Error is not null)))
            .Where(count => count.First != count.Second || count.FirstFailed != count.SecondFailed)
            .OrderByDescending(count => Math.Abs(count.First - count.Second)).ThenBy(count => count.Name, StringComparer.Ordinal)];

    private static Dictionary<(string Name, string Subject), SortedDictionary<string, int>> Results(IReadOnlyList<DecodedCall> calls)
    {
        var results = new Dictionary<(string, string), SortedDictionary<string, int>>();
        foreach (var call in calls)
        {
            if (call.Subject is not { } subject || call.Call.State != Ring.CallState.Returned)
            {
                continue;
            }
            if (!results.TryGetValue((call.Name, subject), out var ends))
            {
                results[(call.Name, subject)] = ends = new SortedDictionary<string, int>(StringComparer.Ordinal);
            }
            var end = call.Error ?? Fine;
            ends[end] = ends.GetValueOrDefault(end) + 1;
        }
        return results;
    }

    private static bool IsFailure(string result) => result != Fine;
}
