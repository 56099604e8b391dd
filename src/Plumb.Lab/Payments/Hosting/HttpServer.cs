using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>Kestrel alone, without a host around it: a service of this size needs no container, configuration or middleware, and starts sooner.</summary>
internal sealed class HttpServer : IHttpApplication<HttpContext>, IDisposable
{
    public const int MaxBodyBytes = 64 * 1024;
    private const int MaxConnections = 2048;
    private readonly KestrelServer _server;
    private readonly RequestDelegate _handle;

    public HttpServer(IReadOnlyList<IPEndPoint> endpoints, RequestDelegate handle, int maxBodyBytes = MaxBodyBytes)
    {
        _handle = handle;
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = maxBodyBytes;
        options.Limits.MaxConcurrentConnections = MaxConnections;
        foreach (var endpoint in endpoints)
        {
            options.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        }

        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
    }

    /// <summary>Where it listens, in the order of the constructor's endpoints: the real ports when 0 was asked for.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(a => new Uri(a))];

    /// <exception cref="IOException">An address is in use or not this machine's.</exception>
    public Task StartAsync(CancellationToken cancel) => _server.StartAsync(this, cancel);

    /// <summary>Stops accepting, closes idle connections, and waits for requests in flight until <paramref name="cancel"/>.</summary>
    public Task StopAsync(CancellationToken cancel) => _server.StopAsync(cancel);

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context) => _handle(context);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // Nothing is rented for a request.
    }

    public void Dispose() => _server.Dispose();
}
