using System.Collections.Concurrent;

namespace Plumb.Cluster.Api;

/// <summary>The kubelets of this process, by node.</summary>
internal sealed class NodeAgents
{
    private readonly ConcurrentDictionary<string, INodeAgent> _agents = new();

    public void Add(INodeAgent agent) => _agents[agent.NodeName] = agent;

    public void Remove(string nodeName) => _agents.TryRemove(nodeName, out _);

    public INodeAgent? Find(string nodeName) => _agents.GetValueOrDefault(nodeName);

    public IReadOnlyList<INodeAgent> All => [.. _agents.Values.OrderBy(agent => agent.NodeName, StringComparer.Ordinal)];
}
