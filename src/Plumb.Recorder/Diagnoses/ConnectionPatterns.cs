using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>What only several calls on a socket tell: connections that were given up, answers that did not come.</summary>
internal static class ConnectionPatterns
{
    /// <summary>A read that gave up after so long had a time limit.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromMilliseconds(100);

    private const string ToRead = "events=POLLIN";

    private static readonly HashSet<string> Sends = ["sendto", "sendmsg", "sendmmsg", "write", "writev"];
    private static readonly HashSet<string> Receives = ["recvfrom", "recvmsg", "recvmmsg", "read", "readv"];

    public static IEnumerable<Observation> Find(IReadOnlyList<DecodedCall> calls) => [.. GivenUp(calls), .. NoAnswer(calls)];

    /// <summary>A connect that was under way when its socket was closed, its process ended, or a signal (an alarm) broke it off.</summary>
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
            else if (call is { Name: "connect", Error: "EINTR" or "ERESTARTSYS", Call.Duration: { } waited } && waited >= LongWait)
            {
                yield return GivenUp(call, call, waited);
            }
            else if (call.Name is "getsockopt" or "getpeername" || (Sends.Contains(call.Name) && call.Error is null))
            {
                underWay.Remove(key);
            }
            else if (call.Name == "close" && underWay.Remove(key, out var connect))
            {
                yield return GivenUp(connect, call, Observation.Nanoseconds(call.Call.EnterNs - connect.Call.EnterNs));
            }
            else if (call.Name == "exit_group")
            {
                foreach (var open in underWay.Where(one => one.Key.Process == call.Call.ProcessId).ToList())
                {
                    underWay.Remove(open.Key);
                    yield return GivenUp(open.Value, open.Value, Observation.Nanoseconds(call.Call.EnterNs - open.Value.Call.EnterNs));
                }
            }
        }
    }

    private static Observation GivenUp(DecodedCall connect, DecodedCall end, TimeSpan after)
    {
        var address = connect.Value("addr") ?? "?";
        return new Observation("timed-out", end.Call.ProcessId, $"{Observation.Who(end)}: the connection to {address} was not made after {Observation.Human(after)}, and was given up",
            [.. new[] { connect, end }.Distinct().Select(Observation.Line)], "where on the way the packets were lost", end.Call.EnterNs)
        { Failure = new Failure(end, "connect", "ETIMEDOUT", address) { Words = $"connect({address}), given up without an answer after {Observation.Human(after)}", SinceNs = connect.Call.EnterNs } };
    }

    /// <summary>EAGAIN of a socket with a time limit; one that does not block gives it at once.</summary>
    private static bool IsNoAnswer(DecodedCall call) => call.Error is "EAGAIN" or "ERESTARTSYS" && Receives.Contains(call.Name) && call.Call.Duration >= LongWait;

    /// <summary>A read of a connection, or a wait for something to read.</summary>
    public static bool IsReceive(DecodedCall call) => Receives.Contains(call.Name) || call.Value("fds")?.Contains(ToRead, StringComparison.Ordinal) == true;

    /// <summary>A wait for one connection that ended with nothing; who waits for several is an event loop that has time.</summary>
    private static bool IsWait(DecodedCall call) => call is { Name: "poll" or "ppoll", Call: { State: CallState.Returned, Return: 0 } } && call.Call.Argument(1) == 1 && call.Call.Duration >= LongWait
        && call.Value("fds")?.Contains(ToRead, StringComparison.Ordinal) == true;

    /// <summary>Reads that waited in vain. Of polls only those that came after a request: an idle connection has nothing to answer.</summary>
    private static IEnumerable<Observation> NoAnswer(IReadOnlyList<DecodedCall> calls)
    {
        var late = new List<(DecodedCall Call, string Peer)>();
        var asked = new HashSet<(int Process, string Peer)>();
        foreach (var call in calls.Where(call => !NamePatterns.IsOfNameServer(call)))
        {
            if (IsNoAnswer(call))
            {
                late.Add((call, call.Target?.Name ?? call.Value("fd") ?? "?"));
            }
            else if (call.Target?.Peer is not null && call.Error is null && (Sends.Contains(call.Name) || Receives.Contains(call.Name)))
            {
                _ = Sends.Contains(call.Name) ? asked.Add((call.Call.ProcessId, call.Target.Name)) : asked.Remove((call.Call.ProcessId, call.Target.Name));
            }
            else if (IsWait(call) && Polled(call) is { } peer && asked.Contains((call.Call.ProcessId, peer)))
            {
                late.Add((call, peer));
            }
        }
        foreach (var group in late.GroupBy(one => (one.Call.Call.ProcessId, one.Peer), one => one.Call))
        {
            var last = group.Last();
            var waited = Observation.Human(last.Call.Duration!.Value);
            yield return new Observation("no-answer", group.Key.ProcessId, $"{Observation.Who(last)}: nothing came from {group.Key.Peer} within {waited}, {Observation.Times(group.Count())}",
                [.. group.TakeLast(Observation.MostEvidence).Select(Observation.Line)], "what the other side did meanwhile", last.Call.EnterNs)
            { Failure = new Failure(last, last.Name, last.Error ?? "ETIMEDOUT", group.Key.Peer) { Words = last.Error == "EAGAIN" ? null : $"{last.Name}({group.Key.Peer}), which waited {waited} for nothing" } };
        }
    }

    /// <summary>TCP 10.0.0.4:41022->10.96.0.1:443 of [{fd=4&lt;TCP …>, events=POLLIN}]</summary>
    public static string? Polled(DecodedCall call) =>
        call.Name is "poll" or "ppoll" && call.Value("fds") is { } fds && fds.IndexOf('<', StringComparison.Ordinal) is >= 0 and var from && fds.IndexOf(">, events", StringComparison.Ordinal) is var to && to > from ? fds[(from + 1)..to] : null;
}
