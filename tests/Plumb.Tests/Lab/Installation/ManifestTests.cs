using System.Text.Json.Nodes;
using Plumb.Cluster;
using Plumb.Lab.Installation;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Xunit;

namespace Plumb.Tests.Lab.Installation;

public sealed class ManifestTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static IEnumerable<JsonNode> Containers => ManifestFiles.Read()
        .Where(m => (string?)m["kind"] is "Deployment" or "StatefulSet")
        .SelectMany(m => m["spec"]!["template"]!["spec"]!["containers"]!.AsArray())!;

    [Fact]
    public async Task The_api_server_takes_every_manifest_and_a_second_time_changes_nothing_that_matters()
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Nodes = 0 }, Cancel);
        using var client = new KubeClient(Kubeconfig.Load([cluster.KubeconfigPath]).Then(config => config.Target(TimeProvider.System)).Value!);
        var installer = new PaymentsInstaller(client);

        var first = await installer.InstallAsync(ManifestFiles.Read(), Cancel);
        var second = await installer.InstallAsync(ManifestFiles.Read(), Cancel);

        Assert.True(first.IsOk, first.Problem?.ToString());
        Assert.True(second.IsOk, second.Problem?.ToString());
        // The passwords of a running system survive: new ones would lock the services out of the database.
        Assert.Equal(first.Value, second.Value);
        var deployments = await client.ListAsync(KubeResource.Deployments, PaymentsInstaller.Namespace, null, Cancel);
        Assert.Equal(["auth", "gateway", "ledger", "load", "mail", "notification", "prometheus"], deployments.Value!.Items.Select(d => d.Name).Order());
        Assert.All(deployments.Value!.Items, d => Assert.Equal(1, d.Json.Field("metadata").Number("generation")));
        var budgets = await client.ListAsync(KubeResource.DisruptionBudgets, PaymentsInstaller.Namespace, null, Cancel);
        Assert.Equal(["gateway", "ledger"], budgets.Value!.Items.Select(d => d.Name).Order());
    }

    [Fact]
    public void Every_container_states_its_requests_a_memory_limit_and_both_probes()
    {
        Assert.All(Containers, container =>
        {
            Assert.NotNull(container["resources"]!["requests"]!["cpu"]);
            Assert.NotNull(container["resources"]!["requests"]!["memory"]);
            Assert.NotNull(container["resources"]!["limits"]!["memory"]);
            Assert.NotNull(container["readinessProbe"]);
            Assert.NotNull(container["livenessProbe"]);
        });
    }

    [Fact]
    public void No_service_leads_to_a_port_where_faults_are_set()
    {
        var ports = ManifestFiles.Read().Where(m => (string?)m["kind"] == "Service").SelectMany(m => m["spec"]!["ports"]!.AsArray()).ToList();

        Assert.NotEmpty(ports);
        Assert.All(ports, port => Assert.NotEqual("admin", (string?)port!["targetPort"]));
    }

    [Fact]
    public void Every_image_of_the_payments_system_is_in_the_labs_table()
    {
        var table = PaymentsImages.Create(["/opt/plumb"]).Select(image => image.Pattern).ToList();
        var own = Containers.Select(c => (string)c["image"]!).Where(image => image.StartsWith("plumb/", StringComparison.Ordinal)).ToList();

        Assert.Equal(6, own.Count);
        Assert.All(own, image => Assert.Contains(image, table));
    }

    [Fact]
    public void No_password_stands_in_a_manifest()
    {
        Assert.DoesNotContain(ManifestFiles.Read(), m => (string?)m["kind"] == "Secret");
    }

    [Theory]
    [InlineData("a: 1", "1")]
    [InlineData("a: \"1\"", "\"1\"")]
    [InlineData("a: true", "true")]
    [InlineData("a: \"true\"", "\"true\"")]
    [InlineData("a: 1.5", "1.5")]
    [InlineData("a: 100m", "\"100m\"")]
    [InlineData("a: ~", "null")]
    [InlineData("a: {b: [1, x]}", "{\"b\":[1,\"x\"]}")]
    [InlineData("a: |\n  two\n  lines\n", "\"two\\nlines\\n\"")]
    public void Yaml_reads_as_kubernetes_reads_it(string yaml, string json)
    {
        Assert.Equal(json, ManifestFiles.Parse(yaml).Single()["a"]?.ToJsonString() ?? "null");
    }
}
