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
        foreach (var group in calls.Where(call => call.Error is "EMFILE" or "ENFILE").GroupBy(call => (call.Call.ProcessId, call.Error)))
        {
            var last = group.Last();
            var open = OpenAt(calls, last);
            var kinds = open.Values.GroupBy(name => name).OrderByDescending(kind => kind.Count()).Take(MostKinds).Select(kind => $"{Observation.Number(kind.Count())} × {kind.Key}").ToList();
            var limit = last.Error == "ENFILE" ? "the machine's limit" : Limit(calls, last);
            var leak = kinds.Count == 0 ? "what is open was opened before the recording" : $"opened in the recording and not closed: {string.Join(", ", kinds)}";
            yield return new Observation("out-of-descriptors", group.Key.ProcessId, $"{Observation.Who(last)}: {last.Name} got no descriptor, {group.Key.Error} {Observation.Times(group.Count())}; {limit}; {leak}",
                [.. group.TakeLast(Observation.MostEvidence).Select(Observation.Line)], "which line of the program forgets to close", last.Call.EnterNs);
        }
    }

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
        var asked = calls.LastOrDefault(call => call.Call.ProcessId == failure.Call.ProcessId && call is { Name: "prlimit64" or "setrlimit", Error: null } && call.Value("resource") == "RLIMIT_NOFILE");
        var value = asked?.Value("new_rlim") is { } set && set.StartsWith('{') ? set : asked?.Value("rlim") ?? asked?.Value("old_rlim");
        if (value?.StartsWith("{rlim_cur=", StringComparison.Ordinal) == true)
        {
            return $"its limit is {value["{rlim_cur=".Length..].Split(',')[0]}";
        }
        var highest = calls.Where(call => call.Call.ProcessId == failure.Call.ProcessId && Made().Match(call.Return) is { Success: true, Index: 0 }).Select(call => call.Call.Return).DefaultIfEmpty(-1).Max();
        return highest < 0 ? "its limit was not seen" : string.Create(CultureInfo.InvariantCulture, $"its limit seems to be {highest + 1}");
    }

    private static int Number(Match match) => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<number>\d+)<(?<name>([^>]|(?<=-)>)*)>", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Made();
}
