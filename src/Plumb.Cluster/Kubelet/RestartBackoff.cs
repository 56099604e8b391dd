using System.Globalization;

namespace Plumb.Cluster.Kubelet;

/// <summary>
/// How long a container that ended waits before it is started again: not at all the first time, then 10 s, doubling to five minutes;
/// forgotten when it ran long enough.
/// </summary>
internal sealed class RestartBackoff(TimeProvider time)
{
    public static readonly TimeSpan Initial = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    private DateTimeOffset _lastStart;

    /// <summary>The present wait; zero before the first restart.</summary>
    public TimeSpan Current { get; private set; }

    /// <summary>What is left of the wait for a container that ended at that time.</summary>
    public TimeSpan Remaining(DateTimeOffset endedAt)
    {
        if (Current == TimeSpan.Zero || IsForgotten(endedAt))
        {
            return TimeSpan.Zero;
        }
        var left = endedAt + Current - time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Counts a restart (or a failed try): the next wait is longer.</summary>
    public void Started()
    {
        var now = time.GetUtcNow();
        Current = Current == TimeSpan.Zero || IsForgotten(now) ? Initial : TimeSpan.FromTicks(Math.Min(Current.Ticks * 2, Longest.Ticks));
        _lastStart = now;
    }

    /// <summary>As Go writes durations: <c>10s</c>, <c>1m20s</c>, <c>5m0s</c>.</summary>
    public static string Text(TimeSpan duration) =>
        duration.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)duration.TotalMinutes}m{duration.Seconds}s")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)duration.TotalSeconds}s");

    private bool IsForgotten(DateTimeOffset at) => at - _lastStart > Longest * 2;
}
