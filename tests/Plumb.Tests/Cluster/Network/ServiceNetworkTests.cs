using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Tests.Cluster.Controllers;
using Xunit;

namespace Plumb.Tests.Cluster.Network;

public sealed class ServiceNetworkTests : IDisposable
{
    private readonly ClusterInMemory _cluster = new();
    private readonly ClusterNetwork _addresses = ClusterNetwork.Claim()!;
    private readonly ServiceNetwork _network;
    private readonly List<Backend> _backends = [];

    public ServiceNetworkTests() => _network = new ServiceNetwork(_cluster.Api);

    private IPEndPoint ServiceAddress => new(IPAddress.Parse(_addresses.ApiServiceAddress), 8080);

    [Fact]
    public async Task Connections_go_to_ready_endpoints_in_turn_and_are_refused_when_there_is_none()
    {
        var (one, two) = (Start("one"), Start("two"));
        Service();
        Slice((one, "ready"), (two, "ready"));
        var answers = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            answers.Add(await AskAsync());
        }
        Assert.Equal(2, answers.Count(answer => answer == "one"));

        Slice((one, "starting"), (two, "ready"));
        Assert.Equal("two", await AskAsync());
        Assert.Equal("two", await AskAsync());

        Slice((one, "starting"), (two, "starting"));
        var refused = await Assert.ThrowsAsync<SocketException>(AskAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        Slice((one, "ready"));
        Assert.Equal("one", await AskAsync());
    }

    [Fact]
    public async Task An_open_connection_outlives_its_pods_place_in_the_list_and_a_half_close_is_passed_on()
    {
        var one = Start("one");
        Service();
        Slice((one, "ready"));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(ServiceAddress, TestContext.Current.CancellationToken);
        Assert.Equal("one", await ReadAsync(client, 3));

        Slice();
        await client.SendAsync("still here"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("still here", await ReadAsync(client, 10));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task A_dead_endpoint_costs_the_client_nothing_while_another_lives()
    {
        var (one, dead) = (Start("one"), Start("dead"));
        Service();
        Slice((dead, "ready"), (one, "ready"));
        dead.Dispose();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("one", await AskAsync());
        }
    }

    [Fact]
    public void A_port_in_use_is_told_in_an_event_and_in_the_status()
    {
        using var squatter = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        squatter.Bind(ServiceAddress);
        squatter.Listen();
        Service();
        Slice((Start("one"), "ready"));
        Assert.Contains(_cluster.EventsOn("web"), text => text.StartsWith("FailedToListen", StringComparison.Ordinal) && text.Contains("in use", StringComparison.Ordinal));
        Assert.Equal("False", _cluster.Read(Resources.Services, "web")["status"]!["conditions"]![0]!["status"]!.GetValue<string>());

        squatter.Dispose();
        _network.Reconcile(new ObjectKey("demo", "web"));
        Assert.Null(_cluster.Read(Resources.Services, "web")["status"]!["conditions"]);
    }

    [Fact]
    public void Udp_ports_are_refused_with_a_warning()
    {
        _cluster.Create(Resources.Services, $"metadata: {{name: web}}\nspec: {{clusterIP: {ServiceAddress.Address}, ports: [{{port: 53, protocol: UDP}}]}}");
        _network.Reconcile(new ObjectKey("demo", "web"));
        Assert.Contains(_cluster.EventsOn("web"), text => text.Contains("only TCP", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_usable_but_ready_endpoints_or_without_any_those_that_still_serve_while_they_terminate()
    {
        var endpoint = from ready in Gen.Elements<bool?>(true, false, null)
                       from serving in Gen.Elements<bool?>(true, false, null)
                       from terminating in Gen.Elements<bool?>(true, false, null)
                       select new Endpoint { Addresses = ["127.0.0.9"], Conditions = new EndpointConditions { Ready = ready, Serving = serving, Terminating = terminating } };
        Prop.ForAll(Gen.ListOf(endpoint).ToArbitrary(), all =>
        {
            var usable = ServiceNetwork.Usable(all);
            var anyReady = all.Any(item => item.Conditions.Ready is not false);
            Assert.All(usable, item => Assert.True(anyReady ? item.Conditions.Ready is not false : item.Conditions is { Serving: true, Terminating: true }));
            Assert.True(!anyReady || usable.Count == all.Count(item => item.Conditions.Ready is not false));
        }).Check(Config.QuickThrowOnFailure);
    }

    public void Dispose()
    {
        _network.Dispose();
        _backends.ForEach(backend => backend.Dispose());
        _addresses.Dispose();
        _cluster.Dispose();
    }

    private Backend Start(string name)
    {
        var backend = new Backend(name);
        _backends.Add(backend);
        return backend;
    }

    private void Service() =>
        _cluster.Create(Resources.Services, $"metadata: {{name: web}}\nspec: {{clusterIP: {ServiceAddress.Address}, ports: [{{port: {ServiceAddress.Port}}}]}}");

    /// <summary>One slice for each backend, since each listens on a port of its own.</summary>
    private void Slice(params (Backend Backend, string State)[] endpoints)
    {
        foreach (var old in _cluster.Api.List(Resources.EndpointSlices, "demo"))
        {
            _cluster.Api.Delete(Resources.EndpointSlices, "demo", old.Name);
        }
        foreach (var (backend, state) in endpoints)
        {
            var ready = state == "ready" ? "true" : "false";
            _cluster.Create(Resources.EndpointSlices, $$$"""
                metadata: {name: web-{{{backend.Name}}}, labels: {kubernetes.io/service-name: web}}
                endpoints: [{addresses: [127.0.0.1], conditions: {ready: {{{ready}}}, serving: {{{ready}}}, terminating: false}}]
                ports: [{name: "", port: {{{backend.Port}}}, protocol: TCP}]
                """);
        }
        _network.Reconcile(new ObjectKey("demo", "web"));
    }

    private async Task<string> AskAsync()
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(ServiceAddress, TestContext.Current.CancellationToken);
        client.Shutdown(SocketShutdown.Send);
        var text = new StringBuilder();
        var buffer = new byte[64];
        for (int count; (count = await client.ReceiveAsync(buffer)) > 0;)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        return text.ToString();
    }

    private static async Task<string> ReadAsync(Socket socket, int count)
    {
        var buffer = new byte[count];
        for (var read = 0; read < count;)
        {
            var more = await socket.ReceiveAsync(buffer.AsMemory(read));
            Assert.NotEqual(0, more);
            read += more;
        }
        return Encoding.ASCII.GetString(buffer);
    }

    /// <summary>Says its name, then gives back what it hears until the client ends.</summary>
    private sealed class Backend : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public Backend(string name)
        {
            Name = name;
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _socket.Listen();
            _ = ServeAsync();
        }

        public string Name { get; }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public void Dispose() => _socket.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    _ = EchoAsync(await _socket.AcceptAsync());
                }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task EchoAsync(Socket client)
        {
            using (client)
            {
                await client.SendAsync(Encoding.ASCII.GetBytes(Name));
                var buffer = new byte[1024];
                for (int count; (count = await client.ReceiveAsync(buffer)) > 0;)
                {
                    await client.SendAsync(buffer.AsMemory(0, count));
                }
            }
        }
    }
}
