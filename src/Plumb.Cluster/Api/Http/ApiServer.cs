using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Plumb.Cluster.Api.Auth;

namespace Plumb.Cluster.Api.Http;

/// <summary>The API over TLS, HTTP/1.1 and HTTP/2. Routing is by hand: the table of resources is the router.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private const int MaxRequestLineBytes = 256 * 1024;

    /// <summary>How often a quiet WebSocket is written to: a client that was killed is noticed by that also while nothing of it is read.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private readonly Router _router;

    private ApiServer(WebApplication app, Router router, Uri address)
    {
        _app = app;
        _router = router;
        Address = address;
    }

    /// <summary>For instance <c>https://127.0.0.1:41234</c>.</summary>
    public Uri Address { get; }

    /// <param name="port">0: a free one.</param>
    /// <exception cref="AddressInUseException">Somebody else listens on the port.</exception>
    public static async Task<ApiServer> StartAsync(Router router, ServerIdentity identity, int port, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            // The server reads bodies itself, up to its own limit, and answers as a Kubernetes server does.
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinResponseDataRate = null;
            // A command that runs in a container stands in the request's address.
            options.Limits.MaxRequestLineSize = MaxRequestLineBytes;
            options.Limits.Http2.MaxStreamsPerConnection = 1000;
            options.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = identity.Certificate;
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
            }));
        });
        var app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = KeepAlive });
        app.Run(router.HandleAsync);
        await app.StartAsync(cancel);
        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ApiServer(app, router, new Uri(bound));
    }

    public async ValueTask DisposeAsync()
    {
        // Watches end first: otherwise the server would wait for clients that never leave.
        _router.Stop();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections that outlive the patience are cut by the disposal below.
        }
        await _app.DisposeAsync();
    }
}
