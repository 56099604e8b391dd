using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Kubelet;

/// <summary>
/// The kubelet of one node: registers it, keeps its Lease, and runs the pods that are bound to it. It learns of changes from the
/// store's own watch and from its processes; nothing is polled.
/// </summary>
internal sealed class NodeKubelet : INodeAgent, IDisposable
{
    private const int LastAddress = 254;
    private const int LeaseSeconds = 40;
    private const string LeaseNamespace = "kube-node-lease";

    /// <summary>How long a stop waits for containers, over their own grace.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly NodeContext _node;
    private readonly NodeCapabilities _capabilities;
    private readonly KubeletMetrics _metrics;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (PodWorker Worker, Task Run)> _workers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _addresses = new(StringComparer.Ordinal);
    private readonly HashSet<ObjectKey> _refreshing = [];
    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _lastAddress;

    /// <param name="runtime">Shared by all nodes of the lab; the caller disposes of it, after the kubelets.</param>
    public NodeKubelet(ClusterApi api, KubeletOptions options, ContainerRuntime runtime)
    {
        Directory.CreateDirectory(options.StateDirectory);
        _node = new NodeContext(api, new EventRecorder(api, "kubelet", options.NodeName), runtime, options, new ProbeClient(api.Time), NodeResources.Of(options));
        _capabilities = NodeCapabilities.Of(runtime);
        _metrics = new KubeletMetrics(_node, Pods);
    }

    public string NodeName => _node.Options.NodeName;

    public NodeCapabilities Capabilities => _capabilities;

    /// <summary>Completes when the node stands in the API as Ready.</summary>
    public Task Registered => _registered.Task;

    public async Task RunAsync(CancellationToken cancel)
    {
        RemoveLeftovers();
        Unready();
        Register();
        _registered.TrySetResult();
        var beats = Task.WhenAll(RepeatAsync(_node.Options.LeaseInterval, RenewLease, cancel), RepeatAsync(_node.Options.StatusInterval, Beat, cancel));
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                await WatchAsync(cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The lab stops.
        }
        await StopPodsAsync();
        await beats;
    }

    public async Task<ApiFailure?> StreamLogsAsync(string ns, string pod, string container, LogRequest request, Stream output, CancellationToken cancel)
    {
        var worker = Pods().FirstOrDefault(item => item.Pod.Metadata.Namespace == ns && item.Pod.Metadata.Name == pod);
        if (worker is null)
        {
            return ApiFailure.NotFound(Resources.Pods, pod);
        }
        if (worker.Records.FirstOrDefault(item => item.Name == container) is not { } record)
        {
            return new ApiFailure(400, "BadRequest", $"container {container} is not valid for pod {pod}");
        }
        var (log, previous, waiting) = worker.Read(() => (record.Log, record.PreviousLogPath, record.State.Waiting));
        if (request.Previous)
        {
            // While a container waits for its restart, its last run is the one that just ended.
            var path = worker.Read(() => record.Running is null && record.State.Waiting is not null ? record.Log?.FilePath : record.PreviousLogPath);
            if (path is null)
            {
                return new ApiFailure(400, "BadRequest", $"previous terminated container \"{container}\" in pod \"{pod}\" not found");
            }
            await LogReader.CopyAsync(path, null, request, output, _node.Time, cancel);
            return null;
        }
        if (log is null)
        {
            return new ApiFailure(400, "BadRequest", $"container \"{container}\" in pod \"{pod}\" is waiting to start: {waiting?.Reason ?? "ContainerCreating"}");
        }
        await LogReader.CopyAsync(log.FilePath, log, request, output, _node.Time, cancel);
        return null;
    }

    /// <summary>The pod's running containers, for whoever runs a command in one.</summary>
    public IReadOnlyList<RunningContainer> Running(string ns, string pod) =>
        [.. Pods().Where(worker => worker.Pod.Metadata.Namespace == ns && worker.Pod.Metadata.Name == pod)
            .SelectMany(worker => worker.Read(() => worker.Records.Select(record => record.Running).OfType<RunningContainer>().ToList()))];

    public RunningContainer? Running(string ns, string pod, string container) =>
        Pods().Where(worker => worker.Pod.Metadata.Namespace == ns && worker.Pod.Metadata.Name == pod)
            .Select(worker => worker.Read(() => worker.Records.FirstOrDefault(record => record.Name == container)?.Running)).FirstOrDefault(running => running is not null);

    public IReadOnlyList<ContainerUsage> Usage() => _metrics.Usage();

    public string? MetricsPage(string page) => _metrics.Page(page);

    public void Dispose() => _node.Probes.Dispose();

    private List<PodWorker> Pods()
    {
        lock (_gate)
        {
            return [.. _workers.Values.Select(entry => entry.Worker)];
        }
    }

    private async Task WatchAsync(CancellationToken cancel)
    {
        var (present, watch) = _node.Api.Store.ListAndWatch(Resources.Pods, Resources.Secrets, Resources.ConfigMaps, Resources.PersistentVolumeClaims);
        using (watch)
        {
            var bound = present.Where(item => item.Kind == Resources.Pods && IsMine(item)).ToList();
            foreach (var gone in Pods().Where(worker => bound.All(pod => pod.Uid != worker.Uid)))
            {
                gone.Forget();
            }
            bound.ForEach(Assign);
            while (await watch.Events.WaitToReadAsync(cancel))
            {
                while (watch.Events.TryRead(out var change))
                {
                    Handle(change);
                }
            }
        }
    }

    private void Handle(StoreEvent change)
    {
        if (change.Object.Kind != Resources.Pods)
        {
            Refer(change.Object);
            return;
        }
        if (change.Type == StoreEventType.Deleted)
        {
            lock (_gate)
            {
                if (_workers.TryGetValue(change.Object.Uid, out var entry))
                {
                    entry.Worker.Forget();
                }
            }
        }
        else if (IsMine(change.Object))
        {
            Assign(change.Object);
        }
    }

    private bool IsMine(KubeObject pod) =>
        pod.Json.TryGetProperty("spec", out var spec) && spec.TryGetProperty("nodeName", out var name) && name.ValueEquals(NodeName);

    private void Assign(KubeObject pod)
    {
        lock (_gate)
        {
            if (_workers.TryGetValue(pod.Uid, out var known))
            {
                known.Worker.Update(pod);
                return;
            }
            if (NextAddress() is not { } address)
            {
                Refuse(pod);
                return;
            }
            var worker = new PodWorker(_node, pod, address);
            _workers[pod.Uid] = (worker, RunAsync(worker));
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "One pod's trouble (a full disk, a file that cannot be made) must not end the others; it becomes an event.")]
    private async Task RunAsync(PodWorker worker)
    {
        await Task.Yield();
        try
        {
            await worker.RunAsync();
        }
        catch (Exception failure)
        {
            worker.Record("Warning", "FailedSync", $"error running pod on {NodeName}: {failure.Message}");
        }
        lock (_gate)
        {
            _workers.Remove(worker.Uid);
            _addresses.Remove(worker.Address);
        }
        worker.Dispose();
    }

    private string? NextAddress()
    {
        for (var tried = 0; tried < LastAddress; tried++)
        {
            _lastAddress = (_lastAddress % LastAddress) + 1;
            var address = _node.Options.PodAddress(_lastAddress);
            if (_addresses.Add(address))
            {
                return address;
            }
        }
        return null;
    }

    private void Refuse(KubeObject pod)
    {
        var message = $"Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: {LastAddress}, capacity: {LastAddress}";
        _node.Events.Record(pod, "Warning", "OutOfpods", message);
        _node.Api.Update(Resources.Pods, pod.Namespace, pod.Name, json =>
        {
            var status = json.Object("status");
            status["phase"] = "Failed";
            status["reason"] = "OutOfpods";
            status["message"] = message;
        });
    }

    /// <summary>A Secret, ConfigMap or claim changed: wakes pods that wait for it, and later renews the files of those that show it.</summary>
    private void Refer(KubeObject source)
    {
        var sameNamespace = Pods().Where(worker => worker.Pod.Metadata.Namespace == source.Namespace).ToList();
        sameNamespace.ForEach(worker => worker.Nudge());
        if (sameNamespace.Any(worker => PodVolumes.Uses(worker.Pod, source.Kind, source.Name)))
        {
            lock (_gate)
            {
                if (!_refreshing.Add(source.Key))
                {
                    return;
                }
            }
            _ = RefreshLaterAsync(source);
        }
    }

    private async Task RefreshLaterAsync(KubeObject source)
    {
        await Task.Delay(_node.Options.VolumeUpdateDelay, _node.Time);
        lock (_gate)
        {
            _refreshing.Remove(source.Key);
        }
        foreach (var worker in Pods().Where(worker => worker.Pod.Metadata.Namespace == source.Namespace && PodVolumes.Uses(worker.Pod, source.Kind, source.Name)))
        {
            worker.RefreshVolumes();
        }
    }

    private void Register()
    {
        var now = _node.Time.GetUtcNow();
        var node = NodeStatusBuilder.Build(_node.Options, _node.Resources, _capabilities, now);
        var created = _node.Api.Create(Resources.Nodes, null, node);
        if (!created.IsOk)
        {
            _node.Api.Update(Resources.Nodes, null, NodeName, json =>
            {
                json["status"] = node["status"]!.DeepClone();
                json.Object("metadata").Object("annotations")[NodeStatusBuilder.NotEnforced] = string.Join('\n', _capabilities.NotEnforced);
            });
        }
        if (_node.Api.Get(Resources.Nodes, null, NodeName) is { } registered)
        {
            _node.Events.Record(registered, "Normal", "Starting", "Starting kubelet.");
            _node.Events.Record(registered, "Normal", "NodeReady", $"Node {NodeName} status is now: NodeReady");
        }
        RenewLease();
    }

    /// <summary>Pods of an earlier run, before a restart of everything, are not ready until they have been started again, whatever they were.</summary>
    private void Unready()
    {
        foreach (var pod in _node.Api.List(Resources.Pods).Where(IsMine))
        {
            _node.Api.Update(Resources.Pods, pod.Namespace, pod.Name, json =>
            {
                var status = json.Object("status");
                foreach (var condition in Items(status, "conditions").Where(item => item.Text("type") is "Ready" or "ContainersReady" && item.Text("status") == "True"))
                {
                    condition["status"] = "False";
                    condition["lastTransitionTime"] = _node.Time.GetUtcNow().ToKubeTime();
                }
                foreach (var container in Items(status, "containerStatuses").Concat(Items(status, "initContainerStatuses")).Where(item => item["ready"] is JsonValue))
                {
                    container["ready"] = false;
                }
            });
        }
        static IEnumerable<JsonObject> Items(JsonObject status, string name) => (status[name] as JsonArray ?? []).OfType<JsonObject>();
    }

    private void Beat() => _node.Api.Update(Resources.Nodes, null, NodeName, json => NodeStatusBuilder.Beat(json, _node.Time.GetUtcNow()));

    private void RenewLease()
    {
        var renewed = _node.Time.GetUtcNow().ToKubeMicroTime();
        if (_node.Api.Update(Resources.Leases, LeaseNamespace, NodeName, json => json.Object("spec")["renewTime"] = renewed).IsOk)
        {
            return;
        }
        var uid = _node.Api.Get(Resources.Nodes, null, NodeName)?.Uid;
        _node.Api.Create(Resources.Leases, LeaseNamespace, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = NodeName,
                ["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = NodeName, ["uid"] = uid }),
            },
            ["spec"] = new JsonObject { ["holderIdentity"] = NodeName, ["leaseDurationSeconds"] = LeaseSeconds, ["renewTime"] = renewed },
        });
    }

    private async Task RepeatAsync(TimeSpan interval, Action action, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(interval, _node.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                action();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The lab stops.
        }
    }

    /// <summary>Files of pods that an earlier run had: those of pods that are gone, and every container's private files.</summary>
    private void RemoveLeftovers()
    {
        var pods = Path.Combine(_node.Options.StateDirectory, "pods");
        if (Directory.Exists(pods))
        {
            var known = _node.Api.List(Resources.Pods).Select(pod => pod.Uid).ToHashSet(StringComparer.Ordinal);
            foreach (var directory in Directory.GetDirectories(pods))
            {
                PodWorker.DeleteDirectory(known.Contains(Path.GetFileName(directory)) ? Path.Combine(directory, "containers") : directory);
            }
        }
        var logs = Path.Combine(_node.Options.StateDirectory, "logs");
        if (Directory.Exists(logs))
        {
            var known = _node.Api.List(Resources.Pods).Select(pod => pod.Uid).ToHashSet(StringComparer.Ordinal);
            foreach (var directory in Directory.GetDirectories(logs).Where(path => !known.Contains(path[(path.LastIndexOf('_') + 1)..])))
            {
                PodWorker.DeleteDirectory(directory);
            }
        }
        if (File.Exists(LabImages.BusyboxPath))
        {
            LabImages.WriteAppletLinks(_node.AppletDirectory);
        }
    }

    private async Task StopPodsAsync()
    {
        List<(PodWorker Worker, Task Run)> all;
        lock (_gate)
        {
            all = [.. _workers.Values];
        }
        all.ForEach(entry => entry.Worker.ShutDown());
        try
        {
            await Task.WhenAll(all.Select(entry => entry.Run)).WaitAsync(StopPatience, _node.Time);
        }
        catch (TimeoutException)
        {
            // What is left is ended by the runtime's own clean-up, right after this.
        }
    }
}
