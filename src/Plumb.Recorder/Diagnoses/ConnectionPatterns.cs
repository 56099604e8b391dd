using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>What only several calls on a socket tell: name servers that do not answer, connections that were given up, answers that did not come.</summary>
internal static class ConnectionPatterns
{
    private const string DnsPort = ":53";

    /// <summary>A read that gave up after so long had a time limit.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromMilliseconds(100);

    private static readonly HashSet<string> Sends = ["sendto", "sendmsg", "sendmmsg", "write", "writev"];
    private static readonly HashSet<string> Receives = ["recvfrom", "recvmsg", "recvmmsg", "read", "readv"];

    public static IEnumerable<Observation> Find(IReadOnlyList<DecodedCall> calls) => [.. NameServers(calls), .. GivenUp(calls), .. NoAnswer(calls)];

    private static IEnumerable<Observation> NameServers(IReadOnlyList<DecodedCall> calls)
    {
        var toServers = calls.Select(call => (Call: call, Server: call.Target?.Peer ?? (call.Name == "sendto" ? call.Value("addr") : null)))
            .Where(one => one.Server?.EndsWith(DnsPort, StringComparison.Ordinal) == true);
        foreach (var group in toServers.GroupBy(one => (one.Call.Call.ProcessId, one.Server), one => one.Call))
        {
            var asked = group.Where(call => Sends.Contains(call.Name)).ToList();
            var answered = group.Count(call => Receives.Contains(call.Name) && call.Call is { State: CallState.Returned, Return: > 0 });
            var failed = group.Where(call => call.Error is not null and not ("EAGAIN" or "EINPROGRESS")).ToList();
            if (answered > 0 || asked.Count + failed.Count == 0)
            {
                continue;
            }
            var last = group.Last();
            var refused = failed.Count > 0 ? $": {failed[^1].Error} ({ErrorNames.Words(failed[^1].Call.Error)})" : "";
            yield return new Observation("dns", group.Key.ProcessId, $"{Observation.Who(last)}: the name server {group.Key.Server} did not answer, asked {Observation.Times(asked.Count)}{refused}",
                [.. (failed.Count > 0 ? failed : asked).TakeLast(Observation.MostEvidence).Select(Observation.Line)], "which name was asked for, unless --buffers shows it", last.Call.EnterNs);
        }
    }

    /// <summary>A connect that was under way when its socket was closed.</summary>
    private static IEnumerable<Observation> GivenUp(IReadOnlyList<DecodedCall> calls)
    {
        var underWay = new Dictionary<(int Process, int Descriptor), DecodedCall>();
        foreach (var call in calls)
        {
            var key = (call.Call.ProcessId, (int)call.Call.Argument(0));
            if (call is { Name: "connect", Error: "EINPROGRESS" })
            {
                underWay[key] = call;
            }
            else if (call.Name is "getsockopt" or "getpeername" || (Sends.Contains(call.Name) && call.Error is null))
            {
                underWay.Remove(key);
            }
            else if (call.Name == "close" && underWay.Remove(key, out var connect))
            {
                var after = Observation.Nanoseconds(call.Call.EnterNs - connect.Call.EnterNs);
                yield return new Observation("timed-out", call.Call.ProcessId, $"{Observation.Who(call)}: the connection to {connect.Value("addr")} was not made after {Observation.Human(after)}, and was given up",
                    [Observation.Line(connect), Observation.Line(call)], "where on the way the packets were lost", call.Call.EnterNs);
            }
        }
    }

    /// <summary>EAGAIN of a socket with a time limit; one that does not block gives it at once.</summary>
    public static bool IsNoAnswer(DecodedCall call) => call.Error == "EAGAIN" && Receives.Contains(call.Name) && call.Call.Duration >= LongWait;

    private static IEnumerable<Observation> NoAnswer(IReadOnlyList<DecodedCall> calls)
    {
        var late = calls.Where(IsNoAnswer);
        foreach (var group in late.GroupBy(call => (call.Call.ProcessId, Peer: call.Target?.Name ?? call.Value("fd"))))
        {
            var last = group.Last();
            yield return new Observation("no-answer", group.Key.ProcessId, $"{Observation.Who(last)}: nothing came from {group.Key.Peer} within {Observation.Human(last.Call.Duration!.Value)}, {Observation.Times(group.Count())}",
                [.. group.TakeLast(Observation.MostEvidence).Select(Observation.Line)], "what the other side did meanwhile", last.Call.EnterNs);
        }
    }
}
