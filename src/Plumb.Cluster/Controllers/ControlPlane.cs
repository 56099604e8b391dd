using System.Net;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Controllers;

/// <summary>Everything that acts on the stored objects besides the kubelets: controllers, scheduler, Service network and DNS, for as long as the cluster runs.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ControllerHost _host;
    private readonly DnsServer? _dns;
    private readonly Task _work;

    private ControlPlane(ClusterApi api, ControllerOptions options, DnsServer? dns, Action<string>? log)
    {
        _host = new ControllerHost(api, options, (where, fault) => log?.Invoke($"controller {where} failed and is tried again: {fault.Message}"));
        _dns = dns;
        _work = Task.WhenAll(Task.Run(() => _host.RunAsync(_stop.Token)), dns?.RunAsync(_stop.Token) ?? Task.CompletedTask);
    }

    /// <param name="server">Where the API server listens: the endpoint of the Service <c>kubernetes</c>.</param>
    /// <param name="stateDirectory">Under it the provisioned volumes keep their directories.</param>
    public static ControlPlane Start(ClusterApi api, ClusterNetwork network, Uri server, string stateDirectory, Action<string>? log)
    {
        var (dns, problem) = DnsServer.Open(new DnsZone(api), new IPEndPoint(IPAddress.Parse(network.DnsAddress), 53));
        if (problem is not null)
        {
            log?.Invoke(problem);
        }
        CreateApiService(api, network, server);
        CreateStorageClass(api);
        return new ControlPlane(api, new ControllerOptions { VolumeDirectory = Path.Combine(stateDirectory, "volumes") }, dns, log);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _work;
        }
        catch (OperationCanceledException)
        {
            // The way in which the loops end.
        }
        _host.Dispose();
        _dns?.Dispose();
        _stop.Dispose();
    }

    /// <summary>The way from the pods to the API server: the Service <c>kubernetes</c> and its hand-made endpoints.</summary>
    private static void CreateApiService(ClusterApi api, ClusterNetwork network, Uri server)
    {
        foreach (var kind in new[] { Resources.Services, Resources.Endpoints, Resources.EndpointSlices })
        {
            if (api.Get(kind, "default", "kubernetes") is not null)
            {
                // A kept state holds the port of the run before.
                api.Delete(kind, "default", "kubernetes");
            }
        }
        JsonObject Metadata(string label, string value) => new() { ["name"] = "kubernetes", ["namespace"] = "default", ["labels"] = new JsonObject { [label] = value } };
        JsonArray Ports() => [new JsonObject { ["name"] = "https", ["port"] = server.Port, ["protocol"] = "TCP" }];
        var labels = Metadata("component", "apiserver");
        labels.Object("labels")["provider"] = "kubernetes";
        api.Create(Resources.Services, "default", new JsonObject
        {
            ["metadata"] = labels,
            ["spec"] = new JsonObject
            {
                ["type"] = "ClusterIP",
                ["clusterIP"] = network.ApiServiceAddress,
                ["clusterIPs"] = new JsonArray(network.ApiServiceAddress),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = server.Port }),
            },
        });
        api.Create(Resources.Endpoints, "default", new JsonObject
        {
            ["metadata"] = Metadata("endpointslice.kubernetes.io/skip-mirror", "true"),
            ["subsets"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(new JsonObject { ["ip"] = server.Host }), ["ports"] = Ports() }),
        });
        api.Create(Resources.EndpointSlices, "default", new JsonObject
        {
            ["metadata"] = Metadata(EndpointSliceWriter.ServiceLabel, "kubernetes"),
            ["addressType"] = "IPv4",
            ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(server.Host), ["conditions"] = new JsonObject { ["ready"] = true } }),
            ["ports"] = Ports(),
        });
    }

    private static void CreateStorageClass(ClusterApi api)
    {
        if (api.Get(Resources.StorageClasses, null, "standard") is not null)
        {
            return;
        }
        api.Create(Resources.StorageClasses, null, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "standard", ["annotations"] = new JsonObject { ["storageclass.kubernetes.io/is-default-class"] = "true" } },
            ["provisioner"] = ControllerOptions.Provisioner,
            ["reclaimPolicy"] = "Delete",
            ["volumeBindingMode"] = "WaitForFirstConsumer",
        });
    }
}
