using System.Globalization;
using System.Runtime.CompilerServices;

namespace Plumb.Platform.Kubernetes;

/// <summary>
/// A watch that survives. It lists, streams from the list's version, takes a broken stream up at the last version it saw, and lists
/// again when the server has forgotten that version (410) or falls silent. Its user is told each state of each object that the server
/// still had to tell, in order, none twice, and every deletion. After a relist states in between may be unknown; such changes say so.
/// The user must keep reading: a slow reader makes the server drop us, which costs a relist but no event's truth.
/// </summary>
internal sealed class KubeWatch(KubeClient client, KubeTransport transport, KubeResource resource, string? ns, KubeSelector selector, KubeWatchOptions options)
{
    private readonly KubeWatchState _state = new();
    private readonly Random _random = new();
    private readonly TimeProvider _time = transport.Time;
    private int _failures;
    private long _lastGood;

    public async IAsyncEnumerable<KubeWatchEvent> RunAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var (hasSynced, interrupted) = (false, false);
        _lastGood = _time.GetTimestamp();
        while (true)
        {
            KubeError? cause = null;
            if (_state.Version is null)
            {
                var list = await client.ListAsync(resource, ns, selector, cancellation);
                cause = list.Error;
                _failures += list.IsSuccess ? 0 : 1;
                if (list.IsSuccess)
                {
                    _lastGood = _time.GetTimestamp();
                    foreach (var change in _state.Resync(list.Value, _time.GetTimestamp()))
                    {
                        yield return change;
                    }
                    yield return new KubeWatchEvent.Synced(_state.Count, hasSynced);
                    hasSynced = true;
                }
            }
            if (cause is null)
            {
                await using var stream = new WatchStream(transport, resource, _state, options);
                if (await stream.OpenAsync(Path(), cancellation))
                {
                    if (interrupted)
                    {
                        yield return new KubeWatchEvent.Resumed();
                        interrupted = false;
                    }
                    await foreach (var change in stream.ReadAsync(cancellation))
                    {
                        yield return change;
                    }
                }
                cause = stream.Error;
                _failures = stream.WasGood ? 0 : _failures + 1;
                _lastGood = stream.WasGood ? _time.GetTimestamp() : _lastGood;
            }
            if (cause is null && _failures == 0)
            {
                continue;
            }
            if (cause is not null && (IsFinal(cause) || _time.GetElapsedTime(_lastGood) > options.GiveUpAfter))
            {
                yield return new KubeWatchEvent.Failed(cause);
                yield break;
            }
            var delay = Delay(cause);
            if (cause is not null)
            {
                yield return new KubeWatchEvent.Interrupted(cause, delay);
                interrupted = true;
            }
            await Task.Delay(delay, _time, cancellation);
        }
    }

    /// <summary>Waiting does not help: the right is missing, the resource does not exist, the credential cannot be made.</summary>
    private static bool IsFinal(KubeError cause) => !cause.IsTransient && cause.Kind != KubeErrorKind.Gone;

    private TimeSpan Delay(KubeError? cause)
    {
        if (_failures == 0)
        {
            return TimeSpan.Zero;
        }
        var doubled = options.FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(_failures - 1, 20));
        var capped = Math.Min(doubled, options.LongestDelay.TotalMilliseconds);
        var delay = TimeSpan.FromMilliseconds(capped * (0.5 + (_random.NextDouble() / 2)));
        return cause?.RetryAfter is { } asked && asked > delay && asked < options.LongestDelay ? asked : delay;
    }

    private string Path()
    {
        var seconds = (int)(options.StreamLifetime.TotalSeconds * (1 - (_random.NextDouble() / 4)));
        return resource.Path(ns) + string.Create(CultureInfo.InvariantCulture,
            $"?watch=true&allowWatchBookmarks=true&resourceVersion={Uri.EscapeDataString(_state.Version!)}&timeoutSeconds={Math.Max(1, seconds)}{selector.Query}");
    }
}
