using System.Globalization;

namespace Plumb.Platform.Kubernetes;

/// <summary>
/// What the user of a watch has been told so far. It turns whatever the server sends (repeats, replays, a namesake that came while
/// we were away, a whole new list) into changes that follow each other: Added, any number of Modified, Deleted, and again.
/// </summary>
internal sealed class KubeWatchState
{
    private readonly Dictionary<(string Namespace, string Name), KubeObject> _known = [];

    /// <summary>Where a stream must start to miss nothing; null when the objects must be listed.</summary>
    public string? Version { get; private set; }

    public int Count => _known.Count;

    public void Forget() => Version = null;

    /// <summary>The server says that it has nothing to tell up to this version.</summary>
    public void Bookmark(string version)
    {
        if (!IsOld(version))
        {
            Version = version;
        }
    }

    /// <summary>The difference between what was told and a new list: deletions first, then the others in the order of their versions.</summary>
    public List<KubeWatchEvent.Changed> Resync(KubeList list, long arrivedAt)
    {
        var present = list.Items.ToDictionary(Key);
        var changes = new List<KubeWatchEvent.Changed>();
        foreach (var gone in _known.Values.Where(known => !present.TryGetValue(Key(known), out var item) || item.Uid != known.Uid).ToArray())
        {
            _known.Remove(Key(gone));
            changes.Add(new KubeWatchEvent.Changed(KubeChangeType.Deleted, gone, gone, arrivedAt, FromList: true));
        }
        foreach (var item in list.Items.OrderBy(item => Number(item.ResourceVersion) ?? 0))
        {
            var known = _known.GetValueOrDefault(Key(item));
            if (known?.ResourceVersion == item.ResourceVersion)
            {
                continue;
            }
            _known[Key(item)] = item;
            changes.Add(new KubeWatchEvent.Changed(known is null ? KubeChangeType.Added : KubeChangeType.Modified, item, known, arrivedAt, FromList: true));
        }
        Version = list.ResourceVersion;
        return changes;
    }

    /// <summary>One event of a stream; no change when it tells nothing new.</summary>
    public List<KubeWatchEvent.Changed> Apply(KubeChangeType type, KubeObject item, long arrivedAt)
    {
        if (IsOld(item.ResourceVersion))
        {
            return [];
        }
        Version = item.ResourceVersion;
        var known = _known.GetValueOrDefault(Key(item));
        var changes = new List<KubeWatchEvent.Changed>(2);
        if (known is not null && known.Uid != item.Uid)
        {
            // The namesake's deletion was not told (a selector that both match can hide it).
            changes.Add(new KubeWatchEvent.Changed(KubeChangeType.Deleted, known, known, arrivedAt, FromList: false));
            _known.Remove(Key(item));
            known = null;
        }
        if (type == KubeChangeType.Deleted)
        {
            if (known is not null)
            {
                _known.Remove(Key(item));
                changes.Add(new KubeWatchEvent.Changed(KubeChangeType.Deleted, item, known, arrivedAt, FromList: false));
            }
            return changes;
        }
        _known[Key(item)] = item;
        changes.Add(new KubeWatchEvent.Changed(known is null ? KubeChangeType.Added : KubeChangeType.Modified, item, known, arrivedAt, FromList: false));
        return changes;
    }

    /// <summary>
    /// Versions of one resource are monotonic and comparable (KEP-5504), so a stream that goes back in time repeats itself.
    /// A server with versions that are no numbers is believed.
    /// </summary>
    private bool IsOld(string version) => Number(version) is { } number && Number(Version) is { } last && number <= last;

    private static ulong? Number(string? version) => ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static (string Namespace, string Name) Key(KubeObject item) => (item.Namespace, item.Name);
}
