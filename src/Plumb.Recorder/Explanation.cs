using System.Globalization;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder;

/// <summary>A failed call that may be why a process ended badly.</summary>
/// <param name="Before">How long before the exit; null when the process did not exit in the recording.</param>
/// <param name="Times">How often the same call failed so in this process.</param>
public sealed record Suspect(DecodedCall Failure, DecodedCall? Exit, TimeSpan? Before, int Times, string Text);

/// <summary>
/// Reads a recording backwards from a bad exit: the last failed call that matters. What a program merely probed for and found later, and failures that are part of
/// normal work, are not blamed.
/// </summary>
public static class Explanation
{
    /// <summary>Failures that are how a call says "not now" or "no such option here".</summary>
    private static readonly HashSet<string> Normal = ["EAGAIN", "EINTR", "EINPROGRESS", "EALREADY", "ENOTTY", "ESPIPE", "ECHILD", "ENOSYS", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK", "ENOTSUP", "EOPNOTSUPP", "EISCONN"];

    /// <summary>Calls that look whether something is there.</summary>
    private static readonly HashSet<string> Probes = ["access", "faccessat", "faccessat2", "stat", "lstat", "newfstatat", "statx", "readlink", "readlinkat", "open", "openat", "openat2", "execve"];

    private static readonly HashSet<string> PathParameters = ["filename", "pathname", "path", "oldname", "newname"];

    /// <summary>One for each process that exited with another code than 0, in the order of their exits.</summary>
    public static IReadOnlyList<Suspect> Of(IReadOnlyList<DecodedCall> calls)
    {
        var suspects = new List<Suspect>();
        for (var index = 0; index < calls.Count; index++)
        {
            if (calls[index] is { Name: "exit_group" } exit && (exit.Call.Argument(0) & 0xFF) != 0 && Blame(calls, index) is { } failure)
            {
                suspects.Add(Suspect(calls, failure, exit));
            }
        }
        return suspects;
    }

    /// <summary>Looked for by the C library in every program, and fine without.</summary>
    private static readonly string[] Optional = ["/usr/share/locale", "/usr/lib/locale", "/etc/ld.so.preload", "/etc/ld.so.nohwcap", "/var/run/nscd/", "/run/nscd/"];

    /// <summary>The last failure of the hardest kind: a refusal or a failed connection before a missing file, a file that was looked for in one place before one of a search path.</summary>
    private static DecodedCall? Blame(IReadOnlyList<DecodedCall> calls, int exit)
    {
        var process = calls[exit].Call.ProcessId;
        DecodedCall? missing = null;
        DecodedCall? searched = null;
        for (var index = exit - 1; index >= 0; index--)
        {
            var call = calls[index];
            if (call.Call.ProcessId == process && call.Call is { IsExec: true, State: CallState.Returned, Error: 0 })
            {
                // What was before was another program: a wrapper, a shell, the runtime's own.
                break;
            }
            if (call.Call.ProcessId != process || call.Error is not { } error || Normal.Contains(error) || IsOptional(call))
            {
                continue;
            }
            if (error != "ENOENT" || !Probes.Contains(call.Name))
            {
                return call;
            }
            var elsewhere = Elsewhere(calls, index, exit, call);
            missing ??= elsewhere == Found.Nowhere ? call : null;
            searched ??= elsewhere == Found.LookedFor ? call : null;
        }
        return missing ?? searched;
    }

    /// <summary>A name in angle brackets is an interpreter looking for the source of text that it was given.</summary>
    private static bool IsOptional(DecodedCall call) =>
        FileName(call).StartsWith('<') || (PathOf(call) is { } path && Optional.Any(place => path.StartsWith($"\"{place}", StringComparison.Ordinal)));

    private enum Found
    {
        Nowhere,
        LookedFor,
        There,
    }

    /// <summary>Whether the same name was found by a later call, or at least looked for in another place.</summary>
    private static Found Elsewhere(IReadOnlyList<DecodedCall> calls, int from, int exit, DecodedCall missing)
    {
        var (name, path) = (FileName(missing), PathOf(missing));
        var found = Found.Nowhere;
        for (var index = 0; index < exit && name.Length > 0; index++)
        {
            var call = calls[index];
            if (call.Call.ProcessId != missing.Call.ProcessId || FileName(call) != name)
            {
                continue;
            }
            if (index > from && call.Call is { State: CallState.Returned, Error: 0 })
            {
                return Found.There;
            }
            found = PathOf(call) == path ? found : Found.LookedFor;
        }
        return found;
    }

    private static string? PathOf(DecodedCall call) => call.Parameters.Where(parameter => PathParameters.Contains(parameter.Name)).Select(parameter => parameter.Value).FirstOrDefault();

    private static string FileName(DecodedCall call)
    {
        var path = PathOf(call)?.TrimEnd('.').Trim('"') ?? "";
        return path[(path.LastIndexOf('/') + 1)..];
    }

    private static Suspect Suspect(IReadOnlyList<DecodedCall> calls, DecodedCall failure, DecodedCall exit)
    {
        var times = calls.Count(call => call.Call.ProcessId == failure.Call.ProcessId && call.Name == failure.Name && call.Error == failure.Error && Subject(call) == Subject(failure));
        var before = TimeSpan.FromTicks((long)(exit.Call.EnterNs - failure.Call.ExitNs) / 100);
        var code = exit.Call.Argument(0) & 0xFF;
        var often = times > 1 ? string.Create(CultureInfo.InvariantCulture, $", {times} times") : "";
        var user = failure.Error is "EACCES" or "EPERM" ? string.Create(CultureInfo.InvariantCulture, $" as user {failure.Call.UserId}") : "";
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{exit.Command} (process {exit.Call.ProcessId}) ended with {code}; its last failure that matters was {failure.Name}({Subject(failure)}) = {failure.Error} ({ErrorNames.Words(failure.Call.Error)}){user}, {Human(before)} before{often}");
        return new Suspect(failure, exit, before, times, text);
    }

    /// <summary>What the call was about: its path, its address, or all its parameters.</summary>
    private static string Subject(DecodedCall call) => PathOf(call) ?? call.Value("addr") ?? call.ParameterText;

    private static string Human(TimeSpan time) => time.TotalSeconds >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : time.TotalMilliseconds >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:0} µs");
}
