using Plumb.Cluster.Metrics;
using Plumb.Cluster.Objects;
using Plumb.Tests.Cluster.Controllers;
using Xunit;

namespace Plumb.Tests.Cluster.Metrics;

public sealed class KubeStateMetricsTests
{
    [Fact]
    public void The_objects_are_told_under_the_names_of_kube_state_metrics()
    {
        using var cluster = new ClusterInMemory();
        cluster.Create(Resources.Deployments, """
            metadata: {name: web}
            spec:
              replicas: 2
              selector: {matchLabels: {app: web}}
              template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: b, resources: {requests: {cpu: 50m, memory: 32Mi}}}]}}
            """);
        cluster.Create(Resources.Services, "metadata: {name: web}\nspec: {selector: {app: web}, clusterIP: 127.64.0.20, ports: [{port: 80}]}");
        cluster.Create(Resources.PodDisruptionBudgets, "metadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}");
        cluster.Settle();
        var pod = cluster.Pods()[0];

        var text = KubeStateMetrics.Render(cluster.Api);

        foreach (var line in (string[])
        [
            "kube_deployment_status_replicas_available{namespace=\"demo\",deployment=\"web\"} 2",
            "kube_deployment_status_condition{namespace=\"demo\",deployment=\"web\",condition=\"Available\",status=\"true\"} 1",
            $"kube_pod_status_phase{{namespace=\"demo\",pod=\"{pod.Name}\",uid=\"{pod.Uid}\",phase=\"Running\"}} 1",
            $"kube_pod_status_ready{{namespace=\"demo\",pod=\"{pod.Name}\",uid=\"{pod.Uid}\",condition=\"true\"}} 1",
            "kube_poddisruptionbudget_status_pod_disruptions_allowed{namespace=\"demo\",poddisruptionbudget=\"web\"} 1",
            "kube_node_status_condition{node=\"node1\",condition=\"Ready\",status=\"true\"} 1",
            "# TYPE kube_endpoint_address gauge",
        ])
        {
            Assert.Contains(line, text.Split('\n'));
        }
        Assert.Contains("resource=\"cpu\",unit=\"core\"} 0.05", text, StringComparison.Ordinal);
    }
}
