namespace Plumb.Cli.WebConsole;

/// <summary>
/// Reads the cluster only while somebody looks: the first reader starts the feed, and it ends <see cref="Linger"/> after the last one
/// left (so a reload, or a tab that comes back, resumes instead of starting anew).
/// </summary>
internal sealed class LiveHub(IClusterFeed feed, TimeProvider time) : IAsyncDisposable
{
    internal static readonly TimeSpan Linger = TimeSpan.FromSeconds(30);

    private const int MaxProgress = 200;

    private readonly Lock _lock = new();
    private LiveState _state = new(feed.ClusterName, time);
    private CancellationTokenSource? _stop;
    private Task _pump = Task.CompletedTask;
    private ITimer? _lingering;
    private int _readers;
    private RunView? _run;

    internal int Readers
    {
        get
        {
            lock (_lock)
            {
                return _readers;
            }
        }
    }

    /// <summary>Whether the cluster is being read now.</summary>
    internal bool Reading
    {
        get
        {
            lock (_lock)
            {
                return _stop is not null;
            }
        }
    }

    /// <summary>Joins as a reader, or null when <paramref name="limit"/> readers are there already. Leave by disposing.</summary>
    internal Reader? Join(int limit)
    {
        lock (_lock)
        {
            if (_readers >= limit)
            {
                return null;
            }

            _readers++;
            _lingering?.Dispose();
            _lingering = null;
            if (_stop is null)
            {
                _stop = new CancellationTokenSource();
                _pump = PumpAsync(_state, _stop.Token);
            }

            return new Reader(this, _state);
        }
    }

    /// <summary>Tells every reader how a run goes; a reader that comes later finds it in its snapshot.</summary>
    internal void Show(RunView run)
    {
        lock (_lock)
        {
            _run = run;
            _state.Apply(run);
        }
    }

    /// <summary>Adds a step to the run that is shown; the oldest go when there are too many.</summary>
    internal void Tell(ProgressView step)
    {
        lock (_lock)
        {
            if (_run is { } run)
            {
                _run = run with { Progress = [.. run.Progress.Skip(Math.Max(0, run.Progress.Count + 1 - MaxProgress)), step] };
                _state.Apply(_run, step);
            }
        }
    }

    /// <summary>Changes the state of the run that is shown.</summary>
    internal void Change(Func<RunView, RunView> change)
    {
        lock (_lock)
        {
            if (_run is { } run)
            {
                _run = change(run);
                _state.Apply(_run);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task pump;
        lock (_lock)
        {
            _lingering?.Dispose();
            pump = _pump;
            Stop();
        }

        await pump;
    }

    private async Task PumpAsync(LiveState state, CancellationToken stop)
    {
        // The first read must not hold the lock of Join.
        await Task.Yield();
        try
        {
            await foreach (var change in feed.WatchAsync(stop).WithCancellation(stop))
            {
                state.Apply(change);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_readers == 0)
            {
                _lingering = time.CreateTimer(_ => EndIfAlone(), null, Linger, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void EndIfAlone()
    {
        lock (_lock)
        {
            if (_readers == 0)
            {
                Stop();
            }
        }
    }

    private void Stop()
    {
        if (_stop is null)
        {
            return;
        }

        _stop.Cancel();
        _stop.Dispose();
        _stop = null;
        // A new epoch: what was known is old by the time the next reader comes.
        _state = new LiveState(feed.ClusterName, time);
        if (_run is not null)
        {
            _state.Apply(_run);
        }
    }

    internal sealed class Reader(LiveHub hub, LiveState state) : IDisposable
    {
        private bool _left;

        internal LiveState State => state;

        public void Dispose()
        {
            if (!_left)
            {
                _left = true;
                hub.Leave();
            }
        }
    }
}
