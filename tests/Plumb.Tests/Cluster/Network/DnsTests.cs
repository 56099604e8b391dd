using System.Net;
using System.Net.Sockets;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;
using Plumb.Tests.Cluster.Controllers;
using Xunit;

namespace Plumb.Tests.Cluster.Network;

public sealed class DnsTests : IDisposable
{
    private readonly ClusterInMemory _cluster = new();
    private readonly DnsZone _zone;

    public DnsTests()
    {
        _zone = new DnsZone(_cluster.Api);
        _cluster.Create(Resources.Namespaces, "metadata: {name: demo}", ns: null);
        _cluster.Create(Resources.Services, "metadata: {name: web}\nspec: {clusterIP: 127.64.0.20, ports: [{name: http, port: 80}]}");
        _cluster.Create(Resources.Services, "metadata: {name: db}\nspec: {clusterIP: None, ports: [{name: tcp, port: 5432}]}");
        _cluster.Create(Resources.Services, "metadata: {name: empty}\nspec: {clusterIP: None}");
        _cluster.Create(Resources.EndpointSlices, """
            metadata: {name: db-1, labels: {kubernetes.io/service-name: db}}
            endpoints:
            - {addresses: [127.64.64.5], hostname: db-0, conditions: {ready: true}}
            - {addresses: [127.64.65.6], hostname: db-1, conditions: {ready: true}}
            - {addresses: [127.64.66.7], hostname: db-2, conditions: {ready: false}}
            ports: [{name: tcp, port: 5432, protocol: TCP}]
            """);
    }

    [Theory]
    [InlineData("web.demo.svc.cluster.local", "127.64.0.20")]
    [InlineData("web.demo.svc", "127.64.0.20")]
    [InlineData("web.demo", "127.64.0.20")]
    [InlineData("db.demo.svc.cluster.local", "127.64.64.5 127.64.65.6")]
    [InlineData("db-1.db.demo.svc.cluster.local", "127.64.65.6")]
    [InlineData("127-64-64-5.demo.pod.cluster.local", "127.64.64.5")]
    public void A_name_gives_the_addresses_behind_it(string name, string addresses) =>
        Assert.Equal(addresses, string.Join(' ', _zone.Answer(name, DnsType.A).Records.Select(record => record.Target)));

    [Theory]
    [InlineData("nobody.demo.svc.cluster.local", "NameError")]
    [InlineData("db-2.db.demo.svc.cluster.local", "NameError")]
    [InlineData("empty.demo.svc.cluster.local", "NameError")]
    [InlineData("web.demo.svc.cluster.local.demo.svc.cluster.local", "NameError")]
    [InlineData("example.com", "Refused")]
    [InlineData("www.example.com", "Refused")]
    public void A_name_that_is_not_there_is_denied_and_one_of_elsewhere_is_refused(string name, string code) =>
        Assert.Equal(code, _zone.Answer(name, DnsType.A).Code.ToString());

    [Fact]
    public void A_name_without_records_of_the_type_exists_all_the_same()
    {
        var answer = _zone.Answer("web.demo.svc.cluster.local", DnsType.Aaaa);
        Assert.Equal((DnsCode.NoError, 0), (answer.Code, answer.Records.Count));
    }

    [Fact]
    public void Srv_names_the_ports_of_the_ready_pods()
    {
        var answer = _zone.Answer("_tcp._tcp.db.demo.svc.cluster.local", DnsType.Srv);
        Assert.Equal(["db-0.db.demo.svc.cluster.local:5432", "db-1.db.demo.svc.cluster.local:5432"], answer.Records.Select(record => $"{record.Target}:{record.Port}"));
        Assert.Equal("web.demo.svc.cluster.local", Assert.Single(_zone.Answer("20.0.64.127.in-addr.arpa", DnsType.Ptr).Records).Target);
    }

    [Fact]
    public async Task The_server_answers_over_udp_and_tcp()
    {
        using var addresses = ClusterNetwork.Claim()!;
        var (server, problem) = DnsServer.Open(_zone, new IPEndPoint(IPAddress.Parse(addresses.DnsAddress), 10053));
        Assert.Null(problem);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        // A lost answer must fail the test, not stop it for ever.
        cancel.CancelAfter(TimeSpan.FromSeconds(30));
        var running = server!.RunAsync(cancel.Token);
        byte[] query = [0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, .. "WEB"u8, 4, .. "demo"u8, 3, .. "svc"u8, 7, .. "cluster"u8, 5, .. "local"u8, 0, 0, 1, 0, 1];

        using var udp = new UdpClient();
        udp.Connect(server.Address);
        await udp.SendAsync(query, cancel.Token);
        var answer = (await udp.ReceiveAsync(cancel.Token)).Buffer;

        using var tcp = new TcpClient();
        await tcp.ConnectAsync(server.Address, cancel.Token);
        await tcp.GetStream().WriteAsync((byte[])[0, (byte)query.Length, .. query], cancel.Token);
        var overTcp = new byte[answer.Length + 2];
        await tcp.GetStream().ReadExactlyAsync(overTcp, cancel.Token);

        Assert.Equal([127, 64, 0, 20], answer[^4..]);
        Assert.Equal(answer, overTcp[2..]);
        await cancel.CancelAsync();
        await running;
        server.Dispose();
    }

    [Fact]
    public void A_question_that_is_none_gets_no_answer()
    {
        Assert.Null(DnsMessage.Read([1, 2, 3]));
        Assert.Null(DnsMessage.Read([0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]));
        Assert.Null(DnsMessage.Read([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 200, 0, 1, 0, 1]));
    }

    public void Dispose() => _cluster.Dispose();
}
