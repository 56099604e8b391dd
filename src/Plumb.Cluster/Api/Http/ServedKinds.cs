using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Group versions and the resources in them: what routing and discovery share.</summary>
internal static class ServedKinds
{
    /// <summary>events.k8s.io is another view of the same stored events.</summary>
    public static readonly ResourceKind EventsView =
        new("events.k8s.io", "v1", "events", "Event", true) { ShortNames = ["ev"] };

    public static readonly IReadOnlyList<ResourceKind> All = [.. Resources.All, EventsView];

    /// <summary>Groups in the order in which discovery lists them.</summary>
    public static readonly IReadOnlyList<string> Groups =
    [
        "apps/v1", "events.k8s.io/v1", "authentication.k8s.io/v1", "authorization.k8s.io/v1", "policy/v1", "storage.k8s.io/v1",
        "coordination.k8s.io/v1", "discovery.k8s.io/v1", "metrics.k8s.io/v1beta1",
    ];

    private static readonly Dictionary<(string, string, string), ResourceKind> ByPath = All.ToDictionary(kind => (kind.Group, kind.Version, kind.Plural));

    public static ResourceKind? Find(string group, string version, string plural) => ByPath.GetValueOrDefault((group, version, plural));

    public static bool IsGroup(string group) => group.Length == 0 || Groups.Any(entry => entry.StartsWith(group + "/", StringComparison.Ordinal));

    public static bool IsGroupVersion(string group, string version) => group.Length == 0 ? version == "v1" : Groups.Contains($"{group}/{version}");

    /// <summary>Where objects of a kind are stored: the view's objects live with the core events.</summary>
    public static ResourceKind Stored(this ResourceKind kind) => kind == EventsView ? Resources.Events : kind;
}
