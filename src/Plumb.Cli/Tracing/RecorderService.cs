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
    private const int MostWaiting = 256;

    private readonly Channel<SaveRequest> _requests = Channel.CreateBounded<SaveRequest>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _end = new();
    private readonly FlightRecorder _recorder;
    private readonly RingSaver _saver;
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

    private async Task TendAsync()
    {
        if (_recorder.PickedUp)
        {
            _saver.SaveFound();
        }
        Problem? told = null;
        while (!_end.IsCancellationRequested)
        {
            if (_recorder.Tend() is { } problem && problem != told)
            {
                _tell(told = problem);
            }
            while (_requests.Reader.TryRead(out var request))
            {
                if (_saver.Save(request) is { } notSaved)
                {
                    _tell(notSaved);
                }
            }
            await Task.Delay(FlightRecorder.Pause, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(Func<CancellationToken, Task<KubeTarget?>> find, string? node)
    {
        try
        {
            if (await find(_end.Token) is not { } target)
            {
                return;
            }
            using var client = new KubeClient(target);
            var triggers = new PodTriggers();
            var selector = node is null ? null : KubeSelector.All with { Fields = $"spec.nodeName={node}" };
            await foreach (var change in client.WatchAsync(KubeResource.Pods, null, selector, null, _end.Token))
            {
                if (change is KubeWatchEvent.Failed { Cause: var cause })
                {
                    _tell(new Problem($"no recording is saved by itself any more, because the pods cannot be watched: {cause.Message.TrimEnd('.')}", cause.Next));
                }
                else if (change is KubeWatchEvent.Changed { Object: var pod } changed)
                {
                    _saver.Learn(pod);
                    foreach (var request in changed.Type == KubeChangeType.Deleted ? [] : triggers.Of(pod, changed.Previous))
                    {
                        _requests.Writer.TryWrite(request);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // It ends.
        }
    }
}
