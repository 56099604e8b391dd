using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Core.Metrics;

namespace Plumb.Cluster.Metrics;

/// <summary>The families about pods and their containers.</summary>
internal sealed class PodMetrics(KubeStateMetrics page, ClusterApi api)
{
    private static readonly string[] Phases = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];
    private readonly List<(KubeObject Item, Pod Pod)> _pods = [.. api.List(Resources.Pods).Select(item => (item, item.AsPod()))];

    public void Write()
    {
        page.Family("kube_pod_info", MetricType.Gauge, "Information about pod.", _pods.Select(entry => ((ValueTuple<string, string>[])
        [
            .. Labels(entry.Item), ("host_ip", entry.Pod.Status.HostIP ?? ""), ("pod_ip", entry.Pod.Status.PodIP ?? ""), ("node", entry.Pod.Spec.NodeName ?? ""),
            ("created_by_kind", entry.Item.Controller()?.Kind ?? ""), ("created_by_name", entry.Item.Controller()?.Name ?? ""),
        ], 1.0)));
        page.Family("kube_pod_created", MetricType.Gauge, "Unix creation timestamp.", _pods.Select(entry => (Labels(entry.Item), (double)(entry.Pod.Metadata.CreationTimestamp?.ToUnixTimeSeconds() ?? 0))));
        page.Family("kube_pod_deletion_timestamp", MetricType.Gauge, "Unix deletion timestamp.", _pods.Where(entry => entry.Item.IsTerminating)
            .Select(entry => (Labels(entry.Item), (double)(entry.Pod.Metadata.DeletionTimestamp?.ToUnixTimeSeconds() ?? 0))));
        page.Family("kube_pod_status_phase", MetricType.Gauge, "The pods current phase.", _pods.SelectMany(entry => Phases
            .Select(phase => ((ValueTuple<string, string>[])[.. Labels(entry.Item), ("phase", phase)], (entry.Pod.Status.Phase ?? "Pending") == phase ? 1.0 : 0))));
        Condition("kube_pod_status_ready", "Describes whether the pod is ready to serve requests.", "Ready");
        Condition("kube_pod_status_scheduled", "Describes the status of the scheduling process for the pod.", "PodScheduled");
        Containers();
        Resource("kube_pod_container_resource_requests", "The number of requested request resource by a container.", resources => resources.Requests);
        Resource("kube_pod_container_resource_limits", "The number of requested limit resource by a container.", resources => resources.Limits);
    }

    private void Containers()
    {
        var statuses = _pods.SelectMany(entry => (entry.Pod.Status.ContainerStatuses ?? []).Select(status => (Labels: Labels(entry.Item, status.Name), Status: status))).ToList();
        page.Family("kube_pod_container_status_restarts_total", MetricType.Counter, "The number of container restarts per container.", statuses.Select(entry => (entry.Labels, (double)entry.Status.RestartCount)));
        page.Family("kube_pod_container_status_ready", MetricType.Gauge, "Describes whether the containers readiness check succeeded.", statuses.Select(entry => (entry.Labels, entry.Status.Ready ? 1.0 : 0)));
        page.Family("kube_pod_container_status_running", MetricType.Gauge, "Describes whether the container is currently in running state.", statuses.Select(entry => (entry.Labels, entry.Status.State.Running is not null ? 1.0 : 0)));
        page.Family("kube_pod_container_status_waiting_reason", MetricType.Gauge, "Describes the reason the container is currently in waiting state.",
            statuses.Where(entry => entry.Status.State.Waiting?.Reason is { Length: > 0 }).Select(entry => (With(entry.Labels, entry.Status.State.Waiting!.Reason!), 1.0)));
        page.Family("kube_pod_container_status_terminated_reason", MetricType.Gauge, "Describes the reason the container is currently in terminated state.",
            statuses.Where(entry => entry.Status.State.Terminated?.Reason is { Length: > 0 }).Select(entry => (With(entry.Labels, entry.Status.State.Terminated!.Reason!), 1.0)));
        page.Family("kube_pod_container_status_last_terminated_reason", MetricType.Gauge, "Describes the last reason the container was in terminated state.",
            statuses.Where(entry => entry.Status.LastState.Terminated?.Reason is { Length: > 0 }).Select(entry => (With(entry.Labels, entry.Status.LastState.Terminated!.Reason!), 1.0)));
    }

    private void Condition(string name, string help, string type) =>
        page.Family(name, MetricType.Gauge, help, _pods.SelectMany(entry => (entry.Pod.Status.Conditions ?? []).Where(condition => condition.Type == type)
            .SelectMany(condition => KubeStateMetrics.States(condition.Status).Select(state => ((ValueTuple<string, string>[])[.. Labels(entry.Item), ("condition", state.Name)], state.Value)))));

    private void Resource(string name, string help, Func<ResourceRequirements, IReadOnlyDictionary<string, string>?> amounts) =>
        page.Family(name, MetricType.Gauge, help, _pods.Where(entry => !entry.Pod.IsTerminal()).SelectMany(entry => entry.Pod.Spec.Containers.Where(container => container.Resources is not null)
            .SelectMany(container => KubeStateMetrics.Amounts(amounts(container.Resources!), [.. Labels(entry.Item, container.Name), ("node", entry.Pod.Spec.NodeName ?? "")]))));

    private static (string, string)[] With((string, string)[] labels, string reason) => [.. labels, ("reason", reason)];

    private static (string, string)[] Labels(KubeObject item) => [("namespace", item.Namespace!), ("pod", item.Name), ("uid", item.Uid)];

    private static (string, string)[] Labels(KubeObject item, string container) => [.. Labels(item), ("container", container)];
}
