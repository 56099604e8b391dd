using System.Text.Json;
using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Scheduling;

/// <summary>A pod as the scheduler sees it.</summary>
internal sealed class PodView(KubeObject item)
{
    public KubeObject Object { get; } = item;

    public Pod Pod { get; } = item.AsPod();

    public Dictionary<string, long> Requests { get; } = Scheduling.Requests.Of(item.AsPod());

    public Affinity? Affinity { get; } = item.AsPod().Spec.Affinity is { ValueKind: JsonValueKind.Object } json ? json.Deserialize(KubeJson.Compact.Affinity) : null;

    public IReadOnlyList<TopologySpreadConstraint> Spread { get; } =
        item.AsPod().Spec.TopologySpreadConstraints is { ValueKind: JsonValueKind.Array } json ? json.Deserialize(KubeJson.Compact.IReadOnlyListTopologySpreadConstraint) ?? [] : [];
}

/// <summary>A node, the pods on it, and what they leave free.</summary>
internal sealed class NodeView
{
    public NodeView(KubeObject item)
    {
        Object = item;
        Node = item.As(KubeJson.Compact.Node);
        foreach (var (name, text) in Node.Status.Allocatable ?? Node.Status.Capacity ?? new Dictionary<string, string>())
        {
            Allocatable[name] = Scheduling.Requests.Amount(name, text);
        }
    }

    public KubeObject Object { get; }

    public Node Node { get; }

    public string Name => Object.Name;

    public Dictionary<string, long> Allocatable { get; } = [];

    public Dictionary<string, long> Used { get; } = [];

    public List<PodView> Pods { get; } = [];

    public long UsedForScore(string resource) => Pods.Sum(pod => Scheduling.Requests.ForScore(pod.Requests, resource));

    public string? Domain(string topologyKey) => Object.Labels.GetValueOrDefault(topologyKey);

    public void Add(PodView pod)
    {
        Pods.Add(pod);
        foreach (var (name, amount) in pod.Requests)
        {
            Used[name] = Used.GetValueOrDefault(name) + amount;
        }
    }
}

/// <summary>The nodes and what runs on them, at one moment; a placement made from it is added to it.</summary>
internal sealed class Snapshot
{
    private readonly Dictionary<string, NodeView> _byName;

    public Snapshot(ClusterApi api, Func<KubeObject, string?> assumedNode)
    {
        Api = api;
        Nodes = [.. api.List(Resources.Nodes).Where(node => !node.IsTerminating).Select(node => new NodeView(node))];
        _byName = Nodes.ToDictionary(node => node.Name);
        foreach (var item in api.List(Resources.Pods))
        {
            var pod = item.AsPod();
            var nodeName = pod.Spec.NodeName is { Length: > 0 } bound ? bound : assumedNode(item);
            if (nodeName is not null && !pod.IsTerminal() && _byName.TryGetValue(nodeName, out var node))
            {
                node.Add(new PodView(item));
            }
        }
    }

    public ClusterApi Api { get; }

    public IReadOnlyList<NodeView> Nodes { get; }

    public IEnumerable<(NodeView Node, PodView Pod)> Placed => Nodes.SelectMany(node => node.Pods.Select(pod => (node, pod)));

    public NodeView? this[string name] => _byName.GetValueOrDefault(name);
}
