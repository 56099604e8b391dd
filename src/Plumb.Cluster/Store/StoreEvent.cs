using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Store;

internal enum StoreEventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change, in the order of resource versions.</summary>
/// <param name="Object">The object after the change; for a deletion its last state, with the deletion's resource version.</param>
/// <param name="Previous">The object before the change; null when it was added. Watches with selectors need it.</param>
internal sealed record StoreEvent(StoreEventType Type, KubeObject Object, KubeObject? Previous)
{
    public long Version => Object.ResourceVersion;
}
