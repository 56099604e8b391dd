using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Plumb.Cluster.Network;

/// <summary>Answers DNS over UDP and TCP on one address, for the pods of one lab.</summary>
internal sealed class DnsServer : IDisposable
{
    /// <summary>TCP clients at a time; UDP serves nearly all.</summary>
    private const int TcpLimit = 64;

    private const int LongestMessage = 65_535;
    private static readonly TimeSpan TcpIdle = TimeSpan.FromSeconds(10);

    private readonly DnsZone _zone;
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private DnsServer(DnsZone zone) => _zone = zone;

    public IPEndPoint Address => (IPEndPoint)_udp.LocalEndPoint!;

    /// <summary>Binds both sockets. Null with the reason when the address cannot be had: port 53 needs root, or another process has it.</summary>
    public static (DnsServer? Server, string? Problem) Open(DnsZone zone, IPEndPoint address)
    {
        var server = new DnsServer(zone);
        try
        {
            server._udp.Bind(address);
            server._tcp.Bind(server._udp.LocalEndPoint!);
            server._tcp.Listen();
            return (server, null);
        }
        catch (SocketException failed)
        {
            server.Dispose();
            return (null, $"the DNS server cannot listen on {address} ({failed.SocketErrorCode}): port 53 needs root. Pods reach Services by address and by their environment variables, not by name.");
        }
    }

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(ServeUdpAsync(cancel), ServeTcpAsync(cancel));

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private async Task ServeUdpAsync(CancellationToken cancel)
    {
        var buffer = new byte[LongestMessage];
        var anyone = new IPEndPoint(IPAddress.Any, 0);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, anyone, cancel);
                if (Answer(buffer.AsSpan(0, received.ReceivedBytes), isUdp: true) is { } answer)
                {
                    await _udp.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, cancel);
                }
            }
            catch (SocketException)
            {
                // An ICMP error for an earlier answer comes back on this socket; it says nothing of the next question.
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeTcpAsync(CancellationToken cancel)
    {
        using var places = new SemaphoreSlim(TcpLimit);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await places.WaitAsync(cancel);
                var client = await _tcp.AcceptAsync(cancel);
                _ = ServeClientAsync(client, places, cancel);
            }
            catch (SocketException)
            {
                places.Release();
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeClientAsync(Socket client, SemaphoreSlim places, CancellationToken cancel)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            var length = new byte[2];
            while (true)
            {
                idle.CancelAfter(TcpIdle);
                await stream.ReadExactlyAsync(length, idle.Token);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(message, idle.Token);
                if (Answer(message, isUdp: false) is not { } answer)
                {
                    return;
                }
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                await stream.WriteAsync((byte[])[.. length, .. answer], idle.Token);
            }
        }
        catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException)
        {
            // The client went away, or has nothing more to ask.
        }
        finally
        {
            ReleaseIfOpen(places);
        }
    }

    private static void ReleaseIfOpen(SemaphoreSlim places)
    {
        try
        {
            places.Release();
        }
        catch (ObjectDisposedException)
        {
            // The server stopped while this client was served.
        }
    }

    private byte[]? Answer(ReadOnlySpan<byte> message, bool isUdp)
    {
        if (DnsMessage.Read(message) is not { } question)
        {
            return null;
        }
        return DnsMessage.Write(question, _zone.Answer(question.Name, question.Type), isUdp ? question.MaxBytes : LongestMessage);
    }
}
