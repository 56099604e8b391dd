using System.Text.Json.Nodes;
using Plumb.Cli.WebConsole;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Lab;

/// <summary>What was seen of a lab's cluster at one moment, by asking its API like any client.</summary>
internal sealed record LabSurvey(LabState Lab, IReadOnlyList<NodeView> Nodes, IReadOnlyList<PodView> Pods)
{
    /// <summary>Longer than any answer of a healthy lab takes; a lab that needs more is in trouble and the caller should hear it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<Result<LabSurvey>> TakeAsync(LabState lab, TimeProvider time, CancellationToken cancellation)
    {
        var target = Platform.Kubernetes.Configuration.Kubeconfig.Load([lab.Kubeconfig]).Then(config => config.Target(time));
        if (!target.IsSuccess)
        {
            return Unreadable(target.Error);
        }
        using var client = new KubeClient(target.Value);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            var nodes = await client.ListAsync(KubeResource.Nodes, null, KubeSelector.All, limit.Token);
            var pods = await client.ListAsync(KubeResource.Pods, null, KubeSelector.All, limit.Token);
            return !nodes.IsSuccess ? Unreadable(nodes.Error) : !pods.IsSuccess ? Unreadable(pods.Error)
                : new LabSurvey(lab, [.. nodes.Value.Items.Select(node => NodeRow.From(node.Json))], [.. pods.Value.Items.Select(pod => PodRow.From(pod.Json))]);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Unreadable(new KubeError(KubeErrorKind.Timeout, $"no answer within {Patience.TotalSeconds:0} s", "See its log"));
        }
    }

    /// <summary>Pass only when the lab says that it is ready, all nodes are, and every pod that should run does.</summary>
    public Outcome Outcome =>
        Nodes.Count < Lab.Nodes || Nodes.Any(node => !node.Ready) || Lab.Phase == LabPhase.Failed || Pods.Any(pod => pod.Health == "bad") ? Outcome.Fail
        : Lab.Phase == LabPhase.Starting || Pods.Any(pod => pod.Health is "starting" or "ending") ? Outcome.Inconclusive
        : Outcome.Pass;

    public string Summary
    {
        get
        {
            var (ready, ok) = (Nodes.Count(node => node.Ready), Pods.Count(pod => pod.Health is "ok" or "done"));
            var trouble = Lab.Trouble is null ? "" : $"; {Lab.Trouble}";
            return $"{ready} of {Lab.Nodes} nodes ready, {ok} of {Pods.Count} pods as they should be{trouble}";
        }
    }

    public JsonObject ToJson(DateTimeOffset now) => new()
    {
        ["outcome"] = Outcome.ToString().ToLowerInvariant(),
        ["summary"] = Summary,
        ["phase"] = Lab.Phase.ToString().ToLowerInvariant(),
        ["pid"] = Lab.Pid,
        ["uptimeSeconds"] = Math.Round((now - Lab.StartedAt).TotalSeconds, 1),
        ["kubeconfig"] = Lab.Kubeconfig,
        ["urls"] = new JsonObject
        {
            ["api"] = Lab.Server.ToString(),
            ["gateway"] = Lab.Gateway?.ToString(),
            ["prometheus"] = Lab.Prometheus?.ToString(),
            ["aws"] = Lab.Aws?.Endpoint.ToString(),
            ["console"] = Lab.Console?.GetLeftPart(UriPartial.Path),
        },
        ["nodes"] = new JsonArray([.. Nodes.Select(node => new JsonObject
        {
            ["name"] = node.Name, ["status"] = node.Status, ["ready"] = node.Ready, ["cpu"] = node.Cpu, ["memory"] = node.Memory,
        })]),
        ["pods"] = new JsonArray([.. Pods.Select(pod => new JsonObject
        {
            ["namespace"] = pod.Namespace,
            ["name"] = pod.Name,
            ["node"] = pod.Node,
            ["status"] = pod.Status,
            ["health"] = pod.Health,
            ["ready"] = pod.ReadyCount,
            ["containers"] = pod.Containers,
            ["restarts"] = pod.Restarts,
            ["address"] = pod.Address,
        })]),
        ["notEnforced"] = new JsonArray([.. Lab.NotEnforced.Select(text => (JsonNode)text)]),
    };

    private static Problem Unreadable(KubeError error) => new($"the lab's API cannot be read: {error.Message.TrimEnd('.')}", error.Next);
}
