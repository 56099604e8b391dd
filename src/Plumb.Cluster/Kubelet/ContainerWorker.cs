using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Keeps one container of a pod running as its restart policy says, from its first start to the pod's end.</summary>
internal sealed class ContainerWorker(PodWorker pod, ContainerRecord record, NodeContext node) : IProbeListener
{
    /// <summary>How often a container that cannot start is tried again and its back-off told again, as a real kubelet's sync.</summary>
    public static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(12);

    /// <summary>How long a first failure stays visible under its own name before the back-off shows.</summary>
    public static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(1);

    private const string StartFailed = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";

    private readonly RestartBackoff _backoff = new(node.Time);
    private readonly ImagePuller _images = new(node.Options.Images, node.Time);
    private readonly ContainerStop _stopper = new(pod, record, node);
    private readonly TaskCompletionSource _firstStarted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<(string Message, long? Grace)> _unhealthy = new();

    private enum Start
    {
        Running,
        Failed,
        Waiting,
    }

    /// <param name="tried">Completes after the first attempt to start, so that containers start one after the other.</param>
    /// <param name="stop">Ends the container with its grace period.</param>
    public async Task RunAsync(TaskCompletionSource tried, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var (start, wait) = await StartAsync(stop);
                tried.TrySetResult();
                pod.Publish();
                if (start == Start.Waiting)
                {
                    await pod.NudgeOrDelayAsync(wait, stop);
                    continue;
                }
                if (start == Start.Running)
                {
                    await SuperviseAsync(stop);
                }
                if (stop.IsCancellationRequested || !MustRestart(record.State.Terminated))
                {
                    return;
                }
                await BackOffAsync(stop);
                _backoff.Started();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The pod is ending while this container waits for its next start.
        }
        finally
        {
            tried.TrySetResult();
        }
    }

    /// <summary>Completes when the container has passed its startup probe for the first time.</summary>
    public Task FirstStarted => _firstStarted.Task;

    public void Started()
    {
        pod.Change(() => record.IsStarted = true);
        _firstStarted.TrySetResult();
        if (record.Spec.StartupProbe is not null)
        {
            pod.Publish();
        }
    }

    public void ReadyChanged(bool isReady)
    {
        pod.Change(() => record.IsReady = isReady && record.Running is not null);
        pod.Publish();
    }

    public void Failed(string probe, ProbeResult result)
    {
        if (record.Running is null)
        {
            return;
        }
        var message = result.Verdict == ProbeVerdict.Unknown ? $"{probe} probe errored and resulted in unknown state: {result.Output}" : $"{probe} probe failed: {result.Output}";
        pod.Record("Warning", "Unhealthy", message, record.FieldPath);
    }

    public void Unhealthy(string probe, Probe settings) =>
        _unhealthy.TrySetResult(($"Container {record.Name} failed {probe.ToLowerInvariant()} probe, will be restarted", settings.TerminationGracePeriodSeconds));

    private async Task<(Start, TimeSpan)> StartAsync(CancellationToken stop)
    {
        var (image, failure) = _images.Get(record.Spec, Record);
        if (image is null)
        {
            Wait(failure!.Reason, failure.Message);
            return (Start.Waiting, failure.RetryIn);
        }
        var directory = pod.ContainerDirectory(record);
        Directory.CreateDirectory(directory);
        var (spec, wrong) = pod.Plan.Make(record.Spec, image, directory);
        if (spec is null)
        {
            Record("Warning", "Failed", $"Error: {wrong}");
            Wait("CreateContainerConfigError", wrong!);
            return (Start.Waiting, SyncPeriod);
        }
        Record("Normal", "Created", $"Created container: {record.Name}");
        var log = pod.OpenLog(record);
        var (container, reason) = await node.Runtime.StartAsync(spec, log, stop);
        var id = $"plumb://{spec.Id}";
        if (container is null)
        {
            log.Complete();
            var message = $"{StartFailed}{reason}: unknown";
            Record("Warning", "Failed", $"Error: {message}");
            pod.Change(() =>
            {
                Count(id, image);
                var ended = new ContainerTerminated { ExitCode = 128, Reason = "StartError", Message = message, StartedAt = DateTimeOffset.UnixEpoch, FinishedAt = node.Time.GetUtcNow(), ContainerID = id };
                record.LastState = new ContainerState { Terminated = ended };
                record.State = new ContainerState { Waiting = new ContainerWaiting { Reason = "RunContainerError", Message = message } };
            });
            PodWorker.DeleteDirectory(directory);
            return (Start.Failed, TimeSpan.Zero);
        }
        Record("Normal", "Started", $"Started container {record.Name}");
        pod.Change(() =>
        {
            record.LastState = record.State.Terminated is null ? record.LastState : new ContainerState { Terminated = record.State.Terminated };
            Count(id, image);
            record.State = new ContainerState { Running = new ContainerRunning { StartedAt = container.StartedAt } };
            record.Running = container;
            record.Image = image;
            record.IsStarted = record.Spec.StartupProbe is null;
            record.IsReady = record.IsStarted && record.Spec.ReadinessProbe is null && record.Spec.Lifecycle?.PostStart is null;
        });
        return (Start.Running, TimeSpan.Zero);
    }

    private void Count(string id, LabImage image)
    {
        record.RestartCount = record.Attempts++;
        record.ContainerId = id;
        record.ImageId = LabImages.IdOf(image);
    }

    private async Task SuperviseAsync(CancellationToken stop)
    {
        var container = record.Running!;
        _unhealthy = new TaskCompletionSource<(string, long?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ended = new CancellationTokenSource();
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, stop);
        var probes = ProbeAsync(container, ended.Token);
        var first = await Task.WhenAny(container.Exited, stopped, _unhealthy.Task);
        if (first == _unhealthy.Task)
        {
            var (message, grace) = await _unhealthy.Task;
            await _stopper.StopAsync(container, message, grace ?? pod.GraceSeconds);
        }
        else if (first == stopped)
        {
            await _stopper.StopAsync(container, $"Stopping container {record.Name}", pod.GraceSeconds);
        }
        var exit = await container.Exited;
        await ended.CancelAsync();
        await probes;
        Ended(container, exit);
    }

    private async Task ProbeAsync(RunningContainer container, CancellationToken cancel)
    {
        if (record.Spec.Lifecycle?.PostStart is { } hook)
        {
            var failure = await _stopper.RunHookAsync(container, hook, cancel);
            if (failure is not null && !container.Exited.IsCompleted)
            {
                Record("Warning", "FailedPostStartHook", "PostStartHook failed");
                _unhealthy.TrySetResult(("FailedPostStartHook", null));
                return;
            }
        }
        var probes = new ContainerProbes(
            record.Spec, (probe, token) => node.Probes.ProbeAsync(probe, record.Spec, container, pod.Address, token), this, node.Time);
        await probes.RunAsync(cancel);
    }

    private void Ended(RunningContainer container, ContainerExit exit)
    {
        var directory = container.Spec.Directory;
        var reason = exit is { OomKills: > 0, Code: 137 } ? "OOMKilled" : exit.Code == 0 ? "Completed" : "Error";
        var message = TerminationMessage(directory, exit.Code);
        pod.Change(() =>
        {
            record.Running = null;
            record.IsReady = false;
            record.IsStarted = false;
            record.State = new ContainerState
            {
                Terminated = new ContainerTerminated
                {
                    ExitCode = exit.Code,
                    Reason = reason,
                    Message = message,
                    StartedAt = container.StartedAt,
                    FinishedAt = exit.At,
                    ContainerID = record.ContainerId,
                },
            };
        });
        PodWorker.DeleteDirectory(directory);
    }

    private string? TerminationMessage(string directory, int code)
    {
        const int messageLimit = 4096;
        const int logLimit = 2048;
        const int logLines = 80;
        var file = ContainerPlan.MessageFile(directory);
        var text = File.Exists(file) ? File.ReadAllText(file) : "";
        if (text.Length == 0 && code != 0 && record.Spec.TerminationMessagePolicy == "FallbackToLogsOnError" && record.Log is { } log && File.Exists(log.FilePath))
        {
            // time SP stream SP tag SP text
            var lines = File.ReadLines(log.FilePath).TakeLast(logLines).Select(line => line.Split(' ', 4) is [_, _, _, var words] ? words + "\n" : "");
            text = string.Concat(lines);
            text = text.Length > logLimit ? text[^logLimit..] : text;
        }
        return text.Length == 0 ? null : text.Length > messageLimit ? text[..messageLimit] : text;
    }

    /// <summary>Also true after a failed start, which leaves no terminated state.</summary>
    private bool MustRestart(ContainerTerminated? ended) =>
        record.IsSidecar || pod.RestartPolicy switch
        {
            "Never" => false,
            "OnFailure" => ended?.ExitCode != 0,
            _ => !record.IsInit || ended?.ExitCode != 0,
        };

    private async Task BackOffAsync(CancellationToken stop)
    {
        var endedAt = record.State.Terminated?.FinishedAt ?? record.LastState.Terminated?.FinishedAt ?? node.Time.GetUtcNow();
        var isFirst = true;
        while (_backoff.Remaining(endedAt) is { Ticks: > 0 } left)
        {
            Record("Warning", "BackOff", $"Back-off restarting failed container {record.Name} in pod {pod.FullName}");
            pod.Publish();
            if (isFirst)
            {
                isFirst = false;
                left = await ShowBackOffAsync(endedAt, left, stop);
            }
            await Task.Delay(left < SyncPeriod ? left : SyncPeriod, node.Time, stop);
        }
        pod.Publish();
    }

    /// <summary>First the container's end is seen, then that it waits: two states that follow each other in a real cluster too.</summary>
    private async Task<TimeSpan> ShowBackOffAsync(DateTimeOffset endedAt, TimeSpan left, CancellationToken stop)
    {
        await Task.Delay(left < ShortWait ? left : ShortWait, node.Time, stop);
        pod.Change(() =>
        {
            record.LastState = record.State.Terminated is null ? record.LastState : new ContainerState { Terminated = record.State.Terminated };
            record.State = new ContainerState
            {
                Waiting = new ContainerWaiting { Reason = "CrashLoopBackOff", Message = $"back-off {RestartBackoff.Text(_backoff.Current)} restarting failed container={record.Name} pod={pod.FullName}" },
            };
        });
        pod.Publish();
        return _backoff.Remaining(endedAt);
    }

    private void Wait(string reason, string message) =>
        pod.Change(() =>
        {
            record.LastState = record.State.Terminated is null ? record.LastState : new ContainerState { Terminated = record.State.Terminated };
            record.State = new ContainerState { Waiting = new ContainerWaiting { Reason = reason, Message = message } };
        });

    private void Record(string type, string reason, string message) => pod.Record(type, reason, message, record.FieldPath);
}
