using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Plumb.Platform.Kubernetes;

namespace Plumb.Cli.WebConsole;

/// <summary>Reads nodes, pods and events of any cluster, by three watches that survive disconnects.</summary>
/// <param name="ns">Pods and events of this namespace only; null means all.</param>
internal sealed class KubernetesFeed(KubeClient client, string clusterName, string? ns, TimeProvider time) : IClusterFeed, IDisposable
{
    /// <summary>After a watch has given up (no right to read, or unreachable for long) it is tried again this often.</summary>
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(15);

    /// <summary>Changes that may wait for the console; when it is full the watches wait, which at worst costs them a new list.</summary>
    private const int MaxWaiting = 1024;

    private static readonly KubeWatchOptions Patience = new() { LongestDelay = TimeSpan.FromSeconds(5) };

    public string ClusterName => clusterName;

    public void Dispose() => client.Dispose();

    public async IAsyncEnumerable<FeedChange> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var waiting = Channel.CreateBounded<FeedChange>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watches = Task.WhenAll(
            WatchAsync(FeedKind.Nodes, KubeResource.Nodes, null, waiting.Writer, stop.Token),
            WatchAsync(FeedKind.Pods, KubeResource.Pods, ns, waiting.Writer, stop.Token),
            WatchAsync(FeedKind.Events, KubeResource.Events, ns, waiting.Writer, stop.Token));
        try
        {
            await foreach (var change in waiting.Reader.ReadAllAsync(cancellationToken))
            {
                yield return change;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await watches;
        }
    }

    private async Task WatchAsync(FeedKind kind, KubeResource resource, string? of, ChannelWriter<FeedChange> to, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await OnceAsync(kind, client.WatchAsync(resource, of, null, Patience, stop), to, stop);
                await Task.Delay(TryAgainAfter, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    private static async Task OnceAsync(FeedKind kind, IAsyncEnumerable<KubeWatchEvent> events, ChannelWriter<FeedChange> to, CancellationToken stop)
    {
        // Until the first Synced the objects are parts of one list; told one by one they would look like changes.
        List<JsonElement>? list = [];
        await foreach (var evt in events.WithCancellation(stop))
        {
            switch (evt)
            {
                case KubeWatchEvent.Changed changed when list is not null:
                    list.Add(changed.Object.Json);
                    break;
                case KubeWatchEvent.Changed { Type: KubeChangeType.Deleted } changed:
                    await to.WriteAsync(new FeedChange.Removed(kind, changed.Object.Json), stop);
                    break;
                case KubeWatchEvent.Changed changed:
                    await to.WriteAsync(new FeedChange.Changed(kind, changed.Object.Json), stop);
                    break;
                case KubeWatchEvent.Synced when list is not null:
                    await to.WriteAsync(new FeedChange.Listed(kind, list), stop);
                    list = null;
                    break;
                case KubeWatchEvent.Resumed when list is null:
                    await to.WriteAsync(new FeedChange.Back(kind), stop);
                    break;
                // Forgotten history is ordinary and mended at once by a new list: not worth an alarm.
                case KubeWatchEvent.Interrupted { Cause.Kind: not KubeErrorKind.Gone } interrupted:
                    await to.WriteAsync(new FeedChange.Lost(kind, interrupted.Cause.ToString()), stop);
                    break;
                case KubeWatchEvent.Failed failed:
                    await to.WriteAsync(new FeedChange.Lost(kind, failed.Cause.ToString()), stop);
                    break;
                default:
                    break;
            }
        }
    }
}
