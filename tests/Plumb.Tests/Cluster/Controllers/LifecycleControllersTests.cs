using System.Text.Json.Nodes;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.Tests.Cluster.Controllers;

/// <summary>Ownership, namespaces, disruption budgets, nodes and endpoints.</summary>
public sealed class LifecycleControllersTests : IDisposable
{
    private const string Web = """
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "busybox:1", ports: [{name: http, containerPort: 8080}]}]}}
        """;

    private readonly ClusterInMemory _cluster = new();

    [Fact]
    public void Background_deletion_takes_the_dependents_after_the_owner()
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        _cluster.Delete(Resources.Deployments, "web", "Background");
        Assert.Null(_cluster.Api.Get(Resources.Deployments, "demo", "web"));
        _cluster.Settle();
        Assert.Empty(_cluster.Api.List(Resources.ReplicaSets, "demo"));
        Assert.Empty(_cluster.Pods());
    }

    [Fact]
    public void Foreground_deletion_keeps_the_owner_until_the_last_dependent_is_gone()
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        _cluster.Kubelet.MayStop = _ => false;
        _cluster.Delete(Resources.Deployments, "web", "Foreground");
        _cluster.Settle();
        Assert.True(_cluster.Api.Get(Resources.Deployments, "demo", "web")!.IsTerminating);
        Assert.All(_cluster.Pods(), pod => Assert.True(pod.IsTerminating));
        foreach (var pod in _cluster.Pods())
        {
            _cluster.Api.Delete(Resources.Pods, "demo", pod.Name, new Plumb.Cluster.Api.DeleteRequest(GraceSeconds: 0));
        }
        _cluster.Settle();
        Assert.Null(_cluster.Api.Get(Resources.Deployments, "demo", "web"));
    }

    [Fact]
    public void Orphaned_pods_live_on_and_are_adopted_by_a_new_owner()
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        var pods = _cluster.Pods().Select(pod => pod.Name).ToList();
        _cluster.Delete(Resources.Deployments, "web", "Orphan");
        _cluster.Settle();
        Assert.Null(Assert.Single(_cluster.Api.List(Resources.ReplicaSets, "demo")).Controller());
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        Assert.Equal("web", Assert.Single(_cluster.Api.List(Resources.ReplicaSets, "demo")).Controller()!.Name);
        Assert.Equal(pods, _cluster.Pods().Select(pod => pod.Name));
    }

    [Fact]
    public void A_deleted_namespace_goes_with_its_content_and_says_what_holds_it()
    {
        _cluster.Create(Resources.Namespaces, "metadata: {name: demo}", ns: null);
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Create(Resources.ConfigMaps, "metadata: {name: held, finalizers: [example.com/hold]}");
        _cluster.Settle();
        _cluster.Delete(Resources.Namespaces, "demo", ns: null);
        _cluster.Settle();
        var conditions = _cluster.Read(Resources.Namespaces, "demo", null)["status"]!["conditions"]!.ToJsonString();
        Assert.Contains("Some resources are remaining: configmaps. has 1 resource instances", conditions, StringComparison.Ordinal);
        Assert.Contains("example.com/hold in 1 resource instances", conditions, StringComparison.Ordinal);

        _cluster.Update(Resources.ConfigMaps, "held", json => json["metadata"]!.AsObject().Remove("finalizers"));
        _cluster.Settle();
        Assert.Null(_cluster.Api.Get(Resources.Namespaces, null, "demo"));
        Assert.Empty(_cluster.Pods());
        Assert.Empty(_cluster.Api.List(Resources.Deployments, "demo"));
    }

    [Theory]
    [InlineData("minAvailable: 1", 1, 1)]
    [InlineData("minAvailable: 2", 0, 2)]
    [InlineData("minAvailable: 50%", 1, 1)]
    [InlineData("maxUnavailable: 1", 1, 1)]
    [InlineData("maxUnavailable: 0", 0, 2)]
    public void A_disruption_budget_counts_what_may_go(string rule, int allowed, int desired)
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Create(Resources.PodDisruptionBudgets, $"metadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  {rule}");
        _cluster.Settle();
        var status = _cluster.Read(Resources.PodDisruptionBudgets, "web")["status"]!.AsObject();
        Assert.Equal((allowed, desired, 2L), ((int)status.Integer("disruptionsAllowed")!, (int)status.Integer("desiredHealthy")!, status.Integer("currentHealthy")));
        Assert.Equal(allowed > 0 ? "SufficientPods" : "InsufficientPods", status["conditions"]![0]!["reason"]!.GetValue<string>());
    }

    [Fact]
    public void A_silent_node_becomes_unknown_and_its_pods_are_evicted_after_their_toleration()
    {
        _cluster.Create(Resources.Deployments, Web.Replace("containers:", "tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10}], containers:", StringComparison.Ordinal));
        _cluster.Settle();
        var victim = _cluster.Pods()[0];
        var node = victim.AsPod().Spec.NodeName!;
        _cluster.Kubelet.MayStop = _ => false;
        _cluster.Kubelet.MayBecomeReady = _ => false;
        for (var second = 0; second < 52; second++)
        {
            Renew(["node1", "node2", "node3"], except: node);
            _cluster.Pass(1);
        }
        Assert.Equal("Unknown", NodeReady(node));
        Assert.Equal(["node.kubernetes.io/unreachable NoSchedule"], Taints(node));
        Assert.False(_cluster.Api.Get(Resources.Pods, "demo", victim.Name)!.AsPod().Status.IsReady);
        Pass(6, node);
        Assert.Equal(["node.kubernetes.io/unreachable NoSchedule", "node.kubernetes.io/unreachable NoExecute"], Taints(node));
        Assert.False(_cluster.Api.Get(Resources.Pods, "demo", victim.Name)!.IsTerminating);
        Pass(11, node);
        Assert.True(_cluster.Api.Get(Resources.Pods, "demo", victim.Name)!.IsTerminating);
        Assert.Contains($"TaintManagerEviction: Marking for deletion Pod demo/{victim.Name}", _cluster.EventsOn(victim.Name));
        Assert.Equal(2, _cluster.Pods().Count(pod => pod.IsActive() && pod.AsPod().Spec.NodeName != node));
    }

    [Fact]
    public void A_cordon_is_a_taint_and_ends_with_it()
    {
        _cluster.Update(Resources.Nodes, "node1", json => json.Object("spec")["unschedulable"] = true);
        _cluster.Settle();
        Assert.Equal(["node.kubernetes.io/unschedulable NoSchedule"], Taints("node1"));
        _cluster.Update(Resources.Nodes, "node1", json => json.Object("spec").Remove("unschedulable"));
        _cluster.Settle();
        Assert.Empty(Taints("node1"));
    }

    [Fact]
    public void An_endpoint_leaves_when_its_pod_is_asked_to_go_and_the_slice_says_terminating()
    {
        _cluster.Create(Resources.Services, "metadata: {name: web}\nspec: {selector: {app: web}, clusterIP: 127.64.0.20, ports: [{port: 80, targetPort: http}]}");
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        Assert.Equal(2, _cluster.Read(Resources.Endpoints, "web")["subsets"]![0]!["addresses"]!.AsArray().Count);
        Assert.Equal(8080, _cluster.Read(Resources.Endpoints, "web")["subsets"]![0]!["ports"]![0]!["port"]!.GetValue<int>());

        _cluster.Kubelet.MayStop = _ => false;
        _cluster.Kubelet.MayStart = _ => false;
        var victim = _cluster.Pods()[0];
        _cluster.Delete(Resources.Pods, victim.Name);
        _cluster.Settle();
        var left = Assert.Single(_cluster.Read(Resources.Endpoints, "web")["subsets"]![0]!["addresses"]!.AsArray())!;
        Assert.NotEqual(victim.AsPod().Status.PodIP, left["ip"]!.GetValue<string>());
        var slice = Assert.Single(_cluster.Api.List(Resources.EndpointSlices, "demo")).As(KubeJson.Compact.EndpointSlice);
        var going = Assert.Single(slice.Endpoints!, endpoint => endpoint.TargetRef!.Name == victim.Name);
        Assert.Equal((false, true, true), (going.Conditions.Ready, going.Conditions.Serving, going.Conditions.Terminating));
    }

    public void Dispose() => _cluster.Dispose();

    private void Pass(int seconds, string silent)
    {
        for (var second = 0; second < seconds; second++)
        {
            Renew(["node1", "node2", "node3"], except: silent);
            _cluster.Pass(1);
        }
    }

    private void Renew(string[] nodes, string except)
    {
        foreach (var node in nodes.Where(node => node != except))
        {
            if (_cluster.Api.Get(Resources.Leases, "kube-node-lease", node) is null)
            {
                _cluster.Create(Resources.Leases, $"metadata: {{name: {node}}}\nspec: {{holderIdentity: {node}}}", "kube-node-lease");
            }
            _cluster.Update(Resources.Leases, node, json => json.Object("spec")["renewTime"] = _cluster.Clock.GetUtcNow().ToKubeMicroTime(), "kube-node-lease");
        }
    }

    private string NodeReady(string node) => _cluster.Read(Resources.Nodes, node, null)["status"]!["conditions"]!.AsArray()
        .Single(item => item!["type"]!.GetValue<string>() == "Ready")!["status"]!.GetValue<string>();

    private List<string> Taints(string node) =>
        [.. (_cluster.Read(Resources.Nodes, node, null)["spec"]?["taints"] as JsonArray ?? []).Select(item => $"{item!["key"]} {item["effect"]}")];
}
