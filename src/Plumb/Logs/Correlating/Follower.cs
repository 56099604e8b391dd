using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Plumb.Core;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Correlating;

/// <summary>The lines of one request as they are written, from files that grow and from a cluster's pods, those that come later too.</summary>
/// <param name="pods">Null when only files are followed.</param>
public sealed class Follower(IReadOnlyList<LogSource> sources, PodStreams? pods, IdForms id, TimeProvider time)
{
    private const int MostWaiting = 1_000;

    /// <summary>Why it ended; null while it goes on, and when it was cancelled.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>Ends when it is cancelled, or with a <see cref="Problem"/>.</summary>
    public async IAsyncEnumerable<TimelineLine> LinesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var lines = Channel.CreateBounded<TimelineLine>(MostWaiting);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = Task.WhenAll([.. sources.Where(source => source.Container is null).Select(source => FileAsync(source, lines.Writer, stop.Token)), PodsAsync(lines.Writer, stop.Token)]);
        _ = reading.ContinueWith(done => lines.Writer.TryComplete(done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(cancellation))
            {
                yield return line;
            }
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    private async Task FileAsync(LogSource source, ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        // From where the search ended, so that no line is missed in between.
        await using var file = new TailStream(source.Path, source.Bytes, time);
        await new FollowedStream(source, id, time).ReadAsync(file, source.Bytes, stamped: false, lines, cancellation);
    }

    private async Task PodsAsync(ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        if (pods is not null && await pods.RunAsync(sources, source => new FollowedStream(source, id, time), lines, cancellation) is { } problem)
        {
            Problem = problem;
            // The files alone are not what was asked for.
            lines.TryComplete();
        }
    }
}
