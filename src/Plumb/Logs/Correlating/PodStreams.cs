using System.Collections.Concurrent;
using System.Threading.Channels;
using Plumb.Core;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;
using Plumb.Platform.Kubernetes;

namespace Plumb.Logs.Correlating;

/// <summary>
/// Follows the logs of a cluster's pods: a watch tells which containers run, each one's log is streamed from where the search ended, and a pod that comes later is
/// followed from its beginning.
/// </summary>
public sealed class PodStreams(KubeClient client, PodLogRequest request, TimeProvider time)
{
    private const int MostBreaks = 20;

    /// <summary>Kubernetes counts in whole seconds what is young enough; lines that were seen already are left out by their stamps.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Task> _open = [];
    private readonly TaskCompletionSource<Problem> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <returns>Why it cannot go on. It ends otherwise only by being cancelled.</returns>
    internal async Task<Problem?> RunAsync(IReadOnlyList<LogSource> searched, Func<LogSource, FollowedStream> follow, ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watching = WatchAsync(searched, follow, lines, stop.Token);
        var problem = await await Task.WhenAny(watching, _failed.Task);
        await stop.CancelAsync();
        await Task.WhenAll(_open.Values.Append(watching)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        return problem;
    }

    private async Task<Problem> WatchAsync(IReadOnlyList<LogSource> searched, Func<LogSource, FollowedStream> follow, ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        var selector = request.Selector is null ? null : new KubeSelector(request.Selector);
        await foreach (var happened in client.WatchAsync(KubeResource.Pods, request.Namespace, selector, null, cancellation))
        {
            switch (happened)
            {
                case KubeWatchEvent.Changed { Type: not KubeChangeType.Deleted, Object: var pod }:
                    foreach (var status in pod.Json.Field("status").Items("containerStatuses"))
                    {
                        var container = status.Text("name") ?? "";
                        var state = status.Field("state");
                        // Each run of a container has a log of its own.
                        var run = $"{pod.Uid}/{container}/{status.Number("restartCount") ?? 0}";
                        if ((state.Field("running").ValueKind == System.Text.Json.JsonValueKind.Object || state.Field("terminated").ValueKind == System.Text.Json.JsonValueKind.Object) && !_open.ContainsKey(run))
                        {
                            var source = PodLogs.Source(pod, container);
                            _open[run] = StreamAsync(run, source.Container!, Begin(follow(source), searched, source.Container!), lines, cancellation);
                        }
                    }
                    break;
                case KubeWatchEvent.Failed failed:
                    return PodLogs.Of(failed.Cause);
            }
        }
        return new Problem("the watch of the pods ended", "Start again");
    }

    private async Task StreamAsync(string run, PodContainer container, FollowedStream stream, ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        for (var breaks = 0; breaks < MostBreaks; breaks++)
        {
            var age = stream.SeenTicks == 0 ? (TimeSpan?)null : time.GetUtcNow() - new DateTimeOffset(stream.SeenTicks, TimeSpan.Zero) + Overlap;
            var opened = await client.LogAsync(container.Namespace, container.Pod, new KubeLogRequest(container.Name, Follow: true, Since: age < Overlap ? Overlap : age, Timestamps: true), cancellation);
            if (!opened.IsSuccess)
            {
                if (opened.Error.Kind is KubeErrorKind.NotFound || opened.Error.StatusCode is 400)
                {
                    // The pod went meanwhile, or its container has no log yet; the watch tells when it has.
                    _open.TryRemove(run, out _);
                    return;
                }
                _failed.TrySetResult(PodLogs.Of(opened.Error));
                return;
            }
            using var log = opened.Value;
            try
            {
                await using var bytes = await log.BytesAsync(cancellation);
                await stream.ReadAsync(bytes, 0, stamped: true, lines, cancellation);
                return;
            }
            catch (Exception error) when (error is IOException or HttpRequestException && !cancellation.IsCancellationRequested)
            {
                await Task.Delay(Pause, time, cancellation);
            }
        }
        _failed.TrySetResult(new Problem($"the log of {container} broke off {MostBreaks} times", "What it says meanwhile is not shown; start again"));
    }

    /// <summary>What the search has read of this container is not shown again.</summary>
    private FollowedStream Begin(FollowedStream stream, IReadOnlyList<LogSource> searched, PodContainer container)
    {
        foreach (var source in searched)
        {
            if (source.Container == container)
            {
                stream.SeenTicks = Math.Max(stream.SeenTicks, LastStamp(source));
            }
        }
        return stream;
    }

    private long LastStamp(LogSource source)
    {
        using var files = new SourceLines([source]);
        var length = (int)Math.Min(SourceLines.MostBytes, source.Bytes);
        ReadOnlySpan<byte> end = files.Stretch(0, source.Bytes - length, length);
        var times = new Timestamps(time.GetUtcNow());
        while (!end.IsEmpty)
        {
            end = end.TrimEnd((byte)'\n');
            var start = end.LastIndexOf((byte)'\n') + 1;
            if (times.TryRead(end[start..], out var ticks, out _, out _))
            {
                return ticks;
            }
            end = end[..start];
        }
        return 0;
    }
}
