using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;

namespace Plumb.Experiments.Activities;

/// <summary>Which cluster, in a form that a later process can find it again: no secret in it, only where the secrets are.</summary>
/// <param name="Files">The kubeconfig's files, absolute.</param>
/// <param name="IsLab">It is the cluster of this home's lab, as the lab's own state file says.</param>
public sealed record ClusterRef(IReadOnlyList<string> Files, string Context, bool IsLab)
{
    internal JsonObject ToJson() => new()
    {
        ["kubeconfig"] = new JsonArray([.. Files.Select(file => JsonValue.Create(file))]),
        ["context"] = Context,
        ["lab"] = IsLab,
    };

    internal static ClusterRef FromStep(JsonObject arguments)
    {
        var json = arguments["cluster"]!.AsObject();
        return new ClusterRef([.. json["kubeconfig"]!.AsArray().Select(file => (string)file!)], (string)json["context"]!, (bool)json["lab"]!);
    }
}

/// <summary>Opens clusters by reference, each once. The same door serves planning, doing and undoing.</summary>
public sealed class ClusterDoor(TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, KubeClient> _open = [];

    /// <summary>The lab was taken down, and everything in it with it: there is nothing left to take back.</summary>
    public static bool IsGone(ClusterRef cluster) => cluster.IsLab && !cluster.Files.Any(File.Exists);

    public Result<KubeClient> Open(ClusterRef cluster)
    {
        var key = string.Join('\n', cluster.Files) + "\n" + cluster.Context;
        lock (_lock)
        {
            if (_open.TryGetValue(key, out var open))
            {
                return open;
            }
            var target = Kubeconfig.Load(cluster.Files).Then(config => config.Target(time, cluster.Context));
            return target.IsSuccess ? _open[key] = new KubeClient(target.Value, new KubeClientOptions { Time = time }) : target.Error.ToProblem();
        }
    }

    public void Dispose()
    {
        foreach (var client in _open.Values)
        {
            client.Dispose();
        }
    }
}
