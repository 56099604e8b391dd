using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Deletes what belonged to something that is gone, by the owner's UID: in the background after the owner, before it (foregroundDeletion), or not
/// at all (orphan). A kind that it does not know is never taken as gone.
/// </summary>
internal sealed class GarbageCollector(ClusterApi api) : IController
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";
    private readonly Dictionary<string, HashSet<Place>> _dependents = [];
    private readonly Dictionary<Place, string[]> _owners = [];
    private readonly Dictionary<string, Place> _places = [];

    public string Name => "garbage-collector";

    /// <summary>Events own nothing and are owned by nothing.</summary>
    public IReadOnlyList<ResourceKind> Watches { get; } = [.. Resources.All.Where(kind => kind != Resources.Events)];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        var item = change.Object;
        var place = new Place(item.Kind, item.Key);
        if (change.Type == StoreEventType.Deleted)
        {
            var owners = _owners.GetValueOrDefault(place) ?? [];
            Forget(place, item.Uid);
            foreach (var dependent in _dependents.GetValueOrDefault(item.Uid) ?? [])
            {
                enqueue(dependent.ToKey());
            }
            // An owner that waits for its dependents may have waited for this one.
            foreach (var owner in owners.Where(_places.ContainsKey))
            {
                enqueue(_places[owner].ToKey());
            }
            return;
        }
        Remember(item, place);
        if (_owners.ContainsKey(place) || item.IsTerminating)
        {
            enqueue(place.ToKey());
        }
    }

    public IEnumerable<ObjectKey> AllKeys()
    {
        _dependents.Clear();
        _owners.Clear();
        _places.Clear();
        foreach (var item in Watches.SelectMany(kind => api.List(kind)))
        {
            Remember(item, new Place(item.Kind, item.Key));
        }
        return [.. _owners.Keys.Select(place => place.ToKey())];
    }

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (Place.From(key) is not { } place || api.Get(place.Kind, place.Key.Namespace, place.Key.Name) is not { } item)
        {
            return null;
        }
        var finalizers = item.Meta().Finalizers ?? [];
        if (item.IsTerminating && finalizers.Contains(Orphan))
        {
            foreach (var dependent in Dependents(item))
            {
                api.Update(dependent.Kind, dependent.Namespace, dependent.Name, json => Ownership.RemoveOwners(json, uid => uid == item.Uid));
            }
            RemoveFinalizer(item, Orphan);
        }
        else if (item.IsTerminating && finalizers.Contains(Foreground))
        {
            DeleteDependents(item);
        }
        else if (!item.IsTerminating)
        {
            JudgeByOwners(item);
        }
        return null;
    }

    private void DeleteDependents(KubeObject owner)
    {
        var blocking = 0;
        foreach (var dependent in Dependents(owner))
        {
            if (!dependent.IsTerminating)
            {
                var propagation = Dependents(dependent).Count > 0 ? "Foreground" : "Background";
                api.Delete(dependent.Kind, dependent.Namespace, dependent.Name, new DeleteRequest(Propagation: propagation, Uid: dependent.Uid));
            }
            if (api.Get(dependent.Kind, dependent.Namespace, dependent.Name)?.Uid == dependent.Uid
                && dependent.Meta().OwnerReferences!.Any(reference => reference.Uid == owner.Uid && reference.BlockOwnerDeletion == true))
            {
                blocking++;
            }
        }
        if (blocking == 0)
        {
            RemoveFinalizer(owner, Foreground);
        }
    }

    private void JudgeByOwners(KubeObject item)
    {
        var references = item.Meta().OwnerReferences ?? [];
        var gone = references.Where(reference => IsGone(reference, item.Namespace)).Select(reference => reference.Uid).ToHashSet();
        if (gone.Count == 0)
        {
            return;
        }
        if (gone.Count == references.Count)
        {
            api.Delete(item.Kind, item.Namespace, item.Name, new DeleteRequest(Propagation: "Background", Uid: item.Uid));
        }
        else
        {
            api.Update(item.Kind, item.Namespace, item.Name, json => Ownership.RemoveOwners(json, uid => uid is not null && gone.Contains(uid)));
        }
    }

    private bool IsGone(OwnerReference reference, string? ns) =>
        Resources.All.FirstOrDefault(kind => kind.Kind == reference.Kind && kind.ApiVersion == reference.ApiVersion) is { } kind
        && api.Get(kind, kind.Namespaced ? ns : null, reference.Name)?.Uid != reference.Uid;

    private List<KubeObject> Dependents(KubeObject owner) =>
        [.. (_dependents.GetValueOrDefault(owner.Uid) ?? []).Select(place => api.Get(place.Kind, place.Key.Namespace, place.Key.Name)).OfType<KubeObject>()
            .Where(dependent => dependent.Meta().OwnerReferences?.Any(reference => reference.Uid == owner.Uid) == true)];

    private void RemoveFinalizer(KubeObject item, string finalizer) =>
        api.Update(item.Kind, item.Namespace, item.Name, json =>
        {
            var kept = (json.Object("metadata")["finalizers"] as JsonArray ?? []).Where(name => name?.GetValue<string>() != finalizer).Select(name => name!.DeepClone());
            json.Object("metadata")["finalizers"] = new JsonArray([.. kept]);
        });

    private void Remember(KubeObject item, Place place)
    {
        var owners = item.Meta().OwnerReferences?.Select(reference => reference.Uid).ToArray() ?? [];
        if (_places.TryGetValue(item.Uid, out var known) && known == place && owners.SequenceEqual(_owners.GetValueOrDefault(place) ?? []))
        {
            return;
        }
        Forget(place, item.Uid);
        _places[item.Uid] = place;
        if (owners.Length == 0)
        {
            return;
        }
        _owners[place] = owners;
        foreach (var owner in owners)
        {
            if (!_dependents.TryGetValue(owner, out var dependents))
            {
                _dependents[owner] = dependents = [];
            }
            dependents.Add(place);
        }
    }

    private void Forget(Place place, string uid)
    {
        _places.Remove(uid);
        if (_owners.Remove(place, out var owners))
        {
            foreach (var owner in owners)
            {
                if (_dependents.TryGetValue(owner, out var dependents) && dependents.Remove(place) && dependents.Count == 0)
                {
                    _dependents.Remove(owner);
                }
            }
        }
    }

    /// <summary>A kind and a key in it; as a queue key the kind goes before the name.</summary>
    private sealed record Place(ResourceKind Kind, ObjectKey Key)
    {
        public ObjectKey ToKey() => new(Key.Namespace, $"{Kind.QualifiedPlural}|{Key.Name}");

        public static Place? From(ObjectKey key)
        {
            var parts = key.Name.Split('|', 2);
            return Resources.All.FirstOrDefault(kind => kind.QualifiedPlural == parts[0]) is { } kind ? new Place(kind, new ObjectKey(key.Namespace, parts[1])) : null;
        }

        public bool Equals(Place? other) => other is not null && Kind == other.Kind && Key == other.Key;

        public override int GetHashCode() => HashCode.Combine(Kind.Plural, Key);
    }
}
