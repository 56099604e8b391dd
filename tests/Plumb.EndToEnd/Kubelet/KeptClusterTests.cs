using System.Text.Json.Nodes;
using Plumb.Cluster;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;
using Xunit;

namespace Plumb.EndToEnd.Kubelet;

public sealed class KeptClusterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_config_map_a_deployment_and_the_file_in_its_volume_survive_a_restart(bool isLastLineTorn)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root with CAP_SYS_ADMIN: containers are Linux namespaces");
        var directory = Directory.CreateTempSubdirectory("plumb-e2e-").FullName;
        var options = new LabClusterOptions { Nodes = 1, StateDirectory = directory, KeepState = true };
        KubeObject map, pod, service;
        await using (var cluster = await LabCluster.StartAsync(options, Cancel))
        {
            map = Create(cluster, Resources.ConfigMaps, """{"metadata":{"name":"settings"},"data":{"color":"blue"}}""");
            service = Create(cluster, Resources.Services, """{"metadata":{"name":"writer"},"spec":{"selector":{"app":"writer"},"ports":[{"port":80}]}}""");
            Create(cluster, Resources.PersistentVolumeClaims, """{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Mi"}}}}""");
            Create(cluster, Resources.Deployments, """
                {"metadata":{"name":"writer"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"writer"}},"template":{"metadata":{"labels":{"app":"writer"}},
                "spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"busybox:1.36","command":["sh","-c","echo run >> /data/runs; exec sleep 600"],
                "volumeMounts":[{"name":"data","mountPath":"/data"}]}],"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data"}}]}}}}
                """);
            pod = await ReadyPodAsync(cluster);
            await WrittenAsync(directory, "run\n".Length);
        }
        if (isLastLineTorn)
        {
            await File.AppendAllTextAsync(StateFile.PathIn(directory), "0badc0de put po", Cancel);
        }

        var said = new List<string>();
        await using (var again = await LabCluster.StartAsync(options with { Log = said.Add }, Cancel))
        {
            var after = await ReadyPodAsync(again);
            Assert.Equal((pod.Uid, 1), (after.Uid, OneNode.Container(after.ToMutable())["restartCount"]!.GetValue<int>()));
            Assert.True(after.ResourceVersion > pod.ResourceVersion);
            Assert.Equal(map.Utf8, again.Api.Get(Resources.ConfigMaps, "default", "settings")!.Utf8);
            Assert.Equal(service.Utf8, again.Api.Get(Resources.Services, "default", "writer")!.Utf8);
            Assert.Equal("run\nrun\n", await WrittenAsync(directory, "run\nrun\n".Length));
            Assert.Equal(isLastLineTorn, said.Any(line => line.Contains("was cut off while it was written", StringComparison.Ordinal)));
        }
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>A container without a readiness probe is Ready when it runs, which is before its script has written.</summary>
    private static async Task<string> WrittenAsync(string directory, int length)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(OneNode.Patience);
        string[] files;
        while ((files = Directory.GetFiles(directory, "runs", SearchOption.AllDirectories)) is not [var file] || (new FileInfo(file).Length < length && !limit.IsCancellationRequested))
        {
            Assert.False(limit.IsCancellationRequested, $"{files.Length} files were written");
            await Task.Delay(20, Cancel);
        }
        return await File.ReadAllTextAsync(files[0], Cancel);
    }

    private static KubeObject Create(LabCluster cluster, ResourceKind kind, string json)
    {
        var created = cluster.Api.Create(kind, "default", JsonNode.Parse(json)!.AsObject());
        Assert.True(created.IsOk, created.Failure?.Message);
        return created.Object;
    }

    /// <summary>Waits until the Deployment says that its pod is ready, and returns the pod.</summary>
    private static async Task<KubeObject> ReadyPodAsync(LabCluster cluster)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(OneNode.Patience);
        while (true)
        {
            var pods = cluster.Api.List(Resources.Pods).ToList();
            var ready = cluster.Api.Get(Resources.Deployments, "default", "writer")?.ToMutable().Object("status")["readyReplicas"]?.GetValue<int>();
            if (ready == 1 && pods.Count == 1 && OneNode.Condition(pods[0].ToMutable(), "Ready") == "True")
            {
                return pods[0];
            }
            Assert.False(limit.IsCancellationRequested, string.Join('\n', pods.Select(pod => pod.Json.GetRawText())));
            await Task.Delay(20, Cancel);
        }
    }
}
