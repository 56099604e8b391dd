using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Tests.Cluster.Controllers;

/// <summary>Stands in for the kubelets: a bound pod runs and is ready at once, a deleted one is gone at once, unless a test holds it.</summary>
internal sealed class InstantKubelet(ClusterApi api) : IController
{
    private int _address;

    /// <summary>Pods for which it is false stay as they are.</summary>
    public Func<KubeObject, bool> MayStart { get; set; } = _ => true;

    public Func<KubeObject, bool> MayBecomeReady { get; set; } = _ => true;

    public Func<KubeObject, bool> MayStop { get; set; } = _ => true;

    public string Name => "kubelet";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue) => enqueue(change.Object.Key);

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.Pods).Select(pod => pod.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.Pods, key.Namespace, key.Name) is not { } pod || pod.AsPod().Spec.NodeName is not { Length: > 0 })
        {
            return null;
        }
        if (pod.IsTerminating)
        {
            if (MayStop(pod))
            {
                api.Delete(Resources.Pods, key.Namespace, key.Name, new DeleteRequest(GraceSeconds: 0));
            }
            return null;
        }
        if (pod.AsPod().Status.Phase is not "Running" && MayStart(pod))
        {
            SetReady(pod, ready: false);
        }
        else if (pod.AsPod().Status is { Phase: "Running", IsReady: false } && MayBecomeReady(pod))
        {
            SetReady(pod, ready: true);
        }
        return null;
    }

    public void SetReady(KubeObject pod, bool ready) =>
        api.Update(Resources.Pods, pod.Namespace, pod.Name, json =>
        {
            var status = json.Object("status");
            status["phase"] = "Running";
            if (status.Text("podIP") is null)
            {
                var number = Interlocked.Increment(ref _address);
                status["podIP"] = $"127.99.{number / 250}.{(number % 250) + 1}";
            }
            var kept = (status["conditions"] as JsonArray ?? []).Where(item => item!["type"]!.GetValue<string>() is not "Ready").Select(item => item!.DeepClone());
            status["conditions"] = new JsonArray(
            [
                .. kept,
                new JsonObject { ["type"] = "Ready", ["status"] = ready ? "True" : "False", ["lastTransitionTime"] = api.Time.GetUtcNow().ToKubeTime() },
            ]);
        });
}
