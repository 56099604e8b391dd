using FsCheck;
using FsCheck.Fluent;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.Tests.Cluster.Controllers;

public sealed class SchedulerTests : IDisposable
{
    private readonly ClusterInMemory _cluster = new();

    [Theory]
    [InlineData("containers: [{name: c, image: b, resources: {requests: {cpu: \"3\"}}}]", "3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.")]
    [InlineData("containers: [{name: c, image: b, resources: {requests: {cpu: \"3\", memory: 100Gi}}}]", "3 Insufficient cpu, 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.")]
    [InlineData("containers: [{name: c, image: b, resources: {limits: {nvidia.com/gpu: \"1\"}}}]", "3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.")]
    [InlineData("containers: [{name: c, image: b}]\n  nodeSelector: {disk: ssd}", "3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")]
    [InlineData("containers: [{name: c, image: b}]\n  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}, topologyKey: kubernetes.io/hostname}]}}", "3 node(s) didn't match pod affinity rules. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")]
    [InlineData("containers: [{name: c, image: b}]\n  volumes: [{name: v, persistentVolumeClaim: {claimName: nope}}]", "persistentvolumeclaim \"nope\" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")]
    public void A_pod_that_fits_nowhere_is_told_why_in_the_words_of_the_real_scheduler(string spec, string reason)
    {
        Pod("p", spec);
        _cluster.Settle();
        var message = "0/3 nodes are available: " + reason;
        Assert.Contains("FailedScheduling: " + message, _cluster.EventsOn("p"));
        var condition = Assert.Single(_cluster.Pods()[0].AsPod().Status.Conditions!, item => item.Type == "PodScheduled");
        Assert.Equal(("False", "Unschedulable", message), (condition.Status, condition.Reason, condition.Message));
    }

    [Fact]
    public void A_waiting_pod_is_placed_as_soon_as_a_taint_or_a_cordon_goes()
    {
        foreach (var node in (string[])["node1", "node2", "node3"])
        {
            _cluster.Update(Resources.Nodes, node, json => json.Object("spec")["unschedulable"] = true);
        }
        Pod("p", "containers: [{name: c, image: b}]");
        _cluster.Settle();
        Assert.Contains("FailedScheduling: 0/3 nodes are available: 3 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.", _cluster.EventsOn("p"));
        _cluster.Update(Resources.Nodes, "node2", json => json.Object("spec").Remove("unschedulable"));
        _cluster.Settle();
        Assert.Equal("node2", _cluster.Pods()[0].AsPod().Spec.NodeName);
    }

    [Fact]
    public void The_more_important_pod_gets_the_room_that_becomes_free()
    {
        foreach (var i in Enumerable.Range(1, 3))
        {
            Pod($"full{i}", "containers: [{name: c, image: b, resources: {requests: {cpu: 1500m}}}]");
        }
        _cluster.Settle();
        Pod("early", "containers: [{name: c, image: b, resources: {requests: {cpu: 1500m}}}]");
        Pod("important", "priority: 100\n  containers: [{name: c, image: b, resources: {requests: {cpu: 1500m}}}]");
        _cluster.Settle();
        _cluster.Delete(Resources.Pods, "full2");
        _cluster.Settle();
        Assert.Equal("node2", Named("important").Spec.NodeName);
        Assert.True(string.IsNullOrEmpty(Named("early").Spec.NodeName));
    }

    [Fact]
    public void Gated_pods_and_pods_of_other_schedulers_are_left_alone()
    {
        Pod("gated", "schedulingGates: [{name: example.com/wait}]\n  containers: [{name: c, image: b}]");
        Pod("other", "schedulerName: none\n  containers: [{name: c, image: b}]");
        _cluster.Settle();
        Assert.All(_cluster.Pods(), pod => Assert.True(string.IsNullOrEmpty(pod.AsPod().Spec.NodeName)));
        _cluster.Update(Resources.Pods, "gated", json => json["spec"]!.AsObject().Remove("schedulingGates"));
        _cluster.Settle();
        Assert.NotEmpty(Named("gated").Spec.NodeName!);
    }

    [Fact]
    public void Required_anti_affinity_and_hard_spread_give_each_replica_a_node_of_its_own()
    {
        const string Anti = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: a}}, topologyKey: kubernetes.io/hostname}]}}";
        foreach (var i in Enumerable.Range(1, 4))
        {
            Pod($"p{i}", $"containers: [{{name: c, image: b}}]\n  {Anti}", "a");
        }
        _cluster.Settle();
        Assert.Equal(3, _cluster.Pods().Select(pod => pod.AsPod().Spec.NodeName).Where(node => !string.IsNullOrEmpty(node)).Distinct().Count());
        Assert.Contains(_cluster.EventsOn("p4"), text => text.Contains("3 node(s) didn't match pod anti-affinity rules", StringComparison.Ordinal));
    }

    [Fact]
    public void No_node_is_ever_given_more_than_it_has()
    {
        var pods = Gen.ListOf(from cpu in Gen.Choose(50, 1500) from memory in Gen.Choose(16, 5000) from goes in Gen.Choose(0, 3) select (cpu, memory, goes));
        Prop.ForAll(pods.ToArbitrary(), asked =>
        {
            using var cluster = new ClusterInMemory();
            var number = 0;
            foreach (var (cpu, memory, goes) in asked)
            {
                cluster.Create(Resources.Pods, $"metadata: {{name: p{++number}}}\nspec: {{containers: [{{name: c, image: b, resources: {{requests: {{cpu: {cpu}m, memory: {memory}Mi}}}}}}]}}");
                cluster.Settle();
                if (goes == 0)
                {
                    cluster.Delete(Resources.Pods, cluster.Pods()[0].Name);
                    cluster.Settle();
                }
                foreach (var node in cluster.Pods().Select(pod => pod.AsPod()).Where(pod => !string.IsNullOrEmpty(pod.Spec.NodeName)).GroupBy(pod => pod.Spec.NodeName))
                {
                    Assert.True(node.Sum(pod => Quantity.MilliCores(pod.Spec.Containers[0].Resources!.Requests!["cpu"])) <= 2000);
                    Assert.True(node.Sum(pod => Quantity.Whole(pod.Spec.Containers[0].Resources!.Requests!["memory"])) <= 8L << 30);
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10).WithEndSize(20));
    }

    public void Dispose() => _cluster.Dispose();

    private Plumb.Cluster.Objects.Models.Pod Named(string name) => _cluster.Api.Get(Resources.Pods, "demo", name)!.AsPod();

    private void Pod(string name, string spec, string app = "x") => _cluster.Create(Resources.Pods, $"metadata: {{name: {name}, labels: {{app: {app}}}}}\nspec:\n  {spec}");
}
