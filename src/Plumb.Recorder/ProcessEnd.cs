using Plumb.Recorder.Saved;

namespace Plumb.Recorder;

/// <summary>How a process ended, from who saw it: calls do not tell of a signal.</summary>
/// <param name="ProcessId">As calls have it; 0: the first process of the recording.</param>
/// <param name="ExitCode">Null when a signal ended it.</param>
/// <param name="Signal">Null when it exited by itself.</param>
/// <param name="OomKilled">The kernel killed it because its cgroup was out of memory.</param>
public sealed record ProcessEnd(int ProcessId, int? ExitCode, int? Signal, bool OomKilled, DateTimeOffset At)
{
    /// <summary>128 + n is how a shell and a runtime write signal n.</summary>
    private const int SignalOffset = 128;

    /// <summary>Codes above are no signal's: perl ends with 255.</summary>
    private const int MostSignals = 64;

    /// <param name="code">An exit code, or 128 + n for signal n.</param>
    public static ProcessEnd Of(int processId, int code, bool oomKilled, DateTimeOffset at) =>
        code is > SignalOffset and <= SignalOffset + MostSignals ? new ProcessEnd(processId, null, code - SignalOffset, oomKilled, at) : new ProcessEnd(processId, code, null, oomKilled, at);

    /// <summary>Of the container that a recording is of; null when it had not ended.</summary>
    public static ProcessEnd? Of(RecordingInfo info) => info.Reason switch
    {
        SaveReason.Exit or SaveReason.OutOfMemory => Of(0, info.ExitCode ?? SignalOffset + 9, info.Reason == SaveReason.OutOfMemory, info.At),
        _ => null,
    };
}
