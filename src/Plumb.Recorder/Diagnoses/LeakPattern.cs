using System.Globalization;
using System.Text.RegularExpressions;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>Out of descriptors: the limit, and what is open that nobody closed.</summary>
internal static partial class LeakPattern
{
    private const int MostKinds = 3;

    public static IEnumerable<Observation> Find(IReadOnlyList<DecodedCall> calls)
    {
        foreach (var group in calls.Where(IsOut).GroupBy(call => (call.Call.ProcessId, call.Error)))
        {
            var last = group.Last();
            yield return new Observation("out-of-descriptors", group.Key.ProcessId, $"{Observation.Who(last)}: {last.Name} got no descriptor, {group.Key.Error} {Observation.Times(group.Count())}; {Words(calls, last)}",
                [.. group.Take(Observation.MostEvidence).Select(Observation.Line)], "which line of the program forgets to close", last.Call.EnterNs);
        }
    }

    /// <summary>The call that met the limit first: what fails behind it, such as the files of a stack trace, only follows from it.</summary>
    /// <param name="index">Of a failure for lack of descriptors.</param>
    public static Failure First(IReadOnlyList<DecodedCall> calls, int index)
    {
        var first = calls[index];
        foreach (var call in calls.Take(index).Reverse().Where(call => call.Call.ProcessId == first.Call.ProcessId))
        {
            if (call is { Call.Error: 0, Call.State: CallState.Returned } && Made().Match(call.Return) is { Success: true, Index: 0 })
            {
                break;
            }
            first = IsOut(call) ? call : first;
        }
        return Failure.Of(first)!;
    }

    /// <summary>its limit is 64; opened in the recording and not closed: 60 × TCP</summary>
    public static string Words(IReadOnlyList<DecodedCall> calls, DecodedCall failure)
    {
        var kinds = OpenAt(calls, failure).Values.GroupBy(name => name).OrderByDescending(kind => kind.Count()).Take(MostKinds).Select(kind => $"{Observation.Number(kind.Count())} × {kind.Key}").ToList();
        var limit = failure.Error == "ENFILE" ? "the machine's limit" : Limit(calls, failure);
        return $"{limit}; {(kinds.Count == 0 ? "what is open was opened before the recording" : $"opened in the recording and not closed: {string.Join(", ", kinds)}")}";
    }

    private static bool IsOut(DecodedCall call) => call.Error is "EMFILE" or "ENFILE";

    /// <summary>Descriptors by number with the name of what they refer to, as the decoder showed it when they were made.</summary>
    private static Dictionary<int, string> OpenAt(IReadOnlyList<DecodedCall> calls, DecodedCall until)
    {
        var open = new Dictionary<int, string>();
        foreach (var call in calls.Where(call => call.Call.ProcessId == until.Call.ProcessId).TakeWhile(call => !ReferenceEquals(call, until)))
        {
            if (call is { Name: "close", Error: null })
            {
                open.Remove((int)call.Call.Argument(0));
            }
            else if (call.Name is "pipe" or "pipe2" && call.Error is null)
            {
                foreach (Match end in Made().Matches(call.Value("fds") ?? ""))
                {
                    open[Number(end)] = "pipe";
                }
            }
            else if (call.Call is { State: CallState.Returned, Error: 0 } && Made().Match(call.Return) is { Success: true, Index: 0 } made)
            {
                open[Number(made)] = made.Groups["name"].Value;
            }
            else if (call is { Name: "connect", Target: { } target } && open.ContainsKey((int)call.Call.Argument(0)))
            {
                open[(int)call.Call.Argument(0)] = target.Name;
            }
        }
        return open;
    }

    private static string Limit(IReadOnlyList<DecodedCall> calls, DecodedCall failure)
    {
        if (ResourceLimit.Of(calls, failure.Call.ProcessId, "RLIMIT_NOFILE") is { } limit)
        {
            return $"its limit is {limit}";
        }
        var highest = calls.Where(call => call.Call.ProcessId == failure.Call.ProcessId && Made().Match(call.Return) is { Success: true, Index: 0 }).Select(call => call.Call.Return).DefaultIfEmpty(-1).Max();
        return highest < 0 ? "its limit was not seen" : string.Create(CultureInfo.InvariantCulture, $"its limit seems to be {highest + 1}");
    }

    private static int Number(Match match) => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<number>\d+)<(?<name>([^>]|(?<=-)>)*)>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Made();
}
