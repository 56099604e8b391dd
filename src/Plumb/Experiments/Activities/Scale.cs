using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Platform.Kubernetes;

namespace Plumb.Experiments.Activities;

/// <summary>Scales a Deployment or StatefulSet; the undo sets the replicas that the plan found.</summary>
internal sealed class Scale(ClusterDoor door, NamespaceGuard guard, IRunLog? log) : IStepHandler
{
    public const string StepKind = "kubernetes.scale";

    private const int ReplicaLimit = 1000;

    public string Kind => StepKind;

    public static async Task<Result<IReadOnlyList<PlanStep>>> PlanAsync(JsonObject arguments, ClusterRef cluster, KubeClient client, CancellationToken cancellation)
    {
        var (ns, kind, name) = (Text(arguments, "namespace"), Text(arguments, "kind"), Text(arguments, "name"));
        if (Workload(kind) is not { } resource || !int.TryParse(Text(arguments, "replicas"), CultureInfo.InvariantCulture, out var replicas) || replicas is < 0 or > ReplicaLimit)
        {
            return new Problem($"{StepKind}: kind is Deployment or StatefulSet, and replicas a number from 0 to {ReplicaLimit}");
        }
        var before = await client.GetScaleAsync(resource, ns, name, cancellation);
        if (before.Error is { } error)
        {
            return error.ToProblem();
        }
        PlanStep step = new(StepKind, $"scale {kind} {ns}/{name} from {before.Value} to {replicas}",
            replicas == 0 ? $"everything that needs {name} until it is scaled back" : $"what {before.Value} replicas of {name} carried, on {replicas}",
            new JsonObject { ["cluster"] = cluster.ToJson(), ["namespace"] = ns, ["kind"] = kind, ["name"] = name, ["replicas"] = replicas },
            new JsonObject { ["cluster"] = cluster.ToJson(), ["namespace"] = ns, ["kind"] = kind, ["name"] = name, ["replicas"] = before.Value },
            $"scale it back to {before.Value}");
        return new[] { step };
    }

    public Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation) => SetAsync(arguments, isFault: true, cancellation);

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) =>
        ClusterDoor.IsGone(ClusterRef.FromStep(arguments)) ? Task.FromResult<Problem?>(null) : SetAsync(arguments, isFault: false, cancellation);

    internal static KubeResource? Workload(string kind) => kind switch
    {
        "Deployment" => KubeResource.Deployments,
        "StatefulSet" => KubeResource.StatefulSets,
        _ => null,
    };

    private async Task<Problem?> SetAsync(JsonObject arguments, bool isFault, CancellationToken cancellation)
    {
        var cluster = ClusterRef.FromStep(arguments);
        var (ns, name) = (Text(arguments, "namespace"), Text(arguments, "name"));
        var open = door.Open(cluster);
        // The guard is for harm; taking it back is never refused.
        if ((isFault && guard.Refuse(cluster, ns) is { } refused) || (refused = open.Problem) is not null)
        {
            return refused;
        }
        if (isFault)
        {
            log?.FaultSent($"{ns}/{name}");
        }
        var scaled = await open.Value!.SetScaleAsync(Workload(Text(arguments, "kind"))!, ns, name, (int)arguments["replicas"]!, cancellation);
        if (isFault)
        {
            log?.FaultAnswered();
        }
        return scaled.Error?.ToProblem();
    }

    private static string Text(JsonObject json, string key) => json[key]?.ToString() ?? "";
}
