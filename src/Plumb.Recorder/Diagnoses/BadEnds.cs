using System.Globalization;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>A process that ended badly.</summary>
/// <param name="How">ended with 1 · was ended by SIGSEGV · was killed by the kernel for lack of memory</param>
/// <param name="AtNs">CLOCK_MONOTONIC.</param>
/// <param name="Index">Of the first call that came after it.</param>
/// <param name="Exit">The call by which it ended itself; null when a signal did.</param>
/// <param name="Sender">The call by which somebody sent that signal; null when it was not seen.</param>
internal sealed record BadEnd(int ProcessId, string How, ulong AtNs, int Index, DecodedCall? Exit, bool OomKilled = false, DecodedCall? Sender = null);

/// <summary>Finds the bad ends: exits that are not 0, and signals that somebody told of, that a parent waited for, or that a process sent to itself.</summary>
internal static class BadEnds
{
    private static readonly HashSet<string> Killers = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal"];

    /// <summary>Signals that end nobody by default.</summary>
    private static readonly HashSet<string> Harmless = ["0", "SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"];

    public static IReadOnlyList<BadEnd> Find(IReadOnlyList<DecodedCall> calls, IReadOnlyList<ProcessEnd> told, DateTimeOffset? origin)
    {
        var found = new Dictionary<int, BadEnd>();
        var exited = new HashSet<int>();
        for (var index = 0; index < calls.Count; index++)
        {
            if (calls[index] is { Name: "exit_group" } exit)
            {
                exited.Add(exit.Call.ProcessId);
                if (Code(exit) is > 0 and var code)
                {
                    found[exit.Call.ProcessId] = new BadEnd(exit.Call.ProcessId, string.Create(CultureInfo.InvariantCulture, $"ended with {code}"), exit.Call.EnterNs, index, exit);
                }
            }
        }
        foreach (var end in told.Where(end => end.Signal is not null || end.OomKilled || end.ExitCode is not (null or 0)))
        {
            var process = end.ProcessId != 0 ? end.ProcessId : First(calls);
            if (!exited.Contains(process) && process != 0)
            {
                found.TryAdd(process, OfSignal(calls, process, end.OomKilled ? null : end.Signal is { } signal ? Constants.Signal(signal) : $"exit code {end.ExitCode}", end.OomKilled, NsOf(end, origin)));
            }
        }
        foreach (var (process, signal) in Waited(calls).Concat(Suicides(calls)).Where(one => !exited.Contains(one.Process)))
        {
            found.TryAdd(process, OfSignal(calls, process, signal, false, null));
        }
        return [.. found.Values.OrderBy(end => end.AtNs)];
    }

    /// <summary>Processes that only passed an end on, with the one that they have it from: a shell ends as the child did for which it waited last. One of each process.</summary>
    /// <param name="ends">In the order of their time.</param>
    public static IReadOnlyDictionary<int, int> PassedOn(IReadOnlyList<DecodedCall> calls, IReadOnlyList<BadEnd> ends)
    {
        var waited = new Dictionary<int, DecodedCall>();
        var began = new Dictionary<int, ulong>();
        foreach (var call in calls)
        {
            began.TryAdd(call.Call.ProcessId, call.Call.EnterNs);
            if (call is { Name: "wait4", Call.Return: > 0 })
            {
                waited[call.Call.ProcessId] = call;
            }
        }
        var passedOn = new Dictionary<int, int>();
        var last = new Dictionary<ulong, BadEnd>();
        foreach (var end in ends.Where(end => end.Exit is not null))
        {
            var code = Code(end.Exit!);
            if (last.TryGetValue(code, out var child) && child.AtNs >= began[end.ProcessId] && waited.TryGetValue(end.ProcessId, out var wait) && wait.Call.ExitNs > child.AtNs
                && wait.Value("status")?.Contains(string.Create(CultureInfo.InvariantCulture, $"WEXITSTATUS(s) == {code}}}"), StringComparison.Ordinal) == true)
            {
                passedOn[end.ProcessId] = passedOn.GetValueOrDefault(child.ProcessId, child.ProcessId);
            }
            last[code] = end;
        }
        return passedOn;
    }

    private static ulong Code(DecodedCall exit) => exit.Call.Argument(0) & 0xFF;

    private static int First(IReadOnlyList<DecodedCall> calls) => calls.Count == 0 ? 0 : calls.FirstOrDefault(call => call.Call.Position == 1)?.Call.ProcessId ?? calls.Min(call => call.Call.ProcessId);

    private static ulong? NsOf(ProcessEnd end, DateTimeOffset? origin) => origin is { } zero && end.At > zero ? (ulong)(end.At - zero).Ticks * 100 : null;

    private static BadEnd OfSignal(IReadOnlyList<DecodedCall> calls, int process, string? signal, bool oom, ulong? atNs)
    {
        var last = Enumerable.Range(0, calls.Count).LastOrDefault(index => calls[index].Call.ProcessId == process, -1);
        var end = last < 0 ? 0 : Math.Max(calls[last].Call.ExitNs, calls[last].Call.EnterNs);
        var how = oom ? "was killed by the kernel: its container was out of memory" : signal!.StartsWith("exit", StringComparison.Ordinal) ? $"ended with {signal}, which no call of the recording shows" : $"was ended by {signal}";
        var sender = calls.LastOrDefault(call => Killers.Contains(call.Name) && call.Value("sig") == signal && call.Error is null && Target(calls, call) == process);
        return new BadEnd(process, how, Math.Max(end, atNs ?? end), last + 1, null, oom, sender);
    }

    /// <summary>What a parent was told of its child; by the child's number, where parent and recording share it.</summary>
    private static IEnumerable<(int Process, string Signal)> Waited(IReadOnlyList<DecodedCall> calls)
    {
        const string Ended = "WTERMSIG(s) == ";
        foreach (var wait in calls.Where(call => call is { Name: "wait4", Call.Return: > 0 }))
        {
            if (wait.Value("status") is { } status && status.IndexOf(Ended, StringComparison.Ordinal) is >= 0 and var at && calls.Any(call => call.Call.ProcessId == (int)wait.Call.Return))
            {
                yield return ((int)wait.Call.Return, status[(at + Ended.Length)..].Split('}', ' ')[0]);
            }
        }
    }

    /// <summary>A deadly signal to itself, as abort() sends it, and no call after it.</summary>
    private static IEnumerable<(int Process, string Signal)> Suicides(IReadOnlyList<DecodedCall> calls)
    {
        foreach (var last in calls.GroupBy(call => call.Call.ProcessId).Select(process => process.Last()))
        {
            if (Killers.Contains(last.Name) && last.Error is null && last.Value("sig") is { } signal && !Harmless.Contains(signal) && Target(calls, last) == last.Call.ProcessId)
            {
                yield return (last.Call.ProcessId, signal);
            }
        }
    }

    /// <summary>Whom a signal goes to. In a process namespace of its own a program knows itself by the number that getpid gave it.</summary>
    private static int Target(IReadOnlyList<DecodedCall> calls, DecodedCall kill)
    {
        var number = (int)kill.Call.Argument(0);
        var own = calls.LastOrDefault(call => call.Call.ProcessId == kill.Call.ProcessId && call.Name == "getpid")?.Call.Return;
        return number == own || (kill.Name == "tkill" && number == kill.Call.ThreadId) ? kill.Call.ProcessId : number;
    }
}
