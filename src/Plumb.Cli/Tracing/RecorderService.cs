using System.Threading.Channels;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Recorder.Always;

namespace Plumb.Cli.Tracing;

/// <summary>
/// A flight recorder with what belongs to it: the stock of rings is kept full, the pods are watched through the API, and the ring of a container that ended badly or
/// turned unready is saved.
/// </summary>
internal sealed class RecorderService : IAsyncDisposable
{
    /// <summary>Changes of pods on their way from the watch to <see cref="TendAsync"/>; the watch waits when there are more.</summary>
    private const int MostWaiting = 256;

    private readonly Channel<KubeWatchEvent.Changed> _changes = Channel.CreateBounded<KubeWatchEvent.Changed>(MostWaiting);
    private readonly CancellationTokenSource _end = new();
    private readonly FlightRecorder _recorder;
    private readonly RingSaver _saver;
    private readonly PodTriggers _triggers = new();
    private readonly TimeProvider _time;
    private readonly Action<Problem> _tell;
    private readonly Task _work;

    /// <param name="target">Finds the API; null when there will be none.</param>
    /// <param name="node">Only this node's pods; null: all.</param>
    /// <param name="keep">Takes the report of each recording that was saved.</param>
    /// <param name="tell">Takes what goes wrong later.</param>
    public RecorderService(
        FlightRecorder recorder, RecordingPlace place, Func<CancellationToken, Task<KubeTarget?>> target, string? node, TimeProvider time, Action<CheckReport> keep, Action<Problem> tell)
    {
        (_recorder, _time, _tell) = (recorder, time, tell);
        _saver = new RingSaver(recorder, place, time, keep);
        _work = Task.WhenAll(Task.Run(TendAsync), Task.Run(() => WatchAsync(target, node)));
    }

    /// <summary>Ends the watch, then takes the recorder out of the kernel.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _work;
        _recorder.Dispose();
        _end.Dispose();
    }

    /// <summary>All that touches the recorder.</summary>
    private async Task TendAsync()
    {
        if (_recorder.Discarded is { } discarded)
        {
            _tell(discarded);
        }
        if (_recorder.PickedUp)
        {
            _saver.SaveFound(_tell);
        }
        Problem? told = null;
        while (!_end.IsCancellationRequested)
        {
            if (_recorder.Tend() is { } problem && problem != told)
            {
                _tell(told = problem);
            }
            while (_changes.Reader.TryRead(out var change))
            {
                Follow(change);
            }
            _saver.KeepNames();
            await Task.Delay(FlightRecorder.Pause, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Follow(KubeWatchEvent.Changed change)
    {
        _saver.Learn(change.Object);
        foreach (var request in change.Type == KubeChangeType.Deleted ? [] : _triggers.Of(change.Object, change.Previous))
        {
            if (_saver.Save(request) is { } notSaved)
            {
                _tell(notSaved);
            }
        }
    }

    /// <summary>Only hands on what it sees: the recorder is another thread's.</summary>
    private async Task WatchAsync(Func<CancellationToken, Task<KubeTarget?>> find, string? node)
    {
        try
        {
            if (await find(_end.Token) is not { } target)
            {
                return;
            }
            using var client = new KubeClient(target);
            var selector = node is null ? null : KubeSelector.All with { Fields = $"spec.nodeName={node}" };
            await foreach (var change in client.WatchAsync(KubeResource.Pods, null, selector, null, _end.Token))
            {
                if (change is KubeWatchEvent.Failed { Cause: var cause })
                {
                    _tell(new Problem($"no recording is saved by itself any more, because the pods cannot be watched: {cause.Message.TrimEnd('.')}", cause.Next));
                }
                else if (change is KubeWatchEvent.Changed changed)
                {
                    await _changes.Writer.WriteAsync(changed, _end.Token);
                }
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // It ends.
        }
    }
}
