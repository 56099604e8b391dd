using System.Threading.Channels;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Store;

/// <summary>
/// A reader's own bounded queue of changes. The store never waits for it: a reader that falls
/// <see cref="Limit"/> changes behind loses its watch (<see cref="FellBehind"/>) and must list again, as clients of Kubernetes do on 410.
/// </summary>
internal sealed class StoreWatch : IDisposable
{
    /// <summary>Changes that may wait in one watch before it is given up.</summary>
    public const int Limit = 16_384;

    private readonly Channel<StoreEvent> _channel =
        Channel.CreateBounded<StoreEvent>(new BoundedChannelOptions(Limit) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = false });
    private readonly Action<StoreWatch> _leave;
    private readonly HashSet<ResourceKind> _kinds;

    internal StoreWatch(IEnumerable<ResourceKind> kinds, Action<StoreWatch> leave)
    {
        _kinds = [.. kinds];
        _leave = leave;
    }

    public bool FellBehind { get; private set; }

    public ChannelReader<StoreEvent> Events => _channel.Reader;

    /// <summary>Called under the store's lock, so events arrive in order.</summary>
    internal void Offer(StoreEvent change)
    {
        if (_kinds.Contains(change.Object.Kind) && !_channel.Writer.TryWrite(change))
        {
            FellBehind = true;
            _channel.Writer.TryComplete();
        }
    }

    public void Dispose()
    {
        _leave(this);
        _channel.Writer.TryComplete();
    }
}
