using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Runs controllers one reconcile at a time, in the order in which changes arrived: a queue of keys without duplicates, timers for keys that
/// asked to be looked at again, growing pauses after failures. One thread is enough (a reconcile takes microseconds), and it keeps controllers
/// from racing one another.
/// </summary>
internal sealed class ReconcileLoop : IDisposable
{
    /// <summary>Reconciles in one <see cref="Step"/>; beyond it the loop lets others run first.</summary>
    private const int StepLimit = 100_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(16);

    private readonly ClusterApi _api;
    private readonly IReadOnlyList<IController> _controllers;
    private readonly Action<string, Exception>? _onFault;
    private readonly ResourceKind[] _kinds;
    private readonly Dictionary<ResourceKind, IController[]> _routes;
    private readonly Queue<(IController Controller, ObjectKey Key)> _queue = new();
    private readonly HashSet<(IController, ObjectKey)> _queued = [];
    private readonly PriorityQueue<(IController Controller, ObjectKey Key), DateTimeOffset> _timers = new();
    private readonly Dictionary<(IController, ObjectKey), DateTimeOffset> _due = [];
    private readonly Dictionary<(IController, ObjectKey), int> _failures = [];
    private StoreWatch _watch;

    /// <param name="onFault">Told of an exception in a controller, which is a bug; the key is tried again after a pause.</param>
    public ReconcileLoop(ClusterApi api, IReadOnlyList<IController> controllers, Action<string, Exception>? onFault = null)
    {
        _api = api;
        _controllers = controllers;
        _onFault = onFault;
        _kinds = [.. controllers.SelectMany(controller => controller.Watches).Distinct()];
        _routes = _kinds.ToDictionary(kind => kind, kind => controllers.Where(controller => controller.Watches.Contains(kind)).ToArray());
        _watch = Resync();
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        Task<bool>? change = null;
        while (!cancel.IsCancellationRequested)
        {
            Step();
            if (change is null || change.IsCompleted)
            {
                change = _watch.Events.WaitToReadAsync(cancel).AsTask();
            }
            if (_queue.Count > 0)
            {
                await Task.Yield();
                continue;
            }
            await UntilDueOr(change, cancel);
        }
    }

    /// <summary>Does everything that can be done now, including what that causes. Returns when only time or another writer can bring more.</summary>
    public void Step()
    {
        for (var done = 0; done < StepLimit; done++)
        {
            Drain();
            MoveDue();
            if (!_queue.TryDequeue(out var next))
            {
                return;
            }
            _queued.Remove(next);
            Reconcile(next.Controller, next.Key);
        }
    }

    public void Dispose() => _watch.Dispose();

    private void Reconcile(IController controller, ObjectKey key)
    {
        try
        {
            var again = controller.Reconcile(key);
            _failures.Remove((controller, key));
            if (again is { } after)
            {
                Later(controller, key, after);
            }
        }
#pragma warning disable CA1031 // A bug in one controller must not stop the others; it is reported and the key is tried again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            var failures = _failures.GetValueOrDefault((controller, key));
            _failures[(controller, key)] = failures + 1;
            var pause = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)), LongestPause.TotalMilliseconds);
            Later(controller, key, TimeSpan.FromMilliseconds(pause));
            _onFault?.Invoke($"{controller.Name} {key}", fault);
        }
    }

    private void Drain()
    {
        while (_watch.Events.TryRead(out var change))
        {
            foreach (var controller in _routes[change.Object.Kind])
            {
                controller.Route(change, key => Enqueue(controller, key));
            }
        }
        if (_watch.FellBehind)
        {
            _watch.Dispose();
            _watch = Resync();
        }
    }

    private StoreWatch Resync()
    {
        var (_, watch) = _api.Store.ListAndWatch(_kinds);
        foreach (var controller in _controllers)
        {
            foreach (var key in controller.AllKeys())
            {
                Enqueue(controller, key);
            }
        }
        return watch;
    }

    private void Enqueue(IController controller, ObjectKey key)
    {
        if (_queued.Add((controller, key)))
        {
            _queue.Enqueue((controller, key));
        }
    }

    /// <summary>The earliest time asked for wins; an older entry in the heap is skipped when it comes up.</summary>
    private void Later(IController controller, ObjectKey key, TimeSpan after)
    {
        var due = _api.Time.GetUtcNow() + (after < TimeSpan.Zero ? TimeSpan.Zero : after);
        if (_due.TryGetValue((controller, key), out var known) && known <= due && known > _api.Time.GetUtcNow())
        {
            return;
        }
        _due[(controller, key)] = due;
        _timers.Enqueue((controller, key), due);
    }

    private void MoveDue()
    {
        while (_timers.TryPeek(out var item, out var due) && due <= _api.Time.GetUtcNow())
        {
            _timers.Dequeue();
            if (_due.TryGetValue(item, out var wanted) && wanted == due)
            {
                _due.Remove(item);
                Enqueue(item.Controller, item.Key);
            }
        }
    }

    private async Task UntilDueOr(Task<bool> change, CancellationToken cancel)
    {
        if (!_timers.TryPeek(out _, out var due))
        {
            await change;
            return;
        }
        var wait = due - _api.Time.GetUtcNow();
        if (wait <= TimeSpan.Zero || change.IsCompleted)
        {
            return;
        }
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // A millisecond more than asked for: timers may fire a little early, and an early look would only be repeated.
        var delay = Task.Delay(wait + TimeSpan.FromMilliseconds(1), _api.Time, timer.Token);
        await Task.WhenAny(change, delay);
        await timer.CancelAsync();
    }
}
