using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Plumb.Cli.WebConsole;
using Plumb.Cli.WebConsole.Traffic;
using Plumb.Cluster;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The console on a real API server, reached by its kubeconfig only.</summary>
public sealed class RealClusterTests(Chromium chromium) : IClassFixture<Chromium>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pods_and_events_come_and_go_on_the_page_as_they_do_in_the_cluster()
    {
        await using var cluster = await LabCluster.StartAsync(nodes: 1, Cancel);
        using var client = new KubeClient(Target(cluster));
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, Options(cluster));
        Assert.True((await client.CreateAsync(KubeResource.Pods, "default", Pod("waits"), Cancel)).IsSuccess);
        var row = console.Page.Locator("table.pods tbody tr").Filter(new() { HasText = "waits" });
        await Expect(row).ToContainTextAsync("Pending");
        Assert.True((await client.CreateAsync(KubeResource.Events, "default", Event("waits"), Cancel)).IsSuccess);
        await Expect(console.Page.GetByText("No node has enough free CPU for waits.")).ToBeVisibleAsync();
        Assert.True((await client.DeleteAsync(KubeResource.Pods, "default", "waits", new KubeDelete(), Cancel)).IsSuccess);
        await Expect(row).ToHaveCountAsync(0);
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task An_api_server_that_goes_away_is_said_at_once_and_forgotten_when_it_is_back()
    {
        var folder = Directory.CreateTempSubdirectory("plumb-console-");
        var options = new LabClusterOptions { StateDirectory = folder.FullName, KeepState = true };
        var cluster = await LabCluster.StartAsync(options, Cancel);
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, Options(cluster));
        await Expect(console.Page.Locator(".link")).ToContainTextAsync("Live");
        await cluster.DisposeAsync();
        var banner = console.Page.GetByRole(AriaRole.Alert);
        await Expect(banner).ToContainTextAsync("The cluster cannot be read. Showing the state of");
        await using (await LabCluster.StartAsync(options with { Port = cluster.Server.Port }, Cancel))
        {
            await Expect(banner).ToHaveTextAsync("", new() { Timeout = 20_000 });
            await Expect(console.Page.Locator(".link")).ToContainTextAsync("Live");
        }

        folder.Delete(recursive: true);
    }

    private static ConsoleOptions Options(LabCluster cluster) =>
        ConsoleOptions.Of(Target(cluster), "lab", null, null, TrafficQueries.OfLoadGenerator, TimeProvider.System);

    private static KubeTarget Target(LabCluster cluster) =>
        Kubeconfig.Load([cluster.KubeconfigPath]).Then(config => config.Target(TimeProvider.System)).Value!;

    /// <summary>A pod that no scheduler takes, so that nothing but this test changes it.</summary>
    private static JsonObject Pod(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["schedulerName"] = "nobody",
            ["terminationGracePeriodSeconds"] = 0,
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "busybox:1.35" }),
        },
    };

    private static JsonObject Event(string pod) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Event",
        ["metadata"] = new JsonObject { ["name"] = pod + ".1" },
        ["involvedObject"] = new JsonObject { ["kind"] = "Pod", ["name"] = pod, ["namespace"] = "default" },
        ["type"] = "Warning",
        ["reason"] = "FailedScheduling",
        ["message"] = "0/1 nodes are available: 1 Insufficient cpu.",
        ["lastTimestamp"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
    };
}
