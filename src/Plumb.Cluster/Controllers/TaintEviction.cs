using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Scheduling;

namespace Plumb.Cluster.Controllers;

/// <summary>Deletes pods that do not tolerate a NoExecute taint of their node: at once, or when their tolerationSeconds are over.</summary>
internal sealed class TaintEviction(ClusterApi api)
{
    private readonly EventRecorder _events = new(api, "taint-eviction-controller");

    /// <summary>Returns when the next pod of the node is due; null when none is.</summary>
    public TimeSpan? Apply(string nodeName, DateTimeOffset now)
    {
        var taints = api.Get(Resources.Nodes, null, nodeName)?.As(KubeJson.Compact.Node).Spec.Taints?.Where(taint => taint.Effect == "NoExecute").ToList() ?? [];
        if (taints.Count == 0)
        {
            return null;
        }
        TimeSpan? next = null;
        foreach (var pod in api.List(Resources.Pods).Where(pod => pod.AsPod().Spec.NodeName == nodeName && !pod.IsTerminating))
        {
            if (Due(pod.AsPod(), taints, now) is not { } due)
            {
                continue;
            }
            if (due <= now)
            {
                Evict(pod, now);
            }
            else if (next is null || due - now < next)
            {
                next = due - now;
            }
        }
        return next;
    }

    private static DateTimeOffset? Due(Pod pod, List<Taint> taints, DateTimeOffset now)
    {
        DateTimeOffset? due = null;
        foreach (var taint in taints)
        {
            var tolerations = pod.Spec.Tolerations?.Where(toleration => NodeRules.Tolerates([toleration], taint)).ToList() ?? [];
            if (tolerations.Count == 0)
            {
                return now;
            }
            if (tolerations.Select(toleration => toleration.TolerationSeconds).OfType<long>().DefaultIfEmpty(-1).Min() is >= 0 and var seconds)
            {
                var end = (taint.TimeAdded ?? now).AddSeconds(seconds);
                due = due is { } known && known < end ? known : end;
            }
        }
        return due;
    }

    private void Evict(KubeObject pod, DateTimeOffset now)
    {
        _events.Record(pod, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {pod.Namespace}/{pod.Name}");
        api.Update(pod.Kind, pod.Namespace, pod.Name, json =>
            PodConditions.Set(json, "DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now));
        api.Delete(pod.Kind, pod.Namespace, pod.Name, new DeleteRequest(Uid: pod.Uid));
    }
}
