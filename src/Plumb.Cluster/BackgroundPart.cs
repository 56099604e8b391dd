namespace Plumb.Cluster;

/// <summary>A part of the cluster that runs until it is disposed of; its end is awaited, so nothing outlives the cluster.</summary>
internal sealed class BackgroundPart : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;
    private readonly Action? _after;

    /// <param name="run">Started at once, on a thread of the pool.</param>
    /// <param name="log">Told when the part ends by a fault instead of by the stop.</param>
    /// <param name="after">Runs when the part has ended.</param>
    public BackgroundPart(string name, Func<CancellationToken, Task> run, Action<string>? log, Action? after = null)
    {
        _after = after;
        _run = Task.Run(async () =>
        {
            try
            {
                await run(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The stop that was asked for.
            }
            catch (Exception fault)
            {
                log?.Invoke($"{name} ended by a fault: {fault}");
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _after?.Invoke();
        _stop.Dispose();
    }
}
