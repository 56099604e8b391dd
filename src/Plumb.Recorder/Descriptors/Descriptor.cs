namespace Plumb.Recorder.Descriptors;

/// <summary>What an open descriptor refers to.</summary>
/// <param name="Kind">file, TCP, UDP, UNIX, pipe, epoll, eventfd, …</param>
/// <param name="Name">Shown in angle brackets behind the number, escaped: /etc/passwd, TCP 10.0.0.4:41022->10.96.0.1:443.</param>
/// <param name="SinceNs">CLOCK_MONOTONIC when it was made; 0: before the recording.</param>
public sealed record Descriptor(string Kind, string Name, bool ClosesOnExec = false, ulong SinceNs = 0)
{
    public const string File = "file";

    /// <summary>Of a socket; null when it is not known.</summary>
    public string? Local { get; init; }

    /// <summary>Of a connected socket; null when it is not known.</summary>
    public string? Peer { get; init; }

    public bool IsSocket => Kind is not (File or "pipe" or "epoll" or "eventfd" or "timerfd" or "signalfd" or "inotify" or "pidfd" or "memfd" or "other");

    internal static Descriptor Socket(string kind, string? local, string? peer, bool closesOnExec, ulong sinceNs)
    {
        var ends = (local, peer) switch { (null, null) => "", (_, null) => " " + local, (null, _) => " ->" + peer, _ => $" {local}->{peer}" };
        return new Descriptor(kind, kind + ends, closesOnExec, sinceNs) { Local = local, Peer = peer };
    }
}
