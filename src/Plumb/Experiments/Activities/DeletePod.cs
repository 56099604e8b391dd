using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Views;

namespace Plumb.Experiments.Activities;

/// <summary>
/// Deletes or evicts the oldest Ready pods that a selector finds. A deleted pod cannot be brought back, its controller makes a new one;
/// so the undo is to wait until as many are Ready as before. A pod without a controller is left alone: nothing would replace it.
/// </summary>
internal sealed class DeletePod(ClusterDoor door, NamespaceGuard guard, IRunLog? log, TimeProvider time) : IStepHandler
{
    public const string StepKind = "kubernetes.delete-pod";

    private const int CountLimit = 50;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public string Kind => StepKind;

    public static async Task<Result<IReadOnlyList<PlanStep>>> PlanAsync(JsonObject arguments, ClusterRef cluster, KubeClient client, CancellationToken cancellation)
    {
        var (ns, selector) = (Text(arguments, "namespace"), Text(arguments, "selector"));
        var mode = arguments["mode"]?.ToString() ?? "delete";
        if (mode is not ("delete" or "evict") || !int.TryParse(arguments["count"]?.ToString() ?? "1", CultureInfo.InvariantCulture, out var count) || count is < 1 or > CountLimit)
        {
            return new Problem($"{StepKind}: mode is delete or evict, and count a number from 1 to {CountLimit}");
        }
        var listed = await client.ListAsync(KubeResource.Pods, ns, new KubeSelector(selector), cancellation);
        if (!listed.IsSuccess)
        {
            return listed.Error.ToProblem();
        }
        var ready = listed.Value.Items.Where(pod => new PodView(pod).IsReady).OrderBy(pod => pod.CreatedAt).ThenBy(pod => pod.Name, StringComparer.Ordinal).ToArray();
        if (ready.Length < count)
        {
            return new Problem($"{ns} has {ready.Length} Ready pods with {selector}, and {count} should be deleted", "Check namespace and selector; see 'kubectl get pods'");
        }
        var victims = ready.Take(count).ToArray();
        if (victims.FirstOrDefault(pod => pod.ControllerUid is null) is { } bare)
        {
            return new Problem($"The pod {bare} has no controller: nothing would replace it, so it is not deleted", "Choose pods of a Deployment or StatefulSet");
        }
        if (mode == "delete" && await BudgetAsync(client, ns, victims, cancellation) is { } forbidden)
        {
            return forbidden;
        }
        return victims.Select(pod => new PlanStep(StepKind, $"{mode} pod {pod}", BlastRadius(ns, selector, ready.Length, count),
            new JsonObject { ["cluster"] = cluster.ToJson(), ["namespace"] = ns, ["name"] = pod.Name, ["uid"] = pod.Uid, ["controller"] = pod.ControllerUid, ["mode"] = mode },
            new JsonObject { ["cluster"] = cluster.ToJson(), ["namespace"] = ns, ["selector"] = selector, ["ready"] = ready.Length },
            $"a deleted pod stays deleted; its controller makes a new one, and the undo waits until {ready.Length} are Ready")).ToArray();
    }

    public async Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation)
    {
        var cluster = ClusterRef.FromStep(arguments);
        var (ns, name) = (Text(arguments, "namespace"), Text(arguments, "name"));
        var open = door.Open(cluster);
        if (guard.Refuse(cluster, ns) is { } refused || (refused = open.Problem) is not null)
        {
            return refused;
        }
        // The uid is a precondition: a namesake that came in between is not the pod that the plan showed.
        var options = new KubeDelete(Uid: Text(arguments, "uid"));
        log?.FaultSent($"{ns}/{name}");
        var answer = Text(arguments, "mode") == "evict"
            ? await open.Value!.EvictAsync(ns, name, options, cancellation)
            : await open.Value!.DeleteAsync(KubeResource.Pods, ns, name, options, cancellation);
        log?.FaultAnswered();
        return answer.Error?.ToProblem();
    }

    public async Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation)
    {
        var cluster = ClusterRef.FromStep(arguments);
        if (ClusterDoor.IsGone(cluster))
        {
            return null;
        }
        var (ns, selector, wanted) = (Text(arguments, "namespace"), Text(arguments, "selector"), (int)arguments["ready"]!);
        var open = door.Open(cluster);
        if (!open.IsOk)
        {
            return open.Problem;
        }
        var ready = 0;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var listed = await open.Value.ListAsync(KubeResource.Pods, ns, new KubeSelector(selector), cancellation);
                if (!listed.IsSuccess)
                {
                    return listed.Error.ToProblem();
                }
                ready = listed.Value.Items.Count(pod => new PodView(pod).IsReady);
                if (ready >= wanted)
                {
                    return null;
                }
                await Task.Delay(Poll, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }
        return new Problem($"Only {ready} of {wanted} pods with {selector} in {ns} are Ready", $"See 'kubectl -n {ns} describe pods -l {selector}'");
    }

    /// <summary>A plain delete does not ask the disruption budgets; so we do.</summary>
    private static async Task<Problem?> BudgetAsync(KubeClient client, string ns, IReadOnlyList<KubeObject> victims, CancellationToken cancellation)
    {
        var budgets = await client.ListAsync(KubeResource.DisruptionBudgets, ns, null, cancellation);
        if (!budgets.IsSuccess)
        {
            return new Problem($"The disruption budgets of {ns} cannot be read, so nobody knows whether a pod may go: {budgets.Error.Message.TrimEnd('.')}", budgets.Error.Next.TrimEnd('.'));
        }
        foreach (var budget in budgets.Value.Items)
        {
            var hit = victims.Count(pod => LabelSelector.Matches(budget.Json.Field("spec").Field("selector"), pod));
            var allowed = budget.Json.Field("status").Number("disruptionsAllowed") ?? 0;
            if (hit > allowed)
            {
                return new Problem($"The disruption budget {budget} allows {allowed} disruptions now, and {hit} of its pods would go",
                    "Wait until all its pods are Ready, or let the budget decide with mode: evict");
            }
        }
        return null;
    }

    private static string BlastRadius(string ns, string selector, int ready, int count) => count < ready
        ? $"{count} of {ready} Ready pods with {selector} in {ns}: requests in flight on it, and its share of new ones until its endpoint is gone"
        : $"all {ready} Ready pods with {selector} in {ns}: no pod is left until the first replacement is Ready";

    private static string Text(JsonObject json, string key) => json[key]?.ToString() ?? "";
}
