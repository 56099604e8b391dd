using System.Diagnostics;
using Plumb.Cluster;

namespace Plumb.EndToEnd.Cluster;

/// <summary>A real kubectl against a real cluster of processes: what a user does with Deployments, StatefulSets, nodes and namespaces.</summary>
public sealed class ControllersWithKubectlTests : IAsyncLifetime
{
    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 2
              containers: [{name: web, image: "busybox:1", command: [sh, -c, 'trap "exit 0" TERM; sleep 3600 & wait']}]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
        """;

    private const string Db = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: db, image: "busybox:1", command: [sh, -c, 'echo boot >> /data/boots; cat /data/boots; trap "exit 0" TERM; sleep 3600 & wait'], volumeMounts: [{name: data, mountPath: /data}]}]
          volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
        """;

    private LabCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await LabCluster.StartAsync(nodes: 3, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_deployment_rolls_is_undone_scaled_drained_and_deleted_with_its_namespace()
    {
        await KubectlAsync("create namespace demo");
        await KubectlAsync("-n demo apply -f -", Web);
        Assert.Contains("successfully rolled out", await KubectlAsync("-n demo rollout status deploy/web --timeout=60s"), StringComparison.Ordinal);

        await KubectlAsync("-n demo set image deploy/web web=busybox:2");
        await KubectlAsync("-n demo rollout status deploy/web --timeout=60s");
        await KubectlAsync("-n demo rollout undo deploy/web");
        await KubectlAsync("-n demo rollout status deploy/web --timeout=60s");
        var history = await KubectlAsync("-n demo rollout history deploy/web");
        Assert.Matches(@"(?m)^2\s", history);
        Assert.Matches(@"(?m)^3\s", history);
        Assert.Equal("busybox:1", await KubectlAsync("-n demo get deploy web -o jsonpath={.spec.template.spec.containers[0].image}"));

        var node = await KubectlAsync("-n demo get pods -o jsonpath={.items[0].spec.nodeName}");
        Assert.Contains("drained", await KubectlAsync($"drain {node} --ignore-daemonsets --delete-emptydir-data --timeout=60s"), StringComparison.Ordinal);
        Assert.DoesNotContain(node, await KubectlAsync("-n demo get pods -o jsonpath={.items[*].spec.nodeName}"), StringComparison.Ordinal);
        await KubectlAsync($"uncordon {node}");

        await KubectlAsync("-n demo scale deploy/web --replicas=4");
        await KubectlAsync("-n demo wait --for=condition=Available deploy/web --timeout=60s");
        await KubectlAsync("-n demo rollout status deploy/web --timeout=60s");
        await KubectlAsync("delete namespace demo --timeout=60s");
        Assert.DoesNotContain("demo", await KubectlAsync("get namespaces -o name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stateful_set_finds_its_data_again_after_it_was_scaled_away()
    {
        await KubectlAsync("apply -f -", Db);
        await KubectlAsync("rollout status sts/db --timeout=60s");
        await KubectlAsync("scale sts/db --replicas=0");
        await KubectlAsync("wait --for=delete pod/db-0 --timeout=60s");
        await KubectlAsync("scale sts/db --replicas=1");
        await KubectlAsync("rollout status sts/db --timeout=60s");
        Assert.Equal(["boot", "boot"], (await KubectlAsync("logs db-0")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("Bound", await KubectlAsync("get pvc data-db-0 -o jsonpath={.status.phase}"));
    }

    private async Task<string> KubectlAsync(string arguments, string? input = null)
    {
        var start = new ProcessStartInfo(Kubectl, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = _cluster.KubeconfigPath;
        using var process = Process.Start(start)!;
        var cancel = TestContext.Current.CancellationToken;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
        await process.WaitForExitAsync(cancel);
        Assert.True(process.ExitCode == 0, $"kubectl {arguments}: exit {process.ExitCode}\n{await output}{await errors}");
        return await output;
    }

    /// <summary>The newest kubectl of the machine: in PATH, or one of the versions that a cloud SDK brings.</summary>
    private static string Kubectl => new[] { "/usr/lib/google-cloud-sdk/bin/kubectl.1.33", "/usr/lib/google-cloud-sdk/bin/kubectl.1.30", "/usr/local/bin/kubectl" }.FirstOrDefault(File.Exists) ?? "kubectl";
}
