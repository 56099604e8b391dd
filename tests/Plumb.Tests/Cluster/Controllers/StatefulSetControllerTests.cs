using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.Tests.Cluster.Controllers;

public sealed class StatefulSetControllerTests : IDisposable
{
    private const string Db = """
        metadata: {name: db}
        spec:
          serviceName: db
          replicas: 3
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec: {containers: [{name: db, image: "busybox:1"}], volumes: [{name: data, emptyDir: {}}]}
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], storageClassName: standard, resources: {requests: {storage: 1Gi}}}
        """;

    private readonly ClusterInMemory _cluster = new();

    public StatefulSetControllerTests() =>
        _cluster.Create(Resources.StorageClasses, "metadata: {name: standard}\nprovisioner: kubernetes.io/host-path\nreclaimPolicy: Delete\nvolumeBindingMode: WaitForFirstConsumer", ns: null);

    [Fact]
    public void Pods_come_one_after_the_other_each_with_its_own_bound_claim()
    {
        _cluster.Kubelet.MayBecomeReady = _ => false;
        _cluster.Create(Resources.StatefulSets, Db);
        _cluster.Settle();
        Assert.Equal(["db-0"], _cluster.Pods().Select(pod => pod.Name));
        Assert.NotEmpty(_cluster.Pods()[0].AsPod().Spec.NodeName!);

        _cluster.Kubelet.SetReady(_cluster.Pods()[0], ready: true);
        _cluster.Settle();
        Assert.Equal(["db-0", "db-1"], _cluster.Pods().Select(pod => pod.Name));

        _cluster.Kubelet.MayBecomeReady = _ => true;
        _cluster.Kubelet.SetReady(_cluster.Pods()[1], ready: true);
        _cluster.Settle();
        Assert.Equal(3, _cluster.Pods().Count);
        Assert.All(_cluster.Api.List(Resources.PersistentVolumeClaims, "demo"), claim =>
        {
            var model = claim.As(KubeJson.Compact.PersistentVolumeClaim);
            Assert.Equal("Bound", model.Status.Phase);
            Assert.True(Directory.Exists(Path.Combine(_cluster.VolumeDirectory, model.Spec.VolumeName!)));
        });
        Assert.Equal("data-db-1", Assert.Single(_cluster.Pods()[1].AsPod().Spec.Volumes!, volume => volume.Name == "data").PersistentVolumeClaim!.ClaimName);
    }

    [Fact]
    public void A_new_template_replaces_the_last_pod_first_and_waits_for_each()
    {
        _cluster.Create(Resources.StatefulSets, Db);
        _cluster.Settle();
        _cluster.Kubelet.MayBecomeReady = _ => false;
        SetImage("busybox:2");
        _cluster.Settle();
        Assert.Equal(["busybox:1", "busybox:1", "busybox:2"], Images());
        _cluster.Kubelet.MayBecomeReady = _ => true;
        _cluster.Kubelet.SetReady(_cluster.Pods()[2], ready: true);
        _cluster.Settle();
        Assert.Equal(["busybox:2", "busybox:2", "busybox:2"], Images());
        var status = _cluster.Read(Resources.StatefulSets, "db")["status"]!;
        Assert.Equal(status["updateRevision"]!.GetValue<string>(), status["currentRevision"]!.GetValue<string>());
        Assert.Equal(2, _cluster.Api.List(Resources.ControllerRevisions, "demo").Count);
    }

    [Fact]
    public void A_partition_keeps_the_pods_below_it_on_the_old_template()
    {
        _cluster.Create(Resources.StatefulSets, Db.Replace("  replicas: 3", "  replicas: 3\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}", StringComparison.Ordinal));
        _cluster.Settle();
        SetImage("busybox:2");
        _cluster.Settle();
        Assert.Equal(["busybox:1", "busybox:1", "busybox:2"], Images());
        _cluster.Delete(Resources.Pods, "db-0");
        _cluster.Settle();
        Assert.Equal(["busybox:1", "busybox:1", "busybox:2"], Images());
    }

    [Fact]
    public void Scaling_down_keeps_the_claims_and_scaling_up_gets_them_back()
    {
        _cluster.Create(Resources.StatefulSets, Db);
        _cluster.Settle();
        var volumes = Volumes();
        _cluster.Update(Resources.StatefulSets, "db", json => json["spec"]!["replicas"] = 0);
        _cluster.Settle();
        Assert.Empty(_cluster.Pods());
        _cluster.Update(Resources.StatefulSets, "db", json => json["spec"]!["replicas"] = 3);
        _cluster.Settle();
        Assert.Equal(3, _cluster.Pods().Count);
        Assert.Equal(volumes, Volumes());
    }

    [Fact]
    public void A_claim_in_use_is_deleted_only_after_its_pod_and_takes_its_directory_with_it()
    {
        _cluster.Create(Resources.StatefulSets, Db);
        _cluster.Settle();
        var directory = Path.Combine(_cluster.VolumeDirectory, Volumes()[2]);
        _cluster.Delete(Resources.PersistentVolumeClaims, "data-db-2");
        _cluster.Settle();
        Assert.True(_cluster.Api.Get(Resources.PersistentVolumeClaims, "demo", "data-db-2")!.IsTerminating);
        Assert.True(Directory.Exists(directory));

        _cluster.Update(Resources.StatefulSets, "db", json => json["spec"]!["replicas"] = 2);
        _cluster.Settle();
        Assert.Null(_cluster.Api.Get(Resources.PersistentVolumeClaims, "demo", "data-db-2"));
        Assert.False(Directory.Exists(directory));
        Assert.Equal(2, _cluster.Api.List(Resources.PersistentVolumes).Count);
    }

    [Fact]
    public void A_volume_that_the_cluster_did_not_make_keeps_its_directory()
    {
        var precious = Directory.CreateTempSubdirectory("plumb-precious-");
        _cluster.Create(Resources.PersistentVolumes, $$"""
            metadata: {name: hand-made}
            spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], hostPath: {path: {{precious.FullName}}}, persistentVolumeReclaimPolicy: Delete, storageClassName: manual}
            """, ns: null);
        _cluster.Create(Resources.PersistentVolumeClaims, "metadata: {name: mine}\nspec: {accessModes: [ReadWriteOnce], storageClassName: manual, resources: {requests: {storage: 1Gi}}}");
        _cluster.Settle();
        Assert.Equal("hand-made", _cluster.Read(Resources.PersistentVolumeClaims, "mine")["spec"]!["volumeName"]!.GetValue<string>());
        _cluster.Delete(Resources.PersistentVolumeClaims, "mine");
        _cluster.Settle();
        Assert.Equal("Failed", _cluster.Read(Resources.PersistentVolumes, "hand-made")["status"]!["phase"]!.GetValue<string>());
        Assert.True(precious.Exists);
        precious.Delete();
    }

    public void Dispose() => _cluster.Dispose();

    private List<string> Volumes() => [.. _cluster.Api.List(Resources.PersistentVolumeClaims, "demo").Select(claim => claim.As(KubeJson.Compact.PersistentVolumeClaim).Spec.VolumeName!)];

    private List<string> Images() => [.. _cluster.Pods().Select(pod => pod.AsPod().Spec.Containers[0].Image)];

    private void SetImage(string image) =>
        _cluster.Update(Resources.StatefulSets, "db", json => json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image);
}
