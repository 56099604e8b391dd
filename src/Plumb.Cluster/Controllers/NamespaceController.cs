using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>Empties a namespace that is being deleted, says in its conditions what remains, and lets it go when nothing does.</summary>
internal sealed class NamespaceController(ClusterApi api) : IController
{
    private static readonly ResourceKind[] Namespaced = [.. Resources.All.Where(kind => kind.Namespaced)];

    public string Name => "namespace";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.Namespaces, .. Namespaced];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.Namespaces)
        {
            if (change.Object.IsTerminating)
            {
                enqueue(change.Object.Key);
            }
        }
        else if (change.Type == StoreEventType.Deleted && api.Get(Resources.Namespaces, null, change.Object.Namespace!) is { IsTerminating: true })
        {
            enqueue(new ObjectKey(null, change.Object.Namespace!));
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.Namespaces).Where(item => item.IsTerminating).Select(item => item.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.Namespaces, null, key.Name) is not { IsTerminating: true } item)
        {
            return null;
        }
        foreach (var kind in Namespaced)
        {
            foreach (var content in api.List(kind, key.Name).Where(content => !content.IsTerminating))
            {
                api.Delete(kind, key.Name, content.Name, new DeleteRequest(Propagation: "Background", Uid: content.Uid));
            }
        }
        var left = Namespaced.Select(kind => (Kind: kind, Items: api.List(kind, key.Name))).Where(entry => entry.Items.Count > 0).ToList();
        api.Update(Resources.Namespaces, null, item.Name, json => Tell(json, left));
        if (left.Count == 0)
        {
            api.Update(Resources.Namespaces, null, item.Name, json => json.Object("spec")["finalizers"] = new JsonArray(
                [.. (json.Object("spec")["finalizers"] as JsonArray ?? []).Where(name => name?.GetValue<string>() != "kubernetes").Select(name => name!.DeepClone())]));
        }
        return null;
    }

    private void Tell(JsonObject json, List<(ResourceKind Kind, IReadOnlyList<KubeObject> Items)> left)
    {
        var finalizers = left.SelectMany(entry => entry.Items).SelectMany(item => item.Meta().Finalizers ?? []).GroupBy(name => name).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        Set("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
        Set("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        Set("NamespaceDeletionContentFailure", false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        if (left.Count > 0)
        {
            Set("NamespaceContentRemaining", true, "SomeResourcesRemain", "Some resources are remaining: " + string.Join(", ", left
                .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Kind.Plural}.{entry.Kind.Group} has {entry.Items.Count} resource instances"))));
        }
        else
        {
            Set("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed");
        }
        if (finalizers.Count > 0)
        {
            Set("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: " + string.Join(", ", finalizers
                .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Key} in {group.Count()} resource instances"))));
        }
        else
        {
            Set("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
        }

        void Set(string type, bool isTrue, string reason, string message)
        {
            PodConditions.Set(json, type, isTrue ? "True" : "False", reason, message, api.Time.GetUtcNow());
            (json.Object("status")["conditions"] as JsonArray)!.OfType<JsonObject>().First(item => item.Text("type") == type).Remove("lastProbeTime");
        }
    }
}
