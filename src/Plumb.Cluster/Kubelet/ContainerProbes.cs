using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>What a container's probes found; called from the probes' own tasks.</summary>
internal interface IProbeListener
{
    void Started();

    void ReadyChanged(bool isReady);

    /// <summary>A startup or liveness probe failed as often as it may.</summary>
    void Unhealthy(string probe, Probe settings);

    void Failed(string probe, ProbeResult result);
}

/// <summary>Runs the probes of one container from its start to its end: startup first, then readiness and liveness side by side.</summary>
internal sealed class ContainerProbes(Container spec, Func<Probe, CancellationToken, Task<ProbeResult>> probe, IProbeListener listener, TimeProvider time)
{
    /// <summary>
    /// How long "connection refused" right after the start is no failure but a program that does not listen yet. A real kubelet sees a
    /// container only about so long after its start, and so probes it later.
    /// </summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan StartRetry = TimeSpan.FromMilliseconds(25);
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            if (spec.StartupProbe is { } startup && !await LoopAsync("Startup", startup, endsWithSuccess: true, null, cancel))
            {
                return;
            }
            listener.Started();
            if (spec.ReadinessProbe is null)
            {
                listener.ReadyChanged(true);
            }
            await Task.WhenAll(
                spec.ReadinessProbe is { } readiness ? LoopAsync("Readiness", readiness, false, listener.ReadyChanged, cancel) : Task.CompletedTask,
                spec.LivenessProbe is { } liveness ? LoopAsync("Liveness", liveness, false, null, cancel) : Task.CompletedTask);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The container is over.
        }
    }

    /// <returns>True when the probe succeeded and that ends it; false when the container must be killed.</returns>
    private async Task<bool> LoopAsync(string name, Probe settings, bool endsWithSuccess, Action<bool>? changed, CancellationToken cancel)
    {
        var period = TimeSpan.FromSeconds(settings.PeriodSeconds ?? 10);
        await DelayAsync(_startedAt.AddSeconds(settings.InitialDelaySeconds ?? 0) - time.GetUtcNow(), cancel);
        var next = time.GetUtcNow();
        var (inRow, last) = (0, ProbeVerdict.Unknown);
        while (true)
        {
            var result = await ProbeAsync(settings, cancel);
            cancel.ThrowIfCancellationRequested();
            if (result.Verdict != ProbeVerdict.Success)
            {
                listener.Failed(name, result);
            }
            if (result.Verdict != ProbeVerdict.Unknown)
            {
                inRow = result.Verdict == last ? inRow + 1 : 1;
                last = result.Verdict;
                var needed = (last == ProbeVerdict.Success ? settings.SuccessThreshold ?? 1 : settings.FailureThreshold ?? 3);
                if (inRow >= needed)
                {
                    if (last == ProbeVerdict.Success && endsWithSuccess)
                    {
                        return true;
                    }
                    if (last == ProbeVerdict.Failure && changed is null)
                    {
                        listener.Unhealthy(name, settings);
                        return false;
                    }
                    changed?.Invoke(last == ProbeVerdict.Success);
                }
            }
            // A probe that took longer than its period skips the ticks that it missed.
            do
            {
                next += period;
            }
            while (next <= time.GetUtcNow());
            await DelayAsync(next - time.GetUtcNow(), cancel);
        }
    }

    private async Task<ProbeResult> ProbeAsync(Probe settings, CancellationToken cancel)
    {
        while (true)
        {
            var result = await probe(settings, cancel);
            if (!result.IsRefused || time.GetUtcNow() - _startedAt > StartPatience)
            {
                return result;
            }
            await DelayAsync(StartRetry, cancel);
        }
    }

    private Task DelayAsync(TimeSpan delay, CancellationToken cancel) =>
        delay > TimeSpan.Zero ? Task.Delay(delay, time, cancel) : Task.CompletedTask;
}
