using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>Which failure before a bad end is the one that matters.</summary>
internal static class LastFailure
{
    /// <summary>Failures that are how a call says "not now" or "no such option here".</summary>
    private static readonly HashSet<string> Normal =
    [
        "EAGAIN", "EINTR", "EINPROGRESS", "EALREADY", "ENOTTY", "ESPIPE", "ECHILD", "ENOSYS", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK", "ENOTSUP", "EOPNOTSUPP", "EISCONN", "ENODATA",
    ];

    /// <summary>Calls that look whether something is there.</summary>
    private static readonly HashSet<string> Probes = ["access", "faccessat", "faccessat2", "stat", "lstat", "newfstatat", "statx", "statfs", "readlink", "readlinkat", "open", "openat", "openat2", "execve", "getxattr", "lgetxattr", "utimensat", "utime", "utimes", "chmod", "fchmodat", "chown", "fchownat"];

    /// <summary>Calls that fail when nothing happened in time, or when there is nothing to close: that is their work.</summary>
    private static readonly HashSet<string> Harmless = ["futex", "rt_sigtimedwait", "semtimedop", "close", "getpeername"];

    /// <summary>Looked for by the C library or busybox in every program, and fine without.</summary>
    private static readonly string[] Optional = ["/usr/share/locale", "/usr/lib/locale", "/etc/ld.so.preload", "/etc/ld.so.nohwcap", "/var/run/nscd/", "/run/nscd/", "/etc/busybox.conf"];

    /// <summary>Names that an interpreter looks for beside its modules: whether a directory is a package, whether one was compiled, whether there is an environment of its own.</summary>
    private static readonly string[] OfInterpreters = ["__init__.", "os.py", "pyvenv.cfg", "pybuilddir.txt", "dist-packages", "site-packages"];

    /// <summary>Calls that use a file, not only look for it.</summary>
    private static readonly HashSet<string> Uses = ["open", "openat", "openat2", "execve"];

    /// <summary>A program that made more calls of its own after it missed a file got over it; sooner when it had only looked for it.</summary>
    private const int MostCallsAfterUse = 500;
    private const int MostCallsAfterLook = 100;

    /// <summary>The last failure of the hardest kind: a refusal or a failed connection before a missing file, a file that was looked for in one place before one of a search path.</summary>
    /// <param name="seen">Failures that no single call tells, by the call at which the program knew.</param>
    public static Failure? Before(IReadOnlyList<DecodedCall> calls, BadEnd end, IReadOnlyDictionary<DecodedCall, Failure> seen)
    {
        var after = 0;
        Failure? givenUp = null;
        Failure? missing = null;
        Failure? searched = null;
        Lookups? lookups = null;
        for (var index = Math.Min(end.Index, calls.Count) - 1; index >= 0; index--)
        {
            var call = calls[index].Call;
            if (call.ProcessId == end.ProcessId && call is { IsExec: true, State: CallState.Returned, Error: 0 })
            {
                // What was before was another program: a wrapper, a shell, the runtime's own.
                break;
            }
            after += call.ProcessId == end.ProcessId ? 1 : 0;
            if (call.ProcessId != end.ProcessId || (seen.GetValueOrDefault(calls[index]) ?? Ordinary(calls[index])) is not { } failure)
            {
                continue;
            }
            if (failure.SinceNs > 0)
            {
                // Perhaps only because the program ended: what failed while it was under way counts more.
                givenUp ??= failure;
                continue;
            }
            if (givenUp is not null && call.EnterNs < givenUp.SinceNs)
            {
                return givenUp;
            }
            if (failure.Error != "ENOENT" || !Probes.Contains(failure.Name))
            {
                return failure.Error is "EMFILE" or "ENFILE" ? LeakPattern.First(calls, index) : failure;
            }
            if (after > (Uses.Contains(failure.Name) ? MostCallsAfterUse : MostCallsAfterLook))
            {
                continue;
            }
            var elsewhere = (lookups ??= new Lookups(calls, end)).Elsewhere(index, failure.Call);
            missing ??= elsewhere == Found.Nowhere ? failure : null;
            searched ??= elsewhere == Found.LookedFor ? failure : null;
        }
        return givenUp ?? (missing is null || (searched is not null && IsBetter(searched, missing)) ? searched ?? missing : missing);
    }

    /// <summary>A file that the program wanted to open in one of several places, and later than the one that is missing for sure. Libraries are looked for everywhere.</summary>
    private static bool IsBetter(Failure searched, Failure missing) =>
        searched.Call.Call.EnterNs > missing.Call.Call.EnterNs && Uses.Contains(searched.Name) && (!Uses.Contains(missing.Name) || !FileName(searched.Call).Contains(".so", StringComparison.Ordinal));

    /// <summary>A call that failed, and not as a part of normal work.</summary>
    private static Failure? Ordinary(DecodedCall call) =>
        Failure.Of(call) is { } failure && !Normal.Contains(failure.Error) && !Harmless.Contains(failure.Name) && !IsOptional(failure)
        && !(failure.Name is "readlink" or "readlinkat" && failure.Error == "EINVAL") ? failure : null;

    /// <summary>What programs look for and are fine without. A name in angle brackets is an interpreter looking for the source of text that it was given.</summary>
    public static bool IsOptional(Failure failure)
    {
        var (name, subject) = (FileName(failure.Call), failure.Subject.TrimStart('"').Replace("unix:", "", StringComparison.Ordinal));
        return name.StartsWith('<') || name.EndsWith(".pmc", StringComparison.Ordinal) || Optional.Any(place => subject.StartsWith(place, StringComparison.Ordinal))
            || (failure.Error == "ENOENT" && OfInterpreters.Any(part => name.StartsWith(part, StringComparison.Ordinal)));
    }

    private enum Found
    {
        Nowhere,
        LookedFor,
        There,
    }

    /// <summary>For each file name of a process: the paths under which it was looked for, and the last call that found it.</summary>
    private sealed class Lookups
    {
        private readonly Dictionary<string, (HashSet<string> Paths, int Found)> _names = [];

        public Lookups(IReadOnlyList<DecodedCall> calls, BadEnd end)
        {
            for (var index = 0; index < Math.Min(end.Index, calls.Count); index++)
            {
                if (calls[index].Call.ProcessId != end.ProcessId || Failure.PathOf(calls[index]) is not { } path)
                {
                    continue;
                }
                var name = FileName(calls[index]);
                var (paths, found) = _names.TryGetValue(name, out var known) ? known : ([], -1);
                paths.Add(path);
                _names[name] = (paths, calls[index].Call is { State: CallState.Returned, Error: 0 } ? index : found);
            }
        }

        /// <summary>Whether the same name was found by a later call, or at least looked for in another place.</summary>
        public Found Elsewhere(int index, DecodedCall missing) =>
            FileName(missing) is not { Length: > 0 } name || !_names.TryGetValue(name, out var known) ? Found.Nowhere
            : known.Found > index ? Found.There : known.Paths.Count > 1 ? Found.LookedFor : Found.Nowhere;
    }

    /// <summary>The other places in which the process looked for a file of that name before, and did not find it; as they were given, in quotes.</summary>
    public static IReadOnlyList<string> OtherPlaces(IReadOnlyList<DecodedCall> calls, Failure missing) =>
        [.. calls.TakeWhile(call => !ReferenceEquals(call, missing.Call)).Where(call => call.Call.ProcessId == missing.ProcessId && call.Error == "ENOENT" && FileName(call) == FileName(missing.Call))
            .Select(Failure.PathOf).OfType<string>().Where(path => path != missing.Subject).Distinct()];

    private static string FileName(DecodedCall call)
    {
        var path = Failure.PathOf(call)?.TrimEnd('.').Trim('"') ?? "";
        return path[(path.LastIndexOf('/') + 1)..];
    }
}
