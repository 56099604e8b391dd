using System.Text.Json.Nodes;
using Plumb.Platform.Kubernetes;

namespace Plumb.Lab.Installation;

/// <summary>A Deployment or StatefulSet of the payments system, and how many pods it wants.</summary>
internal sealed record Workload(string Kind, string Name, int Replicas)
{
    public static IReadOnlyList<Workload> Of(IEnumerable<JsonObject> manifests) =>
    [
        .. from manifest in manifests
           let kind = (string?)manifest["kind"]
           where kind is "Deployment" or "StatefulSet"
           select new Workload(kind, (string)manifest["metadata"]!["name"]!, checked((int)((long?)manifest["spec"]!["replicas"] ?? 1))),
    ];

    public bool Owns(KubeObject pod) => pod.Label("app") == Name;
}
