using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// The one live stream (server-sent events): a snapshot, then numbered deltas, then a heartbeat whenever nothing else was said.
/// A browser that reconnects sends the last number it saw and gets exactly what it missed, or a fresh snapshot.
/// </summary>
internal sealed class EventStream(LiveHub hub, IReadOnlyList<NavItem> nav, bool hasTraffic, TimeProvider time)
{
    /// <summary>Pages that may watch at once.</summary>
    internal const int MaxReaders = 16;

    /// <summary>The page takes two and a half missed heartbeats for a lost connection.</summary>
    internal static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(4);

    internal async Task SendAsync(HttpContext context, CancellationToken serverStops)
    {
        using var reader = hub.Join(MaxReaders);
        if (reader is null)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await Answer.WriteAsync(context, new Problem($"{MaxReaders} pages already watch this console", "Close one of them, then reload this one."));
            return;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, serverStops);
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        try
        {
            await SendAsync(context, reader.State, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            if (serverStops.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
            {
                await WriteAsync(context.Response, "bye", null, "{}"u8.ToArray(), CancellationToken.None);
            }
        }
    }

    private async Task SendAsync(HttpContext context, LiveState state, CancellationToken stop)
    {
        var response = context.Response;
        var position = Resume(context.Request, state);
        await response.Body.WriteAsync("retry: 1000\n\n"u8.ToArray(), stop);
        while (true)
        {
            if (position is not { } from || state.After(from) is not { } deltas)
            {
                var (json, at) = state.Snapshot(nav, hasTraffic);
                await WriteAsync(response, "snapshot", $"{state.Epoch}-{at}", json, stop);
                position = at;
            }
            else
            {
                foreach (var delta in deltas)
                {
                    from++;
                    await WriteAsync(response, "delta", $"{state.Epoch}-{from}", delta, stop);
                }

                position = from;
            }

            await response.Body.FlushAsync(stop);
            await WaitAsync(response, state, position.Value, stop);
        }
    }

    private async Task WaitAsync(HttpResponse response, LiveState state, long position, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await state.ChangedAfter(position).WaitAsync(HeartbeatEvery, time, stop);
                return;
            }
            catch (TimeoutException)
            {
                var beat = JsonSerializer.SerializeToUtf8Bytes(new Heartbeat(time.GetUtcNow()), ConsoleJson.Default.Heartbeat);
                await WriteAsync(response, "heartbeat", null, beat, stop);
                await response.Body.FlushAsync(stop);
            }
        }
    }

    private static long? Resume(HttpRequest request, LiveState state)
    {
        // EventSource sends the header only when it reconnects by itself; a page that let its stream go says where it was in the address.
        var id = request.Headers["Last-Event-ID"].FirstOrDefault() ?? request.Query["after"].FirstOrDefault() ?? "";
        var dash = id.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && id.AsSpan(0, dash).SequenceEqual(state.Epoch)
            && long.TryParse(id.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : null;
    }

    private static async Task WriteAsync(HttpResponse response, string name, string? id, byte[] json, CancellationToken cancellationToken)
    {
        var head = id is null ? $"event: {name}\ndata: " : $"event: {name}\nid: {id}\ndata: ";
        await response.Body.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        await response.Body.WriteAsync(json, cancellationToken);
        await response.Body.WriteAsync("\n\n"u8.ToArray(), cancellationToken);
    }
}
