using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.Tests.Cluster.Controllers;

public sealed class DeploymentControllerTests : IDisposable
{
    private const string Web = """
        metadata: {name: web, labels: {app: web}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "busybox:1"}]}
          strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}
          revisionHistoryLimit: 10
          progressDeadlineSeconds: 600
        """;

    private readonly ClusterInMemory _cluster = new();

    [Fact]
    public void A_new_deployment_ends_with_its_replicas_available_and_says_so()
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();

        var set = Assert.Single(_cluster.Api.List(Resources.ReplicaSets, "demo"));
        Assert.Equal(2, _cluster.Pods().Count);
        var status = _cluster.Read(Resources.Deployments, "web")["status"]!.AsObject();
        Assert.Equal(2, status.Integer("availableReplicas"));
        Assert.Equal(2, status.Integer("updatedReplicas"));
        Assert.False(status.ContainsKey("unavailableReplicas"));
        Assert.Equal(
            [
                "Available True MinimumReplicasAvailable Deployment has minimum availability.",
                $"Progressing True NewReplicaSetAvailable ReplicaSet \"{set.Name}\" has successfully progressed.",
            ],
            Conditions(status));
        Assert.Equal([$"ScalingReplicaSet: Scaled up replica set {set.Name} from 0 to 2"], _cluster.EventsOn("web"));
    }

    [Fact]
    public void A_template_change_rolls_and_undo_gives_the_old_set_a_new_revision()
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        var first = Assert.Single(_cluster.Api.List(Resources.ReplicaSets, "demo"));

        SetImage("busybox:2");
        _cluster.Settle();
        Assert.Equal(2, _cluster.Api.List(Resources.ReplicaSets, "demo").Count);
        Assert.All(_cluster.Pods(), pod => Assert.NotEqual(first.Name, pod.Controller()!.Name));
        Assert.Equal("2", Annotation(_cluster.Read(Resources.Deployments, "web"), DeploymentScope.Revision));

        SetImage("busybox:1");
        _cluster.Settle();
        var back = _cluster.Read(Resources.ReplicaSets, first.Name);
        Assert.Equal("3", Annotation(back, DeploymentScope.Revision));
        Assert.Equal("1", Annotation(back, "deployment.kubernetes.io/revision-history"));
        Assert.All(_cluster.Pods(), pod => Assert.Equal(first.Name, pod.Controller()!.Name));
    }

    [Fact]
    public void A_rollout_that_stands_still_exceeds_its_deadline()
    {
        _cluster.Kubelet.MayBecomeReady = _ => false;
        _cluster.Create(Resources.Deployments, Web.Replace("progressDeadlineSeconds: 600", "progressDeadlineSeconds: 5", StringComparison.Ordinal));
        _cluster.Settle();
        _cluster.Pass(4);
        Assert.DoesNotContain("ProgressDeadlineExceeded", string.Join('\n', Conditions(Status())), StringComparison.Ordinal);
        _cluster.Pass(4);
        Assert.Contains("Progressing False ProgressDeadlineExceeded", string.Join('\n', Conditions(Status())), StringComparison.Ordinal);
    }

    [Fact]
    public void Recreate_starts_no_new_pod_before_the_last_old_one_is_gone()
    {
        _cluster.Create(Resources.Deployments, Web.Replace("type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}", "type: Recreate", StringComparison.Ordinal));
        _cluster.Settle();
        _cluster.Kubelet.MayStop = _ => false;
        SetImage("busybox:2");
        _cluster.Settle();
        Assert.Equal(2, _cluster.Pods().Count);
        Assert.All(_cluster.Pods(), pod => Assert.True(pod.IsTerminating));

        foreach (var pod in _cluster.Pods())
        {
            _cluster.Api.Delete(Resources.Pods, "demo", pod.Name, new Plumb.Cluster.Api.DeleteRequest(GraceSeconds: 0));
        }
        _cluster.Settle();
        Assert.Equal(2, _cluster.Pods().Count(pod => pod.AsPod().Spec.Containers[0].Image == "busybox:2"));
    }

    [Fact]
    public void A_paused_deployment_scales_but_does_not_roll()
    {
        _cluster.Create(Resources.Deployments, Web);
        _cluster.Settle();
        _cluster.Update(Resources.Deployments, "web", json =>
        {
            json["spec"]!["paused"] = true;
            json["spec"]!["replicas"] = 3;
            json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "busybox:2";
        });
        _cluster.Settle();
        Assert.Equal(3, _cluster.Pods().Count(pod => pod.AsPod().Spec.Containers[0].Image == "busybox:1"));
        Assert.Contains("Progressing Unknown DeploymentPaused Deployment is paused", Conditions(Status()));

        _cluster.Update(Resources.Deployments, "web", json => json["spec"]!.AsObject().Remove("paused"));
        _cluster.Settle();
        Assert.Equal(3, _cluster.Pods().Count(pod => pod.AsPod().Spec.Containers[0].Image == "busybox:2"));
    }

    [Fact]
    public void A_pod_is_available_only_after_minReadySeconds()
    {
        _cluster.Create(Resources.Deployments, Web.Replace("  replicas: 2", "  replicas: 2\n  minReadySeconds: 10", StringComparison.Ordinal));
        _cluster.Settle();
        _cluster.Pass(9);
        Assert.Null(Status().Integer("availableReplicas"));
        _cluster.Pass(2);
        Assert.Equal(2, Status().Integer("availableReplicas"));
    }

    [Fact]
    public void Old_sets_beyond_the_history_limit_are_deleted()
    {
        _cluster.Create(Resources.Deployments, Web.Replace("revisionHistoryLimit: 10", "revisionHistoryLimit: 2", StringComparison.Ordinal));
        _cluster.Settle();
        for (var i = 2; i < 8; i++)
        {
            SetImage($"busybox:{i}");
            _cluster.Pass(1);
        }
        Assert.Equal(["5", "6", "7"], _cluster.Api.List(Resources.ReplicaSets, "demo").Select(set => Annotation(set.ToMutable(), DeploymentScope.Revision)).Order());
    }

    [Fact]
    public void A_rollout_never_leaves_its_bounds()
    {
        var cases = from replicas in Gen.Choose(1, 9)
                    from surge in Gen.Choose(0, 4)
                    from unavailable in Gen.Choose(0, 4)
                    from seed in Gen.Choose(0, 1000)
                    select (replicas, surge, unavailable, seed);
        Prop.ForAll(cases.ToArbitrary(), given =>
        {
            var (replicas, surge, unavailable, seed) = given;
            RollOnce(replicas, surge, surge + unavailable == 0 ? 1 : unavailable, seed);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(10));
    }

    public void Dispose() => _cluster.Dispose();

    /// <summary>Pods become ready one by one, in a random order; after each step the bounds must hold.</summary>
    private static void RollOnce(int replicas, int surge, int unavailable, int seed)
    {
        using var cluster = new ClusterInMemory();
        cluster.Create(Resources.Deployments, Web.Replace("replicas: 2", $"replicas: {replicas}", StringComparison.Ordinal)
            .Replace("maxSurge: 25%, maxUnavailable: 25%", $"maxSurge: {surge}, maxUnavailable: {unavailable}", StringComparison.Ordinal));
        cluster.Settle();
        var random = new Random(seed);
        cluster.Kubelet.MayBecomeReady = _ => false;
        cluster.Update(Resources.Deployments, "web", json => json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "busybox:2");
        for (var step = 0; step < 100; step++)
        {
            cluster.Settle();
            var active = cluster.Pods().Where(PodFacts.IsActive).ToList();
            Assert.True(active.Count <= replicas + surge, $"{active.Count} pods");
            Assert.True(active.Count(pod => pod.AsPod().Status.IsReady) >= replicas - unavailable, "too few available");
            var waiting = active.Where(pod => !pod.AsPod().Status.IsReady).ToList();
            if (waiting.Count == 0)
            {
                break;
            }
            cluster.Kubelet.SetReady(waiting[random.Next(waiting.Count)], ready: true);
        }
        Assert.Equal(replicas, cluster.Pods().Count(pod => pod.AsPod().Spec.Containers[0].Image == "busybox:2"));
        Assert.Equal(replicas, cluster.Pods().Count);
    }

    private void SetImage(string image) =>
        _cluster.Update(Resources.Deployments, "web", json => json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image);

    private JsonObject Status() => _cluster.Read(Resources.Deployments, "web")["status"]!.AsObject();

    private static string? Annotation(JsonObject item, string name) => item["metadata"]!["annotations"]![name]?.GetValue<string>();

    private static List<string> Conditions(JsonObject status) =>
        [.. status["conditions"]!.AsArray().Select(item => $"{item!["type"]} {item["status"]} {item["reason"]} {item["message"]}").Order(StringComparer.Ordinal)];
}
