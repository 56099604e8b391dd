namespace Plumb.Experiments.Measuring;

/// <summary>Milliseconds since the run began, monotonic.</summary>
public sealed class RunClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeProvider Time => time;

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public double Now => At(time.GetTimestamp());

    /// <param name="timestamp">Of the same clock (<see cref="TimeProvider.GetTimestamp"/>).</param>
    public double At(long timestamp) => time.GetElapsedTime(_start, timestamp).TotalMilliseconds;
}
