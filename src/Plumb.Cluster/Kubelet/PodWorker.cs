using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Runs one pod on its node: volumes, init containers, containers, and at the end the removal of all of it.</summary>
internal sealed class PodWorker : IDisposable
{
    private const long DefaultGraceSeconds = 30;

    /// <summary>What a container gets when the whole program stops.</summary>
    private const long ShutdownGraceSeconds = 2;

    private static readonly TimeSpan FirstVolumeRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestVolumeRetry = TimeSpan.FromSeconds(122);

    private readonly Lock _gate = new();
    private readonly NodeContext _node;
    private readonly PodVolumes _volumes;
    private readonly List<ContainerRecord> _init;
    private readonly List<ContainerRecord> _containers;
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _sidecarEnd = new();
    private readonly CancellationTokenSource _forced = new();
    private readonly TaskCompletionSource _leave = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DateTimeOffset _startTime;
    private TaskCompletionSource _nudge = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KubeObject _object;
    private Pod _pod;
    private (string Reason, string Message)? _failed;
    private bool _isSandboxReady;
    private bool _isTerminal;
    private bool _isShutdown;
    private bool _isGone;
    private bool _holdsStatus;

    /// <param name="address">The pod's own address; it is this worker's until it has finished.</param>
    public PodWorker(NodeContext node, KubeObject pod, string address)
    {
        _node = node;
        Address = address;
        _object = pod;
        _pod = pod.As(KubeJson.Default.Pod);
        _startTime = _pod.Status.StartTime ?? node.Time.GetUtcNow();
        _volumes = new PodVolumes(node.Api, node.Options, node.PodDirectory(pod.Uid), node.MemoryDirectory(pod.Uid));
        var isInitFirst = _pod.Spec.InitContainers is { Count: > 0 };
        _init = [.. (_pod.Spec.InitContainers ?? []).Select(spec => Restored(spec, true, isInitFirst, _pod.Status.InitContainerStatuses))];
        _containers = [.. _pod.Spec.Containers.Select(spec => Restored(spec, false, isInitFirst, _pod.Status.ContainerStatuses))];
        Update(pod);
    }

    public string Address { get; }
    public string Uid => _object.Uid;
    public string RestartPolicy => _pod.Spec.RestartPolicy;

    /// <summary>How the kubelet names a pod in messages.</summary>
    public string FullName => $"{_object.Name}_{_object.Namespace}({_object.Uid})";

    public ContainerPlan Plan => new(_node, _pod, Address, _volumes);

    /// <summary>Cancelled when the pod must go without waiting for anything.</summary>
    public CancellationToken Forced => _forced.Token;

    public long GraceSeconds =>
        _isShutdown ? ShutdownGraceSeconds : _isGone ? 0 : _pod.Metadata.DeletionGracePeriodSeconds ?? _pod.Spec.TerminationGracePeriodSeconds ?? DefaultGraceSeconds;

    public Pod Pod => _pod;

    /// <summary>All containers, for logs and metrics; look at them inside <see cref="Read"/>.</summary>
    public IEnumerable<ContainerRecord> Records => _init.Concat(_containers);

    /// <summary>Completes when nothing of the pod is left on the node.</summary>
    public async Task RunAsync()
    {
        if (_pod.Status.Phase is not ("Succeeded" or "Failed"))
        {
            Publish();
            using var deadline = Deadline();
            await RunPodAsync();
            if (!_leave.Task.IsCompleted)
            {
                Publish();
            }
        }
        await _leave.Task;
        if (_isShutdown)
        {
            DeleteDirectory(Path.Combine(_node.PodDirectory(Uid), "containers"));
            DeleteDirectory(_node.MemoryDirectory(Uid));
            await _node.Runtime.RemovePodAsync(Uid);
            return;
        }
        Change(Finish);
        Publish();
        await _node.Runtime.RemovePodAsync(Uid);
        _volumes.TearDown();
        if (!_isGone)
        {
            _node.Api.Delete(Resources.Pods, _object.Namespace, _object.Name, new DeleteRequest(GraceSeconds: 0, Uid: Uid));
        }
        DeleteDirectory(_node.LogDirectory(_object.Namespace!, _object.Name, Uid));
    }

    /// <summary>Takes over a newer version of the pod; one that is marked for deletion ends it.</summary>
    public void Update(KubeObject pod)
    {
        lock (_gate)
        {
            _object = pod;
            _pod = pod.As(KubeJson.Default.Pod);
        }
        if (pod.IsTerminating)
        {
            _leave.TrySetResult();
            _end.Cancel();
        }
    }

    /// <summary>The pod is gone from the API (a forced deletion): nothing is left to wait for.</summary>
    public void Forget()
    {
        _isGone = true;
        _leave.TrySetResult();
        _end.Cancel();
    }

    /// <summary>The program stops: containers end, the pod stays in the API.</summary>
    public void ShutDown()
    {
        _isShutdown = true;
        _leave.TrySetResult();
        _end.Cancel();
    }

    /// <summary>Something that the pod may wait for has changed.</summary>
    public void Nudge()
    {
        lock (_gate)
        {
            _nudge.TrySetResult();
            _nudge = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Writes changed Secrets, ConfigMaps and fields into the volumes of a running pod.</summary>
    public void RefreshVolumes()
    {
        lock (_gate)
        {
            if (_isSandboxReady && !_leave.Task.IsCompleted && _volumes.SetUp(_pod, Plan.Downward) is { } failure)
            {
                Record("Warning", "FailedMount", $"MountVolume.SetUp failed for volume \"{failure.Volume}\" : {failure.Failure}");
            }
        }
    }

    public void Change(Action change)
    {
        lock (_gate)
        {
            change();
        }
    }

    public T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    /// <summary>Writes the pod's status when it differs from what the API has.</summary>
    public void Publish()
    {
        lock (_gate)
        {
            if (_holdsStatus || _isShutdown || _isGone)
            {
                return;
            }
            var view = new PodView(_pod, _init, _containers, _node.Options.NodeAddress, Address, _startTime, _isSandboxReady, _isTerminal, _failed);
            _node.Api.Update(Resources.Pods, _object.Namespace, _object.Name, json =>
            {
                if (json.Object("metadata").Text("uid") != Uid)
                {
                    return ApiFailure.NotFound(Resources.Pods, _object.Name);
                }
                json["status"] = PodStatusBuilder.Build(view, json.Object("status"), _node.Time.GetUtcNow());
                return null;
            });
        }
    }

    public void Record(string type, string reason, string message, string? fieldPath = null) =>
        _node.Events.Record(_object, type, reason, message, fieldPath);

    public async Task NudgeOrDelayAsync(TimeSpan delay, CancellationToken cancel)
    {
        var nudged = Read(() => _nudge.Task);
        await Task.WhenAny(nudged, Task.Delay(delay, _node.Time, cancel));
        cancel.ThrowIfCancellationRequested();
    }

    public string ContainerDirectory(ContainerRecord record) => Path.Combine(_node.PodDirectory(Uid), "containers", record.Name, $"{record.Attempts}");

    public static void DeleteDirectory(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
        catch (IOException)
        {
            // Still busy for a moment; it goes with the pod's directory.
        }
    }

    /// <summary>A new log for the container's next run; of the earlier ones only the last is kept, for <c>logs --previous</c>.</summary>
    public ContainerLog OpenLog(ContainerRecord record)
    {
        var directory = Path.Combine(_node.LogDirectory(_object.Namespace!, _object.Name, Uid), record.Name);
        var log = new ContainerLog(Path.Combine(directory, $"{record.Attempts}.log"), _node.Options.LogBytes, _node.Options.LogFiles, _node.Time);
        Change(() =>
        {
            if (record.PreviousLogPath is { } old)
            {
                foreach (var file in ContainerLog.FilesOf(old))
                {
                    File.Delete(file);
                }
            }
            record.PreviousLogPath = record.Log?.FilePath;
            record.Log = log;
        });
        return log;
    }

    public void Dispose()
    {
        _end.Dispose();
        _sidecarEnd.Dispose();
        _forced.Dispose();
    }

    private async Task RunPodAsync()
    {
        var end = _end.Token;
        var sidecars = new List<Task>();
        try
        {
            await SetUpVolumesAsync(end);
            Change(() => _isSandboxReady = true);
            if (await InitAsync(sidecars, end))
            {
                await ContainersAsync(end);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Ended before it was under way.
        }
        await _sidecarEnd.CancelAsync();
        await Task.WhenAll(sidecars);
    }

    private async Task SetUpVolumesAsync(CancellationToken end)
    {
        for (var wait = FirstVolumeRetry; ; wait = wait * 2 < LongestVolumeRetry ? wait * 2 : LongestVolumeRetry)
        {
            var failure = Read(() => _volumes.SetUp(_pod, Plan.Downward));
            if (failure is not { } problem)
            {
                return;
            }
            Record("Warning", "FailedMount", $"MountVolume.SetUp failed for volume \"{problem.Volume}\" : {problem.Failure}");
            await NudgeOrDelayAsync(wait, end);
        }
    }

    /// <returns>False when an init container failed for good.</returns>
    private async Task<bool> InitAsync(List<Task> sidecars, CancellationToken end)
    {
        foreach (var record in _init)
        {
            var worker = new ContainerWorker(this, record, _node);
            var run = worker.RunAsync(new TaskCompletionSource(), record.IsSidecar ? _sidecarEnd.Token : end);
            if (record.IsSidecar)
            {
                sidecars.Add(run);
                await Task.WhenAny(worker.FirstStarted, run).WaitAsync(end);
            }
            else
            {
                await run;
                end.ThrowIfCancellationRequested();
                Publish();
                if (!record.HasSucceeded)
                {
                    return false;
                }
            }
        }
        return true;
    }

    private async Task ContainersAsync(CancellationToken end)
    {
        // The containers start one after the other, and the API hears of it once, as from a real kubelet.
        Change(() => _holdsStatus = true);
        var runs = new List<Task>();
        foreach (var record in _containers)
        {
            var tried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            runs.Add(new ContainerWorker(this, record, _node).RunAsync(tried, end));
            await tried.Task;
        }
        Change(() => _holdsStatus = false);
        Publish();
        await Task.WhenAll(runs);
    }

    private ITimer? Deadline()
    {
        if (_pod.Spec.ActiveDeadlineSeconds is not { } seconds)
        {
            return null;
        }
        var left = _startTime.AddSeconds(seconds) - _node.Time.GetUtcNow();
        return _node.Time.CreateTimer(_ => Exceeded(), null, left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Exceeded()
    {
        const string message = "Pod was active on the node longer than the specified deadline";
        Change(() => _failed = ("DeadlineExceeded", message));
        Record("Normal", "DeadlineExceeded", message);
        _end.Cancel();
    }

    /// <summary>What is said of containers when the pod has ended: those that waited for a start are over, and those that never ran are unknown.</summary>
    private void Finish()
    {
        _isTerminal = true;
        foreach (var record in Records.Where(record => record.State.Waiting is not null))
        {
            record.State = record.LastState.Terminated is { } last
                ? new ContainerState { Terminated = last }
                : new ContainerState
                {
                    Terminated = new ContainerTerminated { ExitCode = 137, Reason = PodStatusBuilder.NeverLocated, Message = "The container could not be located when the pod was terminated" },
                };
            record.LastState = new ContainerState();
        }
    }

    /// <summary>A container as it starts: waiting; or, when an earlier run of this program had it, with that run as its last state.</summary>
    private static ContainerRecord Restored(Container spec, bool isInit, bool isInitFirst, IReadOnlyList<ContainerStatus>? statuses)
    {
        var record = new ContainerRecord(spec, isInit)
        {
            State = new ContainerState { Waiting = new ContainerWaiting { Reason = isInitFirst ? "PodInitializing" : "ContainerCreating" } },
        };
        if (statuses?.FirstOrDefault(status => status.Name == spec.Name) is { ContainerID: { } id } known)
        {
            record.Attempts = known.RestartCount + 1;
            record.RestartCount = known.RestartCount;
            record.ContainerId = id;
            record.ImageId = known.ImageID;
            record.LastState = known.State.Terminated is not null ? known.State
                : new ContainerState { Terminated = new ContainerTerminated { ExitCode = 255, Reason = "Unknown", StartedAt = known.State.Running?.StartedAt, FinishedAt = known.State.Running?.StartedAt, ContainerID = id } };
        }
        return record;
    }
}
