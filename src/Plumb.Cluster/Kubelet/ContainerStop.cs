using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Ends a container the polite way, and runs its lifecycle hooks.</summary>
internal sealed class ContainerStop(PodWorker pod, ContainerRecord record, NodeContext node)
{
    /// <summary>A container has at least this long between SIGTERM and SIGKILL, as with a real kubelet.</summary>
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(2);

    private const int OutputLimit = 64 * 1024;

    /// <summary>preStop, then the image's stop signal, then SIGKILL when the grace period is over.</summary>
    public async Task StopAsync(RunningContainer container, string message, long graceSeconds)
    {
        pod.Record("Normal", "Killing", message, record.FieldPath);
        var grace = TimeSpan.FromSeconds(graceSeconds);
        var started = node.Time.GetUtcNow();
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(pod.Forced);
        if (record.Spec.Lifecycle?.PreStop is { } hook && graceSeconds > 0)
        {
            await PreStopAsync(container, hook, grace, impatient.Token);
            grace -= node.Time.GetUtcNow() - started;
        }
        container.Signal(record.Image?.StopSignal ?? Native.SigTerm);
        try
        {
            await container.Exited.WaitAsync(grace < LeastGrace ? LeastGrace : grace, node.Time, impatient.Token);
        }
        catch (Exception overdue) when (overdue is TimeoutException or OperationCanceledException)
        {
            container.Signal(Native.SigKill);
        }
    }

    /// <returns>Null when the hook did its work; otherwise what went wrong.</returns>
    public async Task<string?> RunHookAsync(RunningContainer container, LifecycleHandler hook, CancellationToken cancel)
    {
        if (hook.Sleep is { } sleep)
        {
            await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), node.Time, cancel);
            return null;
        }
        if (hook.Exec is { Command: [_, ..] command })
        {
            var result = await container.ExecAsync(command, null, OutputLimit, cancel);
            return result.Failure ?? (result.Code == 0 ? null : $"command exited with {result.Code}: {result.Output}");
        }
        if (hook.HttpGet is { } get)
        {
            var answer = await node.Probes.HttpAsync(get, record.Spec, pod.Address, TimeSpan.FromSeconds(30), cancel);
            return answer.Verdict == ProbeVerdict.Success ? null : answer.Output;
        }
        return null;
    }

    private async Task PreStopAsync(RunningContainer container, LifecycleHandler hook, TimeSpan grace, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var run = RunHookAsync(container, hook, limit.Token);
        try
        {
            var first = await Task.WhenAny(run, container.Exited, Task.Delay(grace, node.Time, limit.Token));
            if (first != run || await run is not null)
            {
                pod.Record("Warning", "FailedPreStopHook", "PreStopHook failed", record.FieldPath);
            }
        }
        catch (OperationCanceledException)
        {
            // A forced deletion does not wait for hooks.
        }
        finally
        {
            await limit.CancelAsync();
        }
    }
}
