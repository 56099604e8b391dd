using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Plumb.Cluster.Network;

/// <summary>
/// One port of one Service: accepts connections on its ClusterIP and hands each to one of the present backends, in turn. A connection that
/// is open stays with its pod until one side ends it, also when the pod has left the list.
/// </summary>
internal sealed class ServiceListener : IDisposable
{
    /// <summary>Open connections of one port; beyond it a new one is reset.</summary>
    public const int ConnectionLimit = 4_096;

    /// <summary>Backends tried for one connection: a pod may die between its last probe and this dial.</summary>
    private const int DialLimit = 3;

    private const int Backlog = 511;
    private const int BufferBytes = 32 * 1024;
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(5);

    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private IPEndPoint[] _backends;
    private int _turn;
    private int _open;

    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public ServiceListener(IPEndPoint address, IPEndPoint[] backends)
    {
        Address = address;
        _backends = backends;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.Bind(address);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
        _ = AcceptAsync(_stop.Token);
    }

    public IPEndPoint Address { get; }

    public int OpenConnections => Volatile.Read(ref _open);

    /// <summary>Never empty: without backends the listener is closed, so that a client is refused at once.</summary>
    public IPEndPoint[] Backends
    {
        get => Volatile.Read(ref _backends);
        set => Volatile.Write(ref _backends, value);
    }

    /// <summary>Refuses new connections; open ones go on.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _socket.AcceptAsync(stop);
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                if (stop.IsCancellationRequested || ended is ObjectDisposedException)
                {
                    return;
                }
                // A client that gave up before it was accepted, or no free descriptor: neither ends the service.
                await Task.Yield();
                continue;
            }
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            if (Interlocked.Increment(ref _open) > ConnectionLimit)
            {
                Reset(client);
            }
            else if (await DialAsync() is { } backend)
            {
                using (backend)
                {
                    client.NoDelay = true;
                    await Task.WhenAll(PumpAsync(client, backend), PumpAsync(backend, client));
                }
            }
            else
            {
                Reset(client);
            }
        }
        Interlocked.Decrement(ref _open);
    }

    private async Task<Socket?> DialAsync()
    {
        var first = unchecked((uint)Interlocked.Increment(ref _turn));
        for (var tried = 0u; tried < DialLimit; tried++)
        {
            // Read anew for each try: the list may have changed because of the very failure.
            var backends = Backends;
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var timeout = new CancellationTokenSource(DialTimeout);
            try
            {
                await socket.ConnectAsync(backends[(first + tried) % (uint)backends.Length], timeout.Token);
                return socket;
            }
            catch (Exception failed) when (failed is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }
        return null;
    }

    /// <summary>Copies one direction until its end, then passes the end on, so that a half-closed connection works as it does without a balancer.</summary>
    private static async Task PumpAsync(Socket from, Socket to)
    {
        try
        {
            while (true)
            {
                // Waits without a buffer: an idle connection costs no memory.
                await from.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
                try
                {
                    var count = await from.ReceiveAsync(buffer, SocketFlags.None);
                    if (count == 0)
                    {
                        to.Shutdown(SocketShutdown.Send);
                        return;
                    }
                    for (var sent = 0; sent < count;)
                    {
                        sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None);
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // One side was reset: the other must learn it too, and the opposite direction ends with it.
            Reset(from);
            Reset(to);
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Already closed by the other direction.
        }
    }
}
