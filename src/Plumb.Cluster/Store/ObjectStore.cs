using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Store;

/// <summary>
/// The cluster's memory: the present objects, one resource version that counts every change, and the recent history that
/// watches replay. What etcd is to Kubernetes. Every write is one short critical section, so readers always see a whole state.
/// </summary>
/// <param name="version">Where versions go on from, for a store whose history before that is gone (a restart).</param>
internal sealed class ObjectStore(long version = 0)
{
    /// <summary>Changes kept for watches that start at an older version; before that they get 410 Gone.</summary>
    public const int HistoryLimit = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceKind, SortedDictionary<ObjectKey, KubeObject>> _objects = [];
    private readonly Queue<StoreEvent> _history = new();
    private readonly List<StoreWatch> _watches = [];
    private long _version = version;
    private long _compacted = version;

    /// <summary>The version of the newest change.</summary>
    public long Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    public KubeObject? Get(ResourceKind kind, string? ns, string name)
    {
        lock (_lock)
        {
            return Of(kind).GetValueOrDefault(new ObjectKey(ns, name));
        }
    }

    /// <summary>All objects of a kind (in one namespace, or in all when null), ordered by namespace and name, and the version of that state.</summary>
    public (IReadOnlyList<KubeObject> Objects, long Version) List(ResourceKind kind, string? ns = null)
    {
        lock (_lock)
        {
            var all = Of(kind).Values;
            return (ns is null ? [.. all] : [.. all.Where(item => item.Namespace == ns)], _version);
        }
    }

    /// <summary>The present objects and every change after them, with nothing lost or repeated in between.</summary>
    public (IReadOnlyList<KubeObject> Objects, StoreWatch Watch) ListAndWatch(params IReadOnlyList<ResourceKind> kinds)
    {
        lock (_lock)
        {
            return ([.. kinds.SelectMany(kind => Of(kind).Values)], Join(kinds));
        }
    }

    /// <summary>The same for one kind, with the version of that state.</summary>
    public (IReadOnlyList<KubeObject> Objects, StoreWatch Watch, long Version) ListAndWatchAt(ResourceKind kind)
    {
        lock (_lock)
        {
            return ([.. Of(kind).Values], Join([kind]), _version);
        }
    }

    /// <summary>The objects as they were at an older version, found by taking the changes since then back; null when the history does not reach that far.</summary>
    public IReadOnlyList<KubeObject>? ListAt(ResourceKind kind, string? ns, long version)
    {
        lock (_lock)
        {
            if (version < _compacted)
            {
                return null;
            }
            var then = new SortedDictionary<ObjectKey, KubeObject>(Of(kind));
            foreach (var change in _history.Reverse().TakeWhile(change => change.Version > version).Where(change => change.Object.Kind == kind))
            {
                if (change.Previous is null)
                {
                    then.Remove(change.Object.Key);
                }
                else
                {
                    then[change.Object.Key] = change.Previous;
                }
            }
            return [.. then.Values.Where(item => ns is null || item.Namespace == ns)];
        }
    }

    /// <summary>The oldest version from which a watch can start.</summary>
    public long OldestVersion
    {
        get
        {
            lock (_lock)
            {
                return _compacted;
            }
        }
    }

    /// <summary>Every change after <paramref name="since"/>; null when that version is no longer in the history (410 Gone).</summary>
    public StoreWatch? WatchSince(long since, params IReadOnlyList<ResourceKind> kinds)
    {
        lock (_lock)
        {
            if (since < _compacted)
            {
                return null;
            }
            var watch = Join(kinds);
            foreach (var change in _history.Where(change => change.Version > since))
            {
                watch.Offer(change);
            }
            return watch;
        }
    }

    /// <summary>
    /// Runs a read-modify-write as one step. The change gets the present object (null when there is none) and returns the new JSON,
    /// null to delete, or the same instance that <see cref="Unchanged"/> holds to leave everything as it is.
    /// </summary>
    /// <returns>The object after the change; for a deletion, its last state.</returns>
    public KubeObject? Write(ResourceKind kind, string? ns, string name, Func<KubeObject?, JsonObject?> change)
    {
        lock (_lock)
        {
            var key = new ObjectKey(ns, name);
            var objects = Of(kind);
            var previous = objects.GetValueOrDefault(key);
            var json = change(previous);
            if (ReferenceEquals(json, Unchanged) || (json is null && previous is null))
            {
                return previous;
            }
            var type = json is null ? StoreEventType.Deleted : previous is null ? StoreEventType.Added : StoreEventType.Modified;
            json ??= previous!.ToMutable();
            json.Object("metadata")["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
            var next = KubeObject.From(kind, json);
            if (type == StoreEventType.Deleted)
            {
                objects.Remove(key);
            }
            else
            {
                objects[key] = next;
            }
            Publish(new StoreEvent(type, next, previous));
            return next;
        }
    }

    /// <summary>A store that goes on with what an earlier one held, object by object as it was.</summary>
    /// <param name="version">At least the highest version of the objects; watches cannot start before it.</param>
    public static ObjectStore Restore(IEnumerable<KubeObject> objects, long version)
    {
        var store = new ObjectStore(version);
        foreach (var item in objects)
        {
            store.Of(item.Kind)[item.Key] = item;
        }
        return store;
    }

    /// <summary>What a change returns to say that nothing changes.</summary>
    public static JsonObject Unchanged { get; } = [];

    private void Publish(StoreEvent change)
    {
        _history.Enqueue(change);
        if (_history.Count > HistoryLimit)
        {
            _compacted = _history.Dequeue().Version;
        }
        foreach (var watch in _watches)
        {
            watch.Offer(change);
        }
    }

    private StoreWatch Join(IReadOnlyList<ResourceKind> kinds)
    {
        var watch = new StoreWatch(kinds, Leave);
        _watches.Add(watch);
        return watch;
    }

    private void Leave(StoreWatch watch)
    {
        lock (_lock)
        {
            _watches.Remove(watch);
        }
    }

    private SortedDictionary<ObjectKey, KubeObject> Of(ResourceKind kind)
    {
        if (!_objects.TryGetValue(kind, out var objects))
        {
            _objects[kind] = objects = [];
        }
        return objects;
    }
}
