using System.Globalization;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>What a failure means, by its errno.</summary>
internal static class FailurePatterns
{
    private static readonly Dictionary<string, (string Kind, string Meaning, string BlindSpot)> Meanings = new()
    {
        ["EACCES"] = ("refused-access", "was refused", "which rule refused it: the mode, an access list or a security module"),
        ["EPERM"] = ("refused-access", "was not permitted", "which right was missing"),
        ["EROFS"] = ("read-only", "is on a file system that is mounted read-only", "who mounted it so"),
        ["ENOSPC"] = ("no-space", "found no space left on the device", "whether blocks or inodes ran out, and who filled it"),
        ["EDQUOT"] = ("no-space", "is over its quota", "whose files fill the quota"),
        ["ECONNREFUSED"] = ("refused-connection", "was refused: nothing listens there, or a firewall rejects", "whether the other side was down or the address is wrong"),
        ["ETIMEDOUT"] = ("timed-out", "got no answer in time", "where on the way the packets were lost"),
        ["EHOSTUNREACH"] = ("unreachable", "found no way to the host", "which hop said so"),
        ["ENETUNREACH"] = ("unreachable", "found no route to the network", "why the route is missing"),
        ["ECONNRESET"] = ("reset", "was cut off by the other side", "why the other side closed it"),
        ["EPIPE"] = ("broken-pipe", "had nobody left at the other end", "why the reader went away"),
        ["EADDRINUSE"] = ("address-in-use", "is taken by another socket", "which process has it"),
        ["EADDRNOTAVAIL"] = ("address-not-available", "is no address of this machine", "which addresses it has"),
        ["EIO"] = ("io-error", "met an error of the device", "which device, and why"),
    };

    private static readonly HashSet<string> Waits = ["futex", "futex_wait", "rt_sigtimedwait", "epoll_wait", "semtimedop", "mq_timedreceive"];

    public static IEnumerable<Observation> Find(IReadOnlyList<DecodedCall> calls)
    {
        var groups = calls.Select(Failure.Of).OfType<Failure>().Where(failure => Meanings.ContainsKey(failure.Error) && !Waits.Contains(failure.Name))
            .GroupBy(failure => (failure.ProcessId, failure.Name, failure.Error, failure.Subject));
        foreach (var group in groups)
        {
            var failures = group.ToList();
            var (kind, meaning, blindSpot) = Meanings[group.Key.Error];
            var last = failures[^1];
            var access = kind == "refused-access" ? $" for user {last.Call.Call.UserId}{Mode(calls, last)}" : "";
            yield return new Observation(kind, group.Key.ProcessId, $"{Observation.Who(last.Call)}: {group.Key.Name}({group.Key.Subject}) {meaning}{access}, {group.Key.Error} {Observation.Times(failures.Count)}",
                [.. failures.TakeLast(Observation.MostEvidence).Select(failure => Observation.Line(failure.Call))], blindSpot, last.Call.Call.EnterNs) { Failure = last };
        }
    }

    /// <summary>Memory that the kernel did not give; one line for a process, because a program that gets none asks again in another way. brk does not fail by an errno: it gives the old end.</summary>
    public static IEnumerable<Observation> FindMemory(IReadOnlyList<DecodedCall> calls)
    {
        var refused = calls.Where(call => call.Error == "ENOMEM" || (call is { Name: "brk", Call.State: CallState.Returned } && call.Call.Argument(0) > (ulong)call.Call.Return));
        foreach (var group in refused.GroupBy(call => call.Call.ProcessId))
        {
            var last = group.Last();
            var how = string.Join(", ", group.GroupBy(call => call.Name).Select(name => $"{name.Key} {Observation.Times(name.Count())}"));
            yield return new Observation("no-memory", group.Key, $"{Observation.Who(last)}: no memory for {how}; {MemoryLimit(calls, group.Key)}",
                [.. group.TakeLast(Observation.MostEvidence).Select(Observation.Line)], "how much memory was in use", last.Call.EnterNs) { Failure = group.Select(Failure.Of).LastOrDefault(failure => failure is not null) };
        }
    }

    /// <summary>Whose limit it is: the container's own does not refuse, it kills.</summary>
    public static string MemoryLimit(IReadOnlyList<DecodedCall> calls, int process) =>
        ResourceLimit.Of(calls, process, "RLIMIT_AS") is { } limit ? $"its address space is limited to {ResourceLimit.Bytes(limit)} (ulimit -v)"
        : "a limit of the address space (ulimit -v), of data (ulimit -d) or of commitments, not the container's memory limit, which kills";

    /// <summary>The mode that some call saw of the same file.</summary>
    public static string Mode(IReadOnlyList<DecodedCall> calls, Failure failure)
    {
        var path = failure.Call.Path;
        var seen = path is null ? null : calls.LastOrDefault(call => call.Path == path && call.Value("statbuf") is { } status && status.StartsWith("{st_mode=", StringComparison.Ordinal))?.Value("statbuf");
        return seen is null ? "" : string.Create(CultureInfo.InvariantCulture, $", the file's mode is {seen["{st_mode=".Length..].Split(',')[0]}");
    }
}
