using System.Buffers;
using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <param name="HasOutput">False: what the command writes there is thrown away. The same for <paramref name="HasErrors"/>.</param>
internal sealed record ExecOptions(IReadOnlyList<string> Command, bool HasInput, bool HasOutput, bool HasErrors, bool HasTerminal);

/// <summary>
/// One command and its client. Every message begins with the number of a channel; the last one of the server says on the error channel how
/// it went. Whatever ends first (the command, the client, the container, this server) ends the others.
/// </summary>
internal sealed class ExecSession(WebSocket socket, RunningContainer container, ExecOptions options, TimeProvider time) : IDisposable
{
    /// <summary>The newest first; they differ in that a client of v5 can say that its input has ended.</summary>
    public static readonly string[] Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Errors = 2;
    private const byte Outcome = 3;
    private const byte Resize = 4;
    private const byte Close = 255;

    private const int BufferBytes = 32 * 1024;
    private const int MaxResizeBytes = 1024;

    /// <summary>
    /// How long a terminal waits for its size. kubectl sends it right after the connection is made; a command that asks at once should not
    /// find a window of nothing.
    /// </summary>
    private static readonly TimeSpan SizePatience = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    private readonly byte[] _message = new byte[1 + BufferBytes];
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ArrayBufferWriter<byte> _resize = new(64);
    private readonly TaskCompletionSource<TerminalSize> _sized = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ContainerCommand?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _sending.Dispose();

    /// <param name="cancel">The client's connection broke, or the server stops.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var listening = ListenAsync(over.Token);
        var serving = ServeAsync(over.Token);
        if (await Task.WhenAny(serving, listening) == serving)
        {
            await Task.WhenAny(listening, Task.Delay(FarewellPatience, time, over.Token));
        }
        await over.CancelAsync();
        await Task.WhenAll(serving, listening);
    }

    private async Task ServeAsync(CancellationToken cancel)
    {
        try
        {
            // An empty message says that the connection stands, as the API server's does.
            await SendAsync(options.HasOutput ? Output : options.HasErrors ? Errors : Outcome, default, cancel);
            var (command, failure) = await container.StartAsync(new CommandRequest(options.Command, options.HasInput, options.HasTerminal ? await SizeAsync(cancel) : null));
            _started.TrySetResult(command);
            var outcome = command is null ? NotStarted(failure!) : Ended(await RelayAsync(command, cancel));
            await SendAsync(Outcome, JsonSerializer.SerializeToUtf8Bytes(outcome, KubeJson.Compact.JsonObject), cancel);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // Nobody reads the outcome.
        }
        finally
        {
            _started.TrySetResult(null);
        }
    }

    private async Task<int> RelayAsync(ContainerCommand command, CancellationToken cancel)
    {
        await using (command)
        {
            await Task.WhenAll(CopyAsync(command, Output, options.HasOutput, cancel), CopyAsync(command, Errors, options.HasErrors, cancel));
            return await command.Exited.WaitAsync(cancel);
        }
    }

    private async Task CopyAsync(ContainerCommand command, byte channel, bool isWanted, CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        while (await command.ReadAsync(channel == Errors, buffer, cancel) is > 0 and var count)
        {
            if (isWanted)
            {
                await SendAsync(channel, buffer.AsMemory(0, count), cancel);
            }
        }
    }

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            _message[0] = channel;
            data.CopyTo(_message.AsMemory(1));
            await socket.SendAsync(_message.AsMemory(0, 1 + data.Length), WebSocketMessageType.Binary, endOfMessage: true, cancel);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Ends when the client leaves.</summary>
    private async Task ListenAsync(CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        byte? channel = null;
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), cancel) is { MessageType: not WebSocketMessageType.Close } received)
            {
                // A long message comes in parts, and only the first one begins with the channel.
                var isFirst = channel is null && received.Count > 0;
                channel ??= isFirst ? buffer[0] : null;
                var data = buffer.AsMemory(0, received.Count)[(isFirst ? 1 : 0)..];
                switch (channel)
                {
                    case Input when options.HasInput && await _started.Task is { } command:
                        await command.WriteAsync(data, cancel);
                        break;
                    case Resize when Size(data.Span, received.EndOfMessage) is { } size && !_sized.TrySetResult(size):
                        (await _started.Task)?.Resize(size);
                        break;
                    case Close when data.Span is [Input]:
                        (await _started.Task)?.CloseInput();
                        break;
                }
                channel = received.EndOfMessage ? null : channel;
            }
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // It was killed or cannot be reached.
        }
    }

    private async Task<TerminalSize> SizeAsync(CancellationToken cancel)
    {
        await Task.WhenAny(_sized.Task, Task.Delay(SizePatience, time, cancel));
        _sized.TrySetResult(default);
        return await _sized.Task;
    }

    /// <returns>The size, once the whole of it was received; null for what is none.</returns>
    private TerminalSize? Size(ReadOnlySpan<byte> part, bool isLast)
    {
        _resize.Write(part[..Math.Min(part.Length, MaxResizeBytes - _resize.WrittenCount)]);
        if (!isLast)
        {
            return null;
        }
        try
        {
            var json = JsonNode.Parse(_resize.WrittenSpan) as JsonObject;
            return json?["Width"] is JsonValue width && json["Height"] is JsonValue height && width.TryGetValue<ushort>(out var columns) && height.TryGetValue<ushort>(out var rows)
                ? new TerminalSize(columns, rows)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
        finally
        {
            _resize.ResetWrittenCount();
        }
    }

    private static bool IsGone(Exception failure) => failure is OperationCanceledException or WebSocketException or IOException;

    private JsonObject Ended(int code) => code == 0
        ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
        : new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = $"command terminated with non-zero exit code: error executing command [{string.Join(' ', options.Command)}], exit code {code.ToString(CultureInfo.InvariantCulture)}",
            ["reason"] = "NonZeroExitCode",
            ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code.ToString(CultureInfo.InvariantCulture) }) },
        };

    /// <summary>The words of a real node; the command has an id of its own there.</summary>
    private static JsonObject NotStarted(string failure)
    {
        var message = "error executing command in container: failed to exec in container: " + (failure.StartsWith("exec:", StringComparison.Ordinal)
            ? $"failed to start exec \"{RandomNumberGenerator.GetHexString(64, lowercase: true)}\": OCI runtime exec failed: exec failed: unable to start container process: {failure}: unknown"
            : failure);
        return new ApiFailure(500, "InternalError", $"Internal error occurred: Internal error occurred: {message}", new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) }).ToStatus();
    }
}
