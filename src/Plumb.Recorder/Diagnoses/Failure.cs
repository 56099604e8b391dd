using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Diagnoses;

/// <summary>A call that failed, also one whose failure was told later: connect, by SO_ERROR.</summary>
/// <param name="Name">Of the call that the failure is of.</param>
/// <param name="Subject">What it was about: a path in quotes, an address, or all its parameters.</param>
public sealed record Failure(DecodedCall Call, string Name, string Error, string Subject)
{
    private static readonly HashSet<string> PathParameters = ["filename", "pathname", "path", "oldname", "newname"];

    public int ProcessId => Call.Call.ProcessId;

    /// <summary>The same call failed so about the same thing.</summary>
    public bool IsLike(Failure other) => (ProcessId, Name, Error, Subject) == (other.ProcessId, other.Name, other.Error, other.Subject);

    /// <summary>In words, where no call returned the error: connect(10.0.0.1:80), given up after 3.0 s.</summary>
    public string? Words { get; init; }

    /// <summary>CLOCK_MONOTONIC since when a connection that was given up was under way; 0 where a call failed.</summary>
    public ulong SinceNs { get; init; }

    /// <summary>openat("/etc/app.conf") = ENOENT (No such file or directory)</summary>
    public string Text => Words ?? $"{Name}({Subject}) = {Error} ({ErrorNames.WordsOf(Error)}){(Name != Call.Name ? ", told by SO_ERROR" : "")}";

    /// <summary>Null when it did not fail.</summary>
    public static Failure? Of(DecodedCall call)
    {
        if (call.Error is { } error)
        {
            return new Failure(call, call.Name, error, SubjectOf(call));
        }
        // A socket that does not block gives the outcome of its connect here.
        return call is { Name: "getsockopt", Call.State: CallState.Returned } && call.Value("optname") == "SO_ERROR" && call.Value("optval") is ['[', 'E', .. var rest]
            ? new Failure(call, "connect", "E" + rest[..^1], call.Target?.Peer ?? call.Value("fd") ?? "") : null;
    }

    /// <summary>As it was given, in quotes; null when the call names no path.</summary>
    public static string? PathOf(DecodedCall call) => call.Parameters.Where(parameter => PathParameters.Contains(parameter.Name)).Select(parameter => parameter.Value).FirstOrDefault();

    private static string SubjectOf(DecodedCall call) =>
        PathOf(call) ?? (call.Name is "mmap" or "mremap" ? Observation.Bytes(call.Call.Argument(1)) : call.Name is "connect" or "bind" or "sendto" && call.Value("addr") is { } address and not "NULL" ? address : call.Target is { } target ? target.Name : call.ParameterText);
}
