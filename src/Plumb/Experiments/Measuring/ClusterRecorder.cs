using Plumb.Experiments.Format;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Views;

namespace Plumb.Experiments.Measuring;

/// <summary>Watches pods, endpoint slices and events, and writes down each change with the time of its arrival.</summary>
internal sealed class ClusterRecorder : IAsyncDisposable
{
    /// <summary>Facts of one kind that are kept; a namespace that changes more often is not one to experiment in.</summary>
    private const int FactLimit = 20_000;

    private readonly KubeClient _client;
    private readonly WatchSettings _settings;
    private readonly RunClock _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<PodFact> _pods = [];
    private readonly List<EndpointsFact> _endpoints = [];
    private readonly List<EventFact> _events = [];
    private readonly List<WatchGap> _gaps = [];
    private readonly Dictionary<string, PodFact> _present = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _slices = [];
    private Task[] _watching = [];

    public ClusterRecorder(KubeClient client, WatchSettings settings, RunClock clock) => (_client, _settings, _clock) = (client, settings, clock);

    /// <summary>Called with each fact, for progress; from the watches' own tasks.</summary>
    public Action<object>? OnFact { get; set; }

    /// <summary>Starts and waits until everything that is there now has been seen.</summary>
    /// <returns>Null; or why watching cannot begin.</returns>
    public async Task<KubeError?> StartAsync(CancellationToken cancellation)
    {
        var synced = new List<TaskCompletionSource<KubeError?>>();
        Task Watch(KubeResource resource, KubeSelector? selector, Action<KubeWatchEvent.Changed, bool> keep)
        {
            var done = new TaskCompletionSource<KubeError?>(TaskCreationOptions.RunContinuationsAsynchronously);
            synced.Add(done);
            return Task.Run(() => WatchAsync(resource, selector, keep, done), CancellationToken.None);
        }
        var watching = new List<Task> { Watch(KubeResource.Pods, new KubeSelector(_settings.Selector), KeepPod), Watch(KubeResource.Events, null, KeepEvent) };
        if (_settings.Service is { } service)
        {
            watching.Add(Watch(KubeResource.EndpointSlices, new KubeSelector($"kubernetes.io/service-name={service}"), KeepSlice));
        }
        _watching = [.. watching];
        var errors = await Task.WhenAll(synced.Select(done => done.Task)).WaitAsync(cancellation);
        return errors.FirstOrDefault(error => error is not null);
    }

    /// <summary>The pods that are Ready, and in the Service's endpoints where there is one, without the named ones.</summary>
    public int Serving(IReadOnlyCollection<string> exceptUids)
    {
        lock (_lock)
        {
            var inEndpoints = _slices.Values.SelectMany(ready => ready).ToHashSet();
            return _present.Values.Count(pod => pod.IsReady && !exceptUids.Contains(pod.Uid) && (_settings.Service is null || inEndpoints.Contains(pod.Name)));
        }
    }

    public (IReadOnlyList<PodFact> Pods, IReadOnlyList<EndpointsFact> Endpoints, IReadOnlyList<EventFact> Events, IReadOnlyList<WatchGap> Gaps) Facts()
    {
        lock (_lock)
        {
            return ([.. _pods], [.. _endpoints], [.. _events], [.. _gaps]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_watching);
        _stop.Dispose();
    }

    private async Task WatchAsync(KubeResource resource, KubeSelector? selector, Action<KubeWatchEvent.Changed, bool> keep, TaskCompletionSource<KubeError?> synced)
    {
        try
        {
            await foreach (var item in _client.WatchAsync(resource, _settings.Namespace, selector, null, _stop.Token))
            {
                switch (item)
                {
                    case KubeWatchEvent.Changed change:
                        keep(change, synced.Task.IsCompleted);
                        break;
                    case KubeWatchEvent.Synced:
                        synced.TrySetResult(null);
                        break;
                    case KubeWatchEvent.Interrupted interrupted:
                        Gap(resource, interrupted.Cause, isFinal: false);
                        break;
                    case KubeWatchEvent.Failed failed:
                        Gap(resource, failed.Cause, isFinal: true);
                        synced.TrySetResult(failed.Cause);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            synced.TrySetCanceled(CancellationToken.None);
        }
    }

    private void KeepPod(KubeWatchEvent.Changed change, bool isLive)
    {
        var view = new PodView(change.Object);
        var fact = new PodFact(At(change), change.Object.Name, change.Object.Uid, change.Object.ControllerUid, change.Type.ToString().ToLowerInvariant(),
            view.Phase, view.Node, view.IsReady && change.Type != KubeChangeType.Deleted, change.Object.IsTerminating, view.Trouble, change.FromList && isLive);
        lock (_lock)
        {
            Add(_pods, fact);
            if (change.Type == KubeChangeType.Deleted)
            {
                _present.Remove(fact.Uid);
            }
            else
            {
                _present[fact.Uid] = fact;
            }
        }
        Tell(fact, isLive);
    }

    private void KeepSlice(KubeWatchEvent.Changed change, bool isLive)
    {
        EndpointsFact? fact = null;
        lock (_lock)
        {
            if (change.Type == KubeChangeType.Deleted)
            {
                _slices.Remove(change.Object.Name);
            }
            else
            {
                _slices[change.Object.Name] = new EndpointSliceView(change.Object).Ready;
            }
            var ready = _slices.Values.SelectMany(slice => slice).Distinct().Order(StringComparer.Ordinal).ToArray();
            if (_endpoints.Count == 0 || !_endpoints[^1].Ready.SequenceEqual(ready))
            {
                fact = new EndpointsFact(At(change), ready);
                Add(_endpoints, fact);
            }
        }
        Tell(fact, isLive);
    }

    private void KeepEvent(KubeWatchEvent.Changed change, bool isLive)
    {
        if (!isLive || change.Type == KubeChangeType.Deleted)
        {
            return;
        }
        var view = new EventView(change.Object);
        var fact = new EventFact(At(change), view.About, view.Reason, view.Message, view.Source);
        lock (_lock)
        {
            Add(_events, fact);
        }
        Tell(fact, isLive);
    }

    private void Gap(KubeResource resource, KubeError cause, bool isFinal)
    {
        lock (_lock)
        {
            Add(_gaps, new WatchGap(Math.Round(_clock.Now, 3), resource.Plural, cause.Message, isFinal));
        }
    }

    private double At(KubeWatchEvent.Changed change) => Math.Round(_clock.At(change.ArrivedAt), 3);

    private void Tell(object? fact, bool isLive)
    {
        if (fact is not null && isLive)
        {
            OnFact?.Invoke(fact);
        }
    }

    private static void Add<T>(List<T> facts, T fact)
    {
        if (facts.Count < FactLimit)
        {
            facts.Add(fact);
        }
    }
}
