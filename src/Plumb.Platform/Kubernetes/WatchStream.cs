using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Plumb.Platform.Kubernetes;

/// <summary>One stream, from its request to its end, however it ends.</summary>
internal sealed class WatchStream(KubeTransport transport, KubeResource resource, KubeWatchState state, KubeWatchOptions options) : IAsyncDisposable
{
    /// <summary>A stream that lived so long was a good one even if nothing happened in it.</summary>
    private static readonly TimeSpan GoodAfter = TimeSpan.FromSeconds(5);

    private HttpResponseMessage? _answer;
    private LineReader? _lines;
    private long _openedAt;

    /// <summary>Why the stream ended; null when the server ended it in good order.</summary>
    public KubeError? Error { get; private set; }

    /// <summary>It brought an event, or lived long and ended in good order: there is no reason to wait before the next one.</summary>
    public bool WasGood { get; private set; }

    /// <returns>Whether the server answered with a stream; otherwise <see cref="Error"/> says why not.</returns>
    public async Task<bool> OpenAsync(string path, CancellationToken cancellation)
    {
        var opened = await transport.OpenAsync(path, cancellation);
        _openedAt = transport.Time.GetTimestamp();
        if (opened.IsSuccess)
        {
            _answer = opened.Value;
            _lines = new LineReader(await _answer.Content.ReadAsStreamAsync(cancellation), options.EventSizeLimit);
            return true;
        }
        Fail(opened.Error);
        return false;
    }

    public async IAsyncEnumerable<KubeWatchEvent.Changed> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, transport.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
        while (await LineAsync(silence, either.Token, cancellation) is { } line)
        {
            foreach (var change in Read(line))
            {
                yield return change;
            }
            WasGood |= Error is null;
            if (Error is not null)
            {
                break;
            }
        }
        Fail(Error);
        WasGood |= Error is null && transport.Time.GetElapsedTime(_openedAt) > GoodAfter;
    }

    private void Fail(KubeError? error)
    {
        Error = error;
        if (error is { Kind: KubeErrorKind.Gone })
        {
            state.Forget();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_lines is not null)
        {
            await _lines.DisposeAsync();
        }
        _answer?.Dispose();
    }

    private async ValueTask<byte[]?> LineAsync(CancellationTokenSource silence, CancellationToken either, CancellationToken caller)
    {
        try
        {
            silence.CancelAfter(options.SilenceLimit);
            var line = await _lines!.NextAsync(either);
            if (line is null && _lines.WasCutOff)
            {
                Error = new KubeError(KubeErrorKind.Unreachable, $"The watch of {resource} was cut off within an event.", "It is taken up again.");
            }
            return line;
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            // A silent server may have lost our place (a restored etcd), so the objects are listed anew.
            state.Forget();
            Error = new KubeError(KubeErrorKind.Timeout, $"The watch of {resource} brought nothing, not even a bookmark, for {options.SilenceLimit.TotalSeconds:0.#} s.", "It is started again.");
        }
        catch (InvalidDataException error)
        {
            state.Forget();
            Error = KubeErrors.BadResponse($"The watch of {resource} cannot be read: {error.Message}.");
        }
        catch (Exception error) when (transport.Translate(error, caller) is { } translated)
        {
            Error = translated;
        }
        return null;
    }

    private List<KubeWatchEvent.Changed> Read(byte[] line)
    {
        var arrivedAt = transport.Time.GetTimestamp();
        JsonElement json;
        try
        {
            json = JsonElement.Parse(line);
        }
        catch (JsonException)
        {
            Error = KubeErrors.BadResponse($"The watch of {resource} brought something that is not JSON.");
            return [];
        }
        var item = json.Field("object");
        switch (json.Text("type"))
        {
            case "ADDED":
                return Apply(KubeChangeType.Added, item, arrivedAt);
            case "MODIFIED":
                return Apply(KubeChangeType.Modified, item, arrivedAt);
            case "DELETED":
                return Apply(KubeChangeType.Deleted, item, arrivedAt);
            case "BOOKMARK" when item.Field("metadata").Text("resourceVersion") is { Length: > 0 } version:
                state.Bookmark(version);
                return [];
            case "ERROR":
                Error = KubeErrors.FromStatus(item);
                return [];
            case var other:
                Error = KubeErrors.BadResponse($"The watch of {resource} brought an event of the unknown type '{other}'.");
                return [];
        }
    }

    private List<KubeWatchEvent.Changed> Apply(KubeChangeType type, JsonElement item, long arrivedAt)
    {
        var read = new KubeObject(item);
        if (read.Name.Length > 0 && read.ResourceVersion.Length > 0)
        {
            return state.Apply(type, read, arrivedAt);
        }
        Error = KubeErrors.BadResponse($"The watch of {resource} brought an object without a name or a resourceVersion.");
        return [];
    }
}
