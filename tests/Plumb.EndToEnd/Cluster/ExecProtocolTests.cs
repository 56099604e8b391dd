using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cluster;
using Plumb.EndToEnd.Kubectl;

namespace Plumb.EndToEnd.Cluster;

/// <summary>Clients of exec that are not kubectl: what they may send, and how many there may be.</summary>
public sealed class ExecProtocolTests : IAsyncLifetime
{
    private const int MaxSessions = 64;
    private const int MaxTries = 1000;
    private const string Pod = """{"metadata":{"name":"p"},"spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"busybox:1.36","command":["sleep","1000"]}]}}""";

    private LabCluster _cluster = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(KubectlProgram.Newest is null, "needs a kubectl: none is in PATH");
        _cluster = await LabCluster.StartAsync(nodes: 1, Cancel);
        var kubectl = new KubectlProgram(KubectlProgram.Newest, _cluster.KubeconfigPath, _cluster.StateDirectory);
        await kubectl.DoAsync("apply -f -", """{"apiVersion":"v1","kind":"Pod",""" + Pod[1..]);
        await kubectl.DoAsync("wait --for=condition=Ready pod/p --timeout=60s");
    }

    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_client_of_the_fourth_version_is_served_and_nonsense_is_passed_over()
    {
        using var socket = await OpenAsync("v4.channel.k8s.io", "command=head&command=-n&command=2&stdin=1&stdout=1");
        Assert.Equal("v4.channel.k8s.io", socket.SubProtocol);
        await SendAsync(socket, 4, "no size");
        await SendAsync(socket, 4, new string('9', 100_000));
        await SendAsync(socket, 77, "no such channel");
        await SendAsync(socket, 255, "\u0007");
        await SendAsync(socket, 0, new string('x', 200_000) + "\n");
        await SendAsync(socket, 0, "end\n");
        var (output, outcome) = await ReadAsync(socket);
        Assert.Equal(new string('x', 200_000) + "\nend\n", output);
        Assert.Equal("Success", (string?)outcome!["status"]);
    }

    [Fact]
    public async Task An_unknown_version_and_one_command_too_many_are_refused_until_another_one_ends()
    {
        Assert.Contains("400", (await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync("v9.channel.k8s.io", "command=true&stdout=1"))).Message, StringComparison.Ordinal);
        var sockets = new List<ClientWebSocket>();
        try
        {
            while (sockets.Count < MaxSessions)
            {
                sockets.Add(await OpenAsync("v5.channel.k8s.io", "command=cat&stdin=1&stdout=1"));
            }
            Assert.Contains("429", (await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync("v5.channel.k8s.io", "command=true&stdout=1"))).Message, StringComparison.Ordinal);
            foreach (var socket in sockets)
            {
                await socket.SendAsync(new byte[] { 255, 0 }, WebSocketMessageType.Binary, true, Cancel);
                Assert.Equal("Success", (string?)(await ReadAsync(socket)).Outcome!["status"]);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
            }
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
        using var next = await UntilOpenAsync();
        Assert.Equal("again\n", (await ReadAsync(next)).Output);
    }

    /// <summary>A place is free a moment after its client has left.</summary>
    private async Task<ClientWebSocket> UntilOpenAsync()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await OpenAsync("v5.channel.k8s.io", "command=echo&command=again&stdout=1");
            }
            catch (WebSocketException full) when (tries < MaxTries && full.Message.Contains("429", StringComparison.Ordinal))
            {
                await Task.Delay(10, Cancel);
            }
        }
    }

    private async Task<ClientWebSocket> OpenAsync(string protocol, string query)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        socket.Options.SetRequestHeader("Authorization", $"Bearer {_cluster.Token}");
        using var authority = X509Certificate2.CreateFromPem(_cluster.CaPem);
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == authority.Subject;
        try
        {
            await socket.ConnectAsync(new Uri($"{_cluster.Server.ToString().Replace("https://", "wss://", StringComparison.Ordinal)}api/v1/namespaces/default/pods/p/exec?{query}"), Cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static ValueTask SendAsync(ClientWebSocket socket, byte channel, string text) =>
        socket.SendAsync(new ReadOnlyMemory<byte>([channel, .. Encoding.UTF8.GetBytes(text)]), WebSocketMessageType.Binary, true, Cancel);

    /// <summary>What comes on the output and on the error channel, up to the server's farewell.</summary>
    private static async Task<(string Output, JsonObject? Outcome)> ReadAsync(ClientWebSocket socket)
    {
        var (output, outcome, buffer, channel) = (new StringBuilder(), new StringBuilder(), new byte[64 * 1024], -1);
        while (await socket.ReceiveAsync(new ArraySegment<byte>(buffer), Cancel) is { MessageType: not WebSocketMessageType.Close } part)
        {
            var skip = channel < 0 ? 1 : 0;
            channel = channel < 0 ? buffer[0] : channel;
            (channel == 1 ? output : outcome).Append(Encoding.UTF8.GetString(buffer, skip, part.Count - skip));
            channel = part.EndOfMessage ? -1 : channel;
        }
        return (output.ToString(), JsonNode.Parse(outcome.ToString()) as JsonObject);
    }
}
