using System.Text;
using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Core.Metrics;

namespace Plumb.Cluster.Metrics;

/// <summary>The state of the objects as Prometheus text, under the names and labels that kube-state-metrics gives them.</summary>
internal sealed class KubeStateMetrics
{
    private static readonly string[] ClaimPhases = ["Lost", "Bound", "Pending"];
    private static readonly string[] StateNames = ["true", "false", "unknown"];
    private readonly StringBuilder _text = new();
    private readonly ExpositionWriter _out;
    private readonly ClusterApi _api;

    private KubeStateMetrics(ClusterApi api)
    {
        _api = api;
        _out = new ExpositionWriter(_text);
    }

    public static string Render(ClusterApi api)
    {
        var page = new KubeStateMetrics(api);
        new PodMetrics(page, api).Write();
        page.Workloads();
        page.Nodes();
        page.Endpoints();
        page.Claims();
        page.Budgets();
        return page._text.ToString();
    }

    /// <summary>One family; a series for each item that <paramref name="samples"/> yields. A family without series is left out.</summary>
    public void Family(string name, MetricType type, string help, IEnumerable<((string, string)[] Labels, double Value)> samples)
    {
        var all = samples.ToList();
        if (all.Count == 0)
        {
            return;
        }
        _out.Family(name, type, help);
        foreach (var (labels, value) in all)
        {
            _out.Sample(name, value, labels);
        }
    }

    private void Workloads()
    {
        var deployments = _api.List(Resources.Deployments).Select(item => (Item: item, Model: item.As(KubeJson.Compact.Deployment))).ToList();
        void Deployment(string name, string help, Func<Deployment, double> value) =>
            Family("kube_deployment_" + name, MetricType.Gauge, help, deployments.Select(entry => (Labels(entry.Item, "deployment"), value(entry.Model))));
        Deployment("spec_replicas", "Number of desired pods for a deployment.", model => model.Spec.Replicas);
        Deployment("spec_paused", "Whether the deployment is paused and will not be processed by the deployment controller.", model => model.Spec.Paused ? 1 : 0);
        Deployment("metadata_generation", "Sequence number representing a specific generation of the desired state.", model => model.Metadata.Generation ?? 0);
        Deployment("status_observed_generation", "The generation observed by the deployment controller.", model => model.Status.ObservedGeneration);
        Deployment("status_replicas", "The number of replicas per deployment.", model => model.Status.Replicas);
        Deployment("status_replicas_ready", "The number of ready replicas per deployment.", model => model.Status.ReadyReplicas);
        Deployment("status_replicas_available", "The number of available replicas per deployment.", model => model.Status.AvailableReplicas);
        Deployment("status_replicas_unavailable", "The number of unavailable replicas per deployment.", model => model.Status.UnavailableReplicas);
        Deployment("status_replicas_updated", "The number of updated replicas per deployment.", model => model.Status.UpdatedReplicas);
        Family("kube_deployment_status_condition", MetricType.Gauge, "The current status conditions of a deployment.", deployments.SelectMany(entry =>
            (entry.Model.Status.Conditions ?? []).SelectMany(condition => States(condition.Status).Select(state =>
                ((ValueTuple<string, string>[])[.. Labels(entry.Item, "deployment"), ("condition", condition.Type), ("status", state.Name)], state.Value)))));

        var sets = _api.List(Resources.ReplicaSets).Select(item => (Item: item, Model: item.As(KubeJson.Compact.ReplicaSet))).ToList();
        void Set(string name, string help, Func<ReplicaSet, double> value) =>
            Family("kube_replicaset_" + name, MetricType.Gauge, help, sets.Select(entry => (Labels(entry.Item, "replicaset"), value(entry.Model))));
        Set("spec_replicas", "Number of desired pods for a ReplicaSet.", model => model.Spec.Replicas);
        Set("status_replicas", "The number of replicas per ReplicaSet.", model => model.Status.Replicas);
        Set("status_ready_replicas", "The number of ready replicas per ReplicaSet.", model => model.Status.ReadyReplicas);
        Family("kube_replicaset_owner", MetricType.Gauge, "Information about the ReplicaSet's owner.", sets.Where(entry => entry.Item.Controller() is not null).Select(entry =>
            ((ValueTuple<string, string>[])[.. Labels(entry.Item, "replicaset"), ("owner_kind", entry.Item.Controller()!.Kind), ("owner_name", entry.Item.Controller()!.Name), ("owner_is_controller", "true")], 1.0)));

        var stateful = _api.List(Resources.StatefulSets).Select(item => (Item: item, Model: item.As(KubeJson.Compact.StatefulSet))).ToList();
        void Stateful(string name, string help, Func<StatefulSet, double> value) =>
            Family("kube_statefulset_" + name, MetricType.Gauge, help, stateful.Select(entry => (Labels(entry.Item, "statefulset"), value(entry.Model))));
        Stateful("replicas", "Number of desired pods for a StatefulSet.", model => model.Spec.Replicas);
        Stateful("status_replicas", "The number of replicas per StatefulSet.", model => model.Status.Replicas);
        Stateful("status_replicas_ready", "The number of ready replicas per StatefulSet.", model => model.Status.ReadyReplicas);
        Stateful("status_replicas_current", "The number of current replicas per StatefulSet.", model => model.Status.CurrentReplicas);
        Stateful("status_replicas_updated", "The number of updated replicas per StatefulSet.", model => model.Status.UpdatedReplicas);
        Stateful("status_replicas_available", "The number of available replicas per StatefulSet.", model => model.Status.AvailableReplicas);
    }

    private void Nodes()
    {
        var nodes = _api.List(Resources.Nodes).Select(item => (item.Name, Model: item.As(KubeJson.Compact.Node))).ToList();
        Family("kube_node_info", MetricType.Gauge, "Information about a cluster node.", nodes.Select(node => (Of(node.Name), 1.0)));
        Family("kube_node_spec_unschedulable", MetricType.Gauge, "Whether a node can schedule new pods.", nodes.Select(node => (Of(node.Name), node.Model.Spec.Unschedulable == true ? 1.0 : 0)));
        Family("kube_node_spec_taint", MetricType.Gauge, "The taint of a cluster node.", nodes.SelectMany(node => (node.Model.Spec.Taints ?? []).Select(taint =>
            ((ValueTuple<string, string>[])[("node", node.Name), ("key", taint.Key), ("value", taint.Value ?? ""), ("effect", taint.Effect)], 1.0))));
        Family("kube_node_status_condition", MetricType.Gauge, "The condition of a cluster node.", nodes.SelectMany(node => (node.Model.Status.Conditions ?? []).SelectMany(condition =>
            States(condition.Status).Select(state => ((ValueTuple<string, string>[])[("node", node.Name), ("condition", condition.Type), ("status", state.Name)], state.Value)))));
        Family("kube_node_status_allocatable", MetricType.Gauge, "The allocatable for different resources of a node that are available for scheduling.",
            nodes.SelectMany(node => Amounts(node.Model.Status.Allocatable, ("node", node.Name))));
        Family("kube_node_status_capacity", MetricType.Gauge, "The capacity for different resources of a node.", nodes.SelectMany(node => Amounts(node.Model.Status.Capacity, ("node", node.Name))));
    }

    private void Endpoints() =>
        Family("kube_endpoint_address", MetricType.Gauge, "Information about Endpoint available and non available addresses.",
            from item in _api.List(Resources.EndpointSlices)
            where item.Labels.ContainsKey(EndpointSliceWriter.ServiceLabel)
            from endpoint in item.As(KubeJson.Compact.EndpointSlice).Endpoints ?? []
            where endpoint.Conditions.Terminating is not true
            from address in endpoint.Addresses
            select ((ValueTuple<string, string>[])[("namespace", item.Namespace!), ("endpoint", item.Labels[EndpointSliceWriter.ServiceLabel]), ("ip", address), ("ready", endpoint.Conditions.Ready is false ? "false" : "true")], 1.0));

    private void Claims()
    {
        var claims = _api.List(Resources.PersistentVolumeClaims).Select(item => (Item: item, Model: item.As(KubeJson.Compact.PersistentVolumeClaim))).ToList();
        Family("kube_persistentvolumeclaim_status_phase", MetricType.Gauge, "The phase the persistent volume claim is currently in.", claims.SelectMany(claim =>
            ClaimPhases.Select(phase => ((ValueTuple<string, string>[])[.. Labels(claim.Item, "persistentvolumeclaim"), ("phase", phase)], claim.Model.Status.Phase == phase ? 1.0 : 0))));
        Family("kube_persistentvolumeclaim_resource_requests_storage_bytes", MetricType.Gauge, "The capacity of storage requested by the persistent volume claim.", claims.Select(claim =>
            (Labels(claim.Item, "persistentvolumeclaim"), (double)(Quantity.Whole(claim.Model.Spec.Resources?.Requests?.GetValueOrDefault("storage")) ?? 0))));
        Family("kube_persistentvolumeclaim_info", MetricType.Gauge, "Information about persistent volume claim.", claims.Select(claim => ((ValueTuple<string, string>[])
            [.. Labels(claim.Item, "persistentvolumeclaim"), ("storageclass", claim.Model.Spec.StorageClassName ?? ""), ("volumename", claim.Model.Spec.VolumeName ?? "")], 1.0)));
    }

    private void Budgets()
    {
        var budgets = _api.List(Resources.PodDisruptionBudgets).Select(item => (Item: item, item.As(KubeJson.Compact.PodDisruptionBudget).Status)).ToList();
        void Budget(string name, string help, Func<PodDisruptionBudgetStatus, double> value) =>
            Family("kube_poddisruptionbudget_status_" + name, MetricType.Gauge, help, budgets.Select(entry => (Labels(entry.Item, "poddisruptionbudget"), value(entry.Status))));
        Budget("current_healthy", "Current number of healthy pods.", status => status.CurrentHealthy);
        Budget("desired_healthy", "Minimum desired number of healthy pods.", status => status.DesiredHealthy);
        Budget("pod_disruptions_allowed", "Number of pod disruptions that are currently allowed.", status => status.DisruptionsAllowed);
        Budget("expected_pods", "Total number of pods counted by this disruption budget.", status => status.ExpectedPods);
    }

    private static (string, string)[] Of(string node) => [("node", node)];

    private static (string, string)[] Labels(KubeObject item, string kind) => [("namespace", item.Namespace!), (kind, item.Name)];

    /// <summary>One series for each state that a condition can have; the present one is 1.</summary>
    public static IEnumerable<(string Name, double Value)> States(string status) => StateNames.Select(name => (name, name.Equals(status, StringComparison.OrdinalIgnoreCase) ? 1.0 : 0));

    public static IEnumerable<((string, string)[] Labels, double Value)> Amounts(IReadOnlyDictionary<string, string>? amounts, params (string, string)[] labels) =>
        (amounts ?? new Dictionary<string, string>()).Select(pair => ((ValueTuple<string, string>[])
            [.. labels, ("resource", pair.Key.Replace('-', '_').Replace('.', '_').Replace('/', '_')), ("unit", pair.Key switch { "cpu" => "core", "memory" or "ephemeral-storage" => "byte", _ => "integer" })],
            (double)(Quantity.Parse(pair.Value) ?? 0)));
}
