using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>What name servers were asked, and what they answered.</summary>
internal static class NamePatterns
{
    private const string DnsPort = ":53";

    /// <summary>At most so many names of a search list stand in a line.</summary>
    private const int MostNames = 6;

    private static readonly HashSet<string> Sends = ["sendto", "sendmsg", "sendmmsg", "write", "writev"];
    private static readonly HashSet<string> Receives = ["recvfrom", "recvmsg", "recvmmsg", "read", "readv"];

    public static IEnumerable<Observation> Find(IReadOnlyList<DecodedCall> calls)
    {
        var toServers = calls.Select(call => (Call: call, Server: Server(call))).Where(one => one.Server is not null);
        foreach (var group in toServers.GroupBy(one => (one.Call.Call.ProcessId, Server: one.Server!), one => one.Call))
        {
            if (Silent(group.Key.Server, [.. group]) is { } silent)
            {
                yield return silent;
            }
        }
        foreach (var process in calls.Where(call => Server(call) is not null).Select(call => call.Call.ProcessId).Distinct())
        {
            if (NotFound([.. calls.Where(call => call.Call.ProcessId == process)]) is { } notFound)
            {
                yield return notFound;
            }
        }
    }

    /// <summary>The name that the process had asked a name server for last, as far as it is known; null when there is none.</summary>
    /// <param name="failure">Of a connection.</param>
    public static string? AskedBefore(IReadOnlyList<DecodedCall> calls, Failure failure) =>
        calls.TakeWhile(call => !ReferenceEquals(call, failure.Call)).Where(call => call.Call.ProcessId == failure.ProcessId && IsQuestion(call)).Select(call => call.Dns!.Name).LastOrDefault();

    public static bool IsOfNameServer(DecodedCall call) => Server(call) is not null;

    private static string? Server(DecodedCall call) =>
        (call.Target?.Peer ?? (call.Name == "sendto" ? call.Value("addr") : null)) is { } server && server.EndsWith(DnsPort, StringComparison.Ordinal) ? server : null;

    private static bool IsQuestion(DecodedCall call) => call.Dns is { IsAnswer: false } && Sends.Contains(call.Name);

    private static bool IsAnswered(DecodedCall call) => Receives.Contains(call.Name) && call.Call is { State: CallState.Returned, Return: > 0 };

    private static Observation? Silent(string server, List<DecodedCall> calls)
    {
        var asked = calls.Where(call => Sends.Contains(call.Name)).ToList();
        var failed = calls.Where(call => call.Error is not null and not ("EAGAIN" or "EINPROGRESS")).ToList();
        if (calls.Exists(IsAnswered) || asked.Count + failed.Count == 0)
        {
            return null;
        }
        var last = calls[^1];
        var refused = failed.Count > 0 ? $": {failed[^1].Error} ({ErrorNames.Words(failed[^1].Call.Error)})" : "";
        var names = Names(asked);
        var what = $"asked {Observation.Times(asked.Count)}{(names.Count > 0 ? $" for {Words(names)}" : "")}{refused}";
        return new Observation("dns", last.Call.ProcessId, $"{Observation.Who(last)}: the name server {server} did not answer, {what}", [.. (failed.Count > 0 ? failed : asked).TakeLast(Observation.MostEvidence).Select(Observation.Line)],
            names.Count > 0 ? "whether the server was down or the way to it" : "which name was asked for", last.Call.EnterNs)
        { Failure = new Failure(last, "lookup", "ETIMEDOUT", server) { Words = $"the silence of the name server {server}, {what}" } };
    }

    /// <summary>The last name that was asked for was answered with nothing, and nothing was connected to afterwards. A search list tries a short name under several domains.</summary>
    private static Observation? NotFound(List<DecodedCall> calls)
    {
        var end = calls.FindLastIndex(call => Server(call) is not null && IsAnswered(call));
        if (end < 0 || calls[end].Dns is not { IsAnswer: true } answer || answer is { ResponseCode: 0, Answers: > 0 } || calls.Skip(end).Any(call => call.Name == "connect" && call.Call.State == CallState.Returned && Server(call) is null && call.Value("addr") is { } to && !to.StartsWith("unix:", StringComparison.Ordinal)))
        {
            return null;
        }
        // Both an address of version 4 and one of version 6 are asked for: one of the two is enough.
        var lookups = calls.Take(end + 1).Where(call => call.Dns is not null).Reverse().TakeWhile(call => FirstLabel(call.Dns!) == FirstLabel(answer)).Reverse().ToList();
        if (lookups.Exists(call => call.Dns is { IsAnswer: true, ResponseCode: 0, Answers: > 0 }))
        {
            return null;
        }
        var (last, server, names) = (calls[end], Server(calls[end])!, Names(lookups));
        var results = lookups.Where(call => call.Dns!.IsAnswer).GroupBy(call => call.Dns!.Result).Select(result => result.Key + (names.Count > 1 ? $" to {Words(Names([.. result]))}" : ""));
        var text = $"the lookup of {names[^1]}: {server} answered {string.Join(" and ", results)}";
        return new Observation("dns", last.Call.ProcessId, $"{Observation.Who(last)}: {text}", [.. lookups.TakeLast(Observation.MostEvidence).Select(Observation.Line)], "whether the name is wrong, or what it stands for is not there", last.Call.EnterNs)
        { Failure = new Failure(last, "lookup", answer.Result, names[^1]) { Words = text } };
    }

    /// <summary>A name that was asked for and answered, with nothing connected to afterwards, where the answer is not in the recording: worth a word when there is no other failure.</summary>
    public static Observation? Unseen(IReadOnlyList<DecodedCall> calls, BadEnd end)
    {
        List<DecodedCall> own = [.. calls.Take(end.Index).Where(call => call.Call.ProcessId == end.ProcessId && (IsQuestion(call) || (Server(call) is null ? call.Name == "connect" : IsAnswered(call))))];
        var names = Names([.. own.Where(IsQuestion)]);
        if (names.Count == 0 || own[^1] is not { Dns: null } answer || Server(answer) is not { } server || !IsAnswered(answer))
        {
            return null;
        }
        return new Observation("dns", end.ProcessId, $"{Observation.Who(answer)}: {names[^1]} was asked for", [.. own.Where(IsQuestion).TakeLast(Observation.MostEvidence).Select(Observation.Line)], "what was answered: it was read with a call whose data is not kept", answer.Call.EnterNs)
        { Failure = new Failure(answer, "lookup", "", names[^1]) { Words = $"perhaps the lookup of {names[^1]}, for {server} was asked for {Words(names)} and nothing was connected to after its answer" } };
    }

    private static string FirstLabel(DnsMessage message) => message.Name.Split('.')[0];

    private static List<string> Names(List<DecodedCall> calls) => [.. calls.Where(call => call.Dns is not null).Select(call => call.Dns!.Name + (call.Dns.IsCut ? "…" : "")).Distinct()];

    private static string Words(List<string> names) => string.Join(", ", names.Take(MostNames)) + (names.Count > MostNames ? $" and {names.Count - MostNames} more" : "");
}
