using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster;
using Plumb.Core;
using Plumb.Lab.Aws;
using Plumb.Lab.Installation;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.Lab;

/// <summary>
/// A running lab: the embedded cluster, and the payments system on it. Everything after the cluster's start goes through its API by URL,
/// as with any cluster.
/// </summary>
public sealed class LabHost : IAsyncDisposable
{
    private const string ApiName = "kubernetes.default.svc";
    private const string LockName = "lab.lock";
    private const string ClusterDirectory = "cluster";
    internal const string AwsDirectory = "aws";
    private static readonly TimeSpan NodePatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PaymentPatience = TimeSpan.FromSeconds(10);

    private readonly LabOptions _options;
    private readonly TimeProvider _time;
    private readonly IProgress<LabStep>? _progress;
    private readonly FileStream _lock;
    private readonly long _began;
    private LabCluster? _cluster;
    private StandIn? _aws;
    private ILabRecorder? _recorder;
    private KubeClient? _client;
    private int _disposed;

    private LabHost(LabOptions options, TimeProvider time, IProgress<LabStep>? progress, FileStream @lock, long began) =>
        (_options, _time, _progress, _lock, _began) = (options, time, progress, @lock, began);

    /// <summary>What other processes read in lab.json.</summary>
    public LabState State { get; private set; } = null!;

    /// <summary>
    /// Starts a lab and waits until everything is Ready. When only the payments system does not become Ready, the lab runs on, so that one can
    /// look: <see cref="State"/> has the phase Failed and says why.
    /// </summary>
    public static async Task<Result<LabHost>> StartAsync(LabOptions options, TimeProvider time, IProgress<LabStep>? progress, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        var taken = TakeLock(options.Home);
        if (!taken.IsOk)
        {
            return taken.Problem;
        }

        var lab = new LabHost(options, time, progress, taken.Value, began);
        try
        {
            if (await lab.RunAsync(cancel) is { } problem)
            {
                await lab.DisposeAsync();
                return problem;
            }

            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The directory below the root of each cgroup hierarchy where the lab of this home has its containers.</summary>
    public static string CgroupOf(PlumbHome home) => LabCluster.CgroupOf(home.File(ClusterDirectory));

    /// <summary>
    /// Tells other processes that the lab is there (or what is wrong with it), and where its console is. Until then they read that it starts, so
    /// that whoever waits for it learns everything at once.
    /// </summary>
    /// <param name="console">With its token; null: there is no console.</param>
    public void Announce(Uri? console)
    {
        State = State with { Console = console };
        State.Write(_options.Home);
    }

    /// <summary>Ends and removes what a lab left that ended without cleaning up. Does nothing while a lab runs.</summary>
    /// <returns>How many processes were ended; null when a lab runs, or the directory cannot be used.</returns>
    public static async Task<int?> ClearLeftoversAsync(PlumbHome home, CancellationToken cancel)
    {
        var taken = TakeLock(home);
        if (!taken.IsOk)
        {
            return null;
        }

        await using (taken.Value)
        {
            var ended = await LabCluster.ClearLeftoversAsync(home.File(ClusterDirectory), keepFiles: LabState.Read(home) is { IsOk: true, Value.Kept: true }, cancel);
            LabState.Clear(home);
            return ended;
        }
    }

    /// <summary>Stops the pods and the cluster, and takes away what the lab made on this machine.</summary>
    public async ValueTask DisposeAsync()
    {
        // A second time would clear the state of whoever took the home since.
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _client?.Dispose();
        if (_aws is not null)
        {
            await _aws.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        if (_recorder is not null)
        {
            await _recorder.DisposeAsync();
        }

        LabState.Clear(_options.Home);
        await _lock.DisposeAsync();
    }

    /// <summary>One lab for each home. The kernel lets go of the lock when its process ends, however it ends.</summary>
    private static Result<FileStream> TakeLock(PlumbHome home)
    {
        try
        {
            Directory.CreateDirectory(home.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return new FileStream(home.File(LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException)
        {
            return new Problem($"the state directory {home.Path} cannot be written", "Run as its owner, or set PLUMB_HOME to a directory of your own");
        }
        catch (IOException problem)
        {
            return LabState.Read(home) is { IsOk: true, Value: { IsAlive: true } lab }
                ? new Problem(
                    string.Create(CultureInfo.InvariantCulture, $"a lab runs already in {home.Path} (process {lab.Pid})"),
                    "See it with 'plumb status', end it with 'plumb down', or set PLUMB_HOME to another directory for a second one")
                : new Problem($"the state directory {home.Path} cannot be used: {problem.Message.TrimEnd('.')}", "Set PLUMB_HOME to a directory with room on a local disk");
        }
    }

    private async Task<Problem?> RunAsync(CancellationToken cancel)
    {
        if (await StartAwsAsync(cancel) is { } aws)
        {
            return aws;
        }

        // Its name has the directory's real path in it, so the directory has to be there.
        Directory.CreateDirectory(_options.Home.File(ClusterDirectory));
        _recorder = _options.Recorder?.Invoke(CgroupOf(_options.Home));
        var connected = await StartClusterAsync(cancel);
        if (connected is not null)
        {
            return connected;
        }

        if (await NodesAsync(cancel) is { } nodes)
        {
            return nodes;
        }

        var trouble = _options.Payments ? await PaymentsAsync(cancel) : null;
        State = State with { Phase = trouble is null ? LabPhase.Ready : LabPhase.Failed, Trouble = trouble?.ToString() };
        return null;
    }

    /// <summary>The account outlives the lab, as a real one outlives a cluster.</summary>
    private async Task<Problem?> StartAwsAsync(CancellationToken cancel)
    {
        try
        {
            _aws = await StandIn.StartAsync(new StandInOptions(_options.Home.File(AwsDirectory)) { Time = _time }, cancel);
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Problem($"the lab's AWS cannot start: {problem.Message.TrimEnd('.')}", $"Look at {_options.Home.File(AwsDirectory)}; removing it makes a new account");
        }
    }

    private async Task<Problem?> StartClusterAsync(CancellationToken cancel)
    {
        Tell(LabStepKind.Cluster, "starting the API server and the controllers", done: false);
        try
        {
            _cluster = await LabCluster.StartAsync(
                new LabClusterOptions
                {
                    Nodes = _options.Nodes,
                    StateDirectory = _options.Home.File(ClusterDirectory),
                    KeepState = _options.Keep,
                    Port = _options.ApiPort,
                    Images = PaymentsImages.Create(_options.Program ?? PaymentsImages.ThisProgram()),
                    ServiceAccountsMayRead = true,
                    Time = _time,
                    Log = text => Tell(LabStepKind.Cluster, text, done: true),
                },
                cancel);
        }
        catch (LabClusterException problem)
        {
            return new Problem(problem.Message);
        }

        var target = Kubeconfig.Load([_cluster.KubeconfigPath]).Then(config => config.Target(_time));
        if (!target.IsSuccess)
        {
            return new Problem($"the lab's own kubeconfig cannot be used: {target.Error.Message.TrimEnd('.')}", target.Error.Next);
        }

        _client = new KubeClient(target.Value);
        State = new LabState
        {
            Pid = Environment.ProcessId,
            ProcessStart = LabState.StartOf(Environment.ProcessId) ?? 0,
            StartedAt = _time.GetUtcNow(),
            Phase = LabPhase.Starting,
            Nodes = _options.Nodes,
            Kept = _options.Keep,
            Kubeconfig = _cluster.KubeconfigPath,
            Server = _cluster.Server,
            NotEnforced = _cluster.NotEnforced,
            Recorder = _recorder?.Name,
            RecorderOff = _recorder?.Off,
            Aws = new LabAws(_aws!.Endpoint, StandIn.Region, _aws.Keys.AccessKeyId, _aws.Keys.SecretAccessKey, StandIn.StatesIn(_options.Home.File(AwsDirectory))),
        };
        State.Write(_options.Home);
        Tell(LabStepKind.Cluster, $"API server at {_cluster.Server.GetLeftPart(UriPartial.Authority)}", done: true);
        return null;
    }

    private async Task<Problem?> NodesAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(NodePatience);
        var ready = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            if (_options.Nodes > 0)
            {
                await foreach (var change in _client!.WatchAsync(KubeResource.Nodes, null, null, null, limit.Token))
                {
                    if (change is KubeWatchEvent.Changed { Object: var node } && ReadyWatch.IsReady(node) && ready.Add(node.Name) && ready.Count == _options.Nodes)
                    {
                        break;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Problem(
                $"{ready.Count} of {_options.Nodes} nodes are Ready after {NodePatience.TotalSeconds:0} s",
                "Run 'plumb doctor': it says what this machine lacks");
        }

        Tell(LabStepKind.Nodes, $"{_options.Nodes} nodes Ready", done: true);
        return null;
    }

    private async Task<Problem?> PaymentsAsync(CancellationToken cancel)
    {
        var manifests = Manifests();
        var token = await new PaymentsInstaller(_client!).InstallAsync(manifests, cancel);
        if (!token.IsOk)
        {
            return token.Problem;
        }

        Tell(LabStepKind.Manifests, $"{manifests.Count} objects applied", done: true);
        var gateway = await UrlOfAsync("gateway", cancel);
        State = State with { GatewayToken = token.Value, Gateway = gateway, Prometheus = await UrlOfAsync("prometheus", cancel) };
        State.Write(_options.Home);
        var watch = new ReadyWatch(_client!, Workload.Of(manifests), (ready, wanted, missing) =>
            Tell(LabStepKind.Pods, missing.Length == 0 ? $"{wanted} pods Ready" : $"{ready} of {wanted} pods Ready, waiting for {missing}", done: ready == wanted));
        if (await watch.WaitAsync(_options.Patience, cancel) is { } notReady)
        {
            return notReady;
        }

        var unpaid = gateway is null ? new Problem("the Service gateway has no address", null) : await PaymentCheck.RunAsync(gateway, token.Value, PaymentPatience, _time, cancel);
        if (unpaid is null)
        {
            Tell(LabStepKind.Payment, "a payment went through gateway, auth, ledger and database", done: true);
        }

        return unpaid;
    }

    /// <summary>The manifests with what only this lab knows: its nodes' names, and how much load is wanted.</summary>
    private IReadOnlyList<JsonObject> Manifests()
    {
        var nodes = string.Join(", ", Enumerable.Range(1, _options.Nodes).Select(n => string.Create(CultureInfo.InvariantCulture, $"node{n}")));
        // Prometheus takes no variables in its configuration, so without the cluster's DNS it is told the API server's own address.
        var api = _cluster!.PodsResolveNames ? ApiName : State.Server.Authority;
        var manifests = ManifestFiles.Read(text => text.Replace("[node1, node2, node3]", $"[{nodes}]", StringComparison.Ordinal).Replace(ApiName, api, StringComparison.Ordinal));
        var load = manifests.First(m => (string?)m["kind"] == "Deployment" && (string?)m["metadata"]!["name"] == "load");
        load["spec"]!["replicas"] = _options.LoadRate > 0 ? 1L : 0L;
        var env = load["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]!.AsArray();
        env.First(e => (string?)e!["name"] == "RATE")!["value"] = _options.LoadRate.ToString(CultureInfo.InvariantCulture);
        return manifests;
    }

    /// <summary>A Service's own address, which in this lab a client outside the cluster reaches too.</summary>
    private async Task<Uri?> UrlOfAsync(string service, CancellationToken cancel)
    {
        var found = await _client!.GetAsync(KubeResource.Services, PaymentsInstaller.Namespace, service, cancel);
        if (!found.IsSuccess)
        {
            return null;
        }

        var spec = found.Value.Json.Field("spec");
        return spec.Text("clusterIP") is { Length: > 0 } address && spec.Items("ports").FirstOrDefault().Number("port") is { } port
            ? new UriBuilder(Uri.UriSchemeHttp, address, port).Uri
            : null;
    }

    private void Tell(LabStepKind kind, string text, bool done) => _progress?.Report(new LabStep(kind, text, _time.GetElapsedTime(_began), done));
}
