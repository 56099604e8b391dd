using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Plumb.Cluster.Api;
using Plumb.Cluster.Api.Auth;
using Plumb.Cluster.Api.Http;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Kubelet;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster;

/// <summary>
/// A Kubernetes cluster in this process: an API server that kubectl and any client can use, controllers, a scheduler, and nodes
/// whose containers are real processes.
/// </summary>
/// <example><c>await using var cluster = await LabCluster.StartAsync(nodes: 3);</c></example>
public sealed class LabCluster : IAsyncDisposable
{
    /// <summary>
    /// How far versions jump over a restart: more than the events, leases and last moments that were not recorded can have counted, so that no
    /// version ever stands for two states.
    /// </summary>
    private const long UnrecordedVersions = 1_000_000;

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly string? _temporary;

    private LabCluster(LabClusterOptions options)
    {
        _temporary = options.StateDirectory is null ? Directory.CreateTempSubdirectory("plumb-cluster-").FullName : null;
        StateDirectory = options.StateDirectory ?? _temporary!;
    }

    /// <summary>Where the cluster keeps its files.</summary>
    public string StateDirectory { get; }

    /// <summary>The file to give to kubectl (<c>KUBECONFIG</c>), readable by its owner only.</summary>
    public string KubeconfigPath => Path.Combine(StateDirectory, "kubeconfig");

    /// <summary>The API server, for instance <c>https://127.0.0.1:41234</c>.</summary>
    public Uri Server { get; private set; } = null!;

    /// <summary>The administrator's bearer token.</summary>
    public string Token { get; private set; } = "";

    /// <summary>The certificate of the cluster's own authority, PEM.</summary>
    public string CaPem { get; private set; } = "";

    /// <summary>What a real node enforces and this machine does not, a sentence each with what would mend it.</summary>
    public IReadOnlyList<string> NotEnforced { get; private set; } = [];

    /// <summary>The directory below the root of each cgroup hierarchy where a cluster with this state directory has its containers, as POD/CONTAINER.</summary>
    public static string CgroupOf(string stateDirectory) => LabNodes.CgroupOf(stateDirectory);

    /// <summary>True when pods have files of their own, and with them the cluster's DNS; false without root.</summary>
    public bool PodsResolveNames { get; private set; }

    internal ApiServices Services { get; private set; } = null!;

    internal ClusterApi Api => Services.Api;

    internal ClusterNetwork Network { get; private set; } = null!;

    /// <summary>Starts a cluster with defaults; it is ready to be used when this returns.</summary>
    /// <exception cref="LabClusterException">It cannot start; the message says why.</exception>
    public static Task<LabCluster> StartAsync(int nodes, CancellationToken cancel = default) => StartAsync(new LabClusterOptions { Nodes = nodes }, cancel);

    /// <exception cref="LabClusterException">It cannot start; the message says why.</exception>
    public static async Task<LabCluster> StartAsync(LabClusterOptions options, CancellationToken cancel = default)
    {
        var cluster = new LabCluster(options);
        try
        {
            await cluster.RunAsync(options, cancel);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Ends what a cluster left running in that directory whose process was killed: its containers' processes and their cgroups.
    /// The next start on the same directory does this too. Must not be called while a cluster runs there.
    /// </summary>
    /// <param name="keepFiles">True: volumes stay, for a cluster whose state is kept.</param>
    /// <returns>How many processes were ended.</returns>
    public static Task<int> ClearLeftoversAsync(string stateDirectory, bool keepFiles, CancellationToken cancel = default) =>
        LabNodes.ClearAsync(stateDirectory, keepFiles, cancel);

    private async Task RunAsync(LabClusterOptions options, CancellationToken cancel)
    {
        Directory.CreateDirectory(StateDirectory);
        var kept = options.KeepState ? LoadKept(options) : null;
        Network = ClusterNetwork.Claim(kept?.Slot) ?? throw new LabClusterException(kept is null
            ? "every loopback range for clusters is in use on this machine; stop another cluster first"
            : $"the kept cluster in {StateDirectory} has its addresses in a loopback range that another running cluster uses (slot {kept.Slot.ToString(CultureInfo.InvariantCulture)}); stop that cluster first, or start in another directory");
        var identity = (options.KeepState ? ServerIdentity.Load(StateDirectory) : null) ?? ServerIdentity.Create(options.Time, IPAddress.Parse(Network.ApiServiceAddress));
        if (options.KeepState)
        {
            identity.Save(StateDirectory);
        }
        var store = kept is null ? new ObjectStore() : ObjectStore.Restore(kept.Objects, kept.Version + UnrecordedVersions);
        if (options.KeepState)
        {
            // The first part, so that it ends last and records what the others do when they stop.
            _parts.Push(new BackgroundPart("the record of the objects", new StateWriter(store, StateDirectory, Network.Slot, options.Log).RunAsync, options.Log));
        }
        var api = new ClusterApi(store, options.Time);
        api.Admission.Addresses = new ServiceAddresses(Network);
        var tokens = new ServiceAccountTokens(identity.TokenKey, store, options.Time);
        Services = new ApiServices
        {
            Api = api,
            Tokens = tokens,
            Authenticator = new Authenticator(identity.AdminToken, tokens),
            Authorizer = new Authorizer(options.ServiceAccountsMayRead),
            Log = options.Log,
        };
        Services.Pages.Add("kube-state-metrics", _ => Task.FromResult(new LabPage(Plumb.Core.Metrics.ExpositionWriter.ContentType, Metrics.KubeStateMetrics.Render(api))));
        Services.Pages.Add("prometheus/targets", _ => Task.FromResult(PrometheusTargets.Page(api)));
        SystemNamespaces.Create(api);
        var defaults = NamespaceDefaults.Start(api, identity.CaPem, options.Log);
        _parts.Push(defaults);
        var nodes = await LabNodes.StartAsync(options, StateDirectory, Network, Services, cancel);
        _parts.Push(nodes);
        NotEnforced = nodes.Capabilities.NotEnforced;
        PodsResolveNames = nodes.Capabilities.Isolation;
        var server = await ListenAsync(identity, options.Port, cancel);
        _parts.Push(server);
        Server = server.Address;
        Token = identity.AdminToken;
        CaPem = identity.CaPem;
        _parts.Push(ControlPlane.Start(api, Network, Server, StateDirectory, options.Log));
        ServerIdentity.WritePrivate(KubeconfigPath, Kubeconfig());
    }

    private KeptState? LoadKept(LabClusterOptions options)
    {
        var kept = StateFile.Load(StateDirectory);
        if (kept is { TornBytes: > 0 })
        {
            options.Log?.Invoke($"the last change in {StateFile.PathIn(StateDirectory)} was cut off while it was written and is left out ({kept.TornBytes.ToString(CultureInfo.InvariantCulture)} bytes)");
        }
        // Pods and volumes stand on their node; without it they would wait for ever.
        if (kept?.Objects.Count(item => item.Kind == Resources.Nodes) is { } nodes && nodes > options.Nodes)
        {
            throw new LabClusterException(string.Create(CultureInfo.InvariantCulture,
                $"the kept cluster in {StateDirectory} has {nodes} nodes and only {options.Nodes} are asked for; ask for {nodes} or more, or start in another directory"));
        }
        return kept;
    }

    private async Task<ApiServer> ListenAsync(ServerIdentity identity, int port, CancellationToken cancel)
    {
        try
        {
            return await ApiServer.StartAsync(new Router(Services), identity, port, cancel);
        }
        catch (IOException taken) when (taken.InnerException is AddressInUseException)
        {
            throw new LabClusterException($"port {port} on 127.0.0.1 is in use by another program; choose another port, or 0 for a free one", taken);
        }
    }

    private string Kubeconfig() => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: plumb
          cluster:
            server: {Server.GetLeftPart(UriPartial.Authority)}
            certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(CaPem))}
        users:
        - name: admin
          user:
            token: {Token}
        contexts:
        - name: plumb
          context:
            cluster: plumb
            user: admin
        current-context: plumb

        """;

    /// <summary>Stops everything, the newest part first, and takes away what the cluster made on this machine.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
        Network?.Dispose();
        if (_temporary is not null && Directory.Exists(_temporary))
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }
}
