using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>A console that runs, or why it does not; <c>Warnings</c> are for the person who started it.</summary>
internal sealed record ConsoleStart(ConsoleServer? Server, Problem? Problem, IReadOnlyList<string> Warnings);

/// <summary>The console's server. It does nothing while nobody looks. Dispose to stop it; open streams are told first.</summary>
internal sealed class ConsoleServer : IAsyncDisposable
{
    private const int MaxConnections = 64;
    private const long MaxRequestBytes = 16 * 1024;
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private readonly LiveHub _hub;
    private readonly RunDesk? _desk;
    private readonly CancellationTokenSource _stop;

    private readonly ConsoleOptions _options;
    private bool _isDisposed;

    private ConsoleServer(ConsoleOptions options, WebApplication app, LiveHub hub, RunDesk? desk, CancellationTokenSource stop, Uri url)
    {
        (_options, _app, _hub, _desk, _stop, Url) = (options, app, hub, desk, stop, url);
    }

    /// <summary>The address to open, with the token in it. Whoever has it can use the console.</summary>
    internal Uri Url { get; }

    /// <summary>Whether the cluster is being read now; it is not while no page watches.</summary>
    internal bool Reading => _hub.Reading;

    internal static async Task<ConsoleStart> StartAsync(ConsoleOptions options, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        if (!IPAddress.IsLoopback(options.Address))
        {
            warnings.Add($"The console listens on {options.Address}, without TLS: whoever can read that network can read its token and use it. Prefer an SSH tunnel to 127.0.0.1.");
        }

        if (!Pages.Built)
        {
            warnings.Add(Pages.NotBuilt);
        }

        try
        {
            return new(await ListenAsync(options, options.Port ?? ConsoleOptions.UsualPort, cancellationToken), null, warnings);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException && options.Port is null)
        {
            warnings.Add($"Port {ConsoleOptions.UsualPort} is taken, so the console has another one. Choose one with --console-port.");
            return new(await ListenAsync(options, 0, cancellationToken), null, warnings);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            return new(null, new($"port {options.Port} on {options.Address} is taken by another program", "Choose another --console-port, or 0 for any free one"), warnings);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            return new(null, new($"the console cannot listen on {options.Address} port {options.Port ?? ConsoleOptions.UsualPort}: {e.Message}", "Choose an address of this machine with --console-address"), warnings);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        if (_desk is not null)
        {
            await _desk.DisposeAsync();
        }

        using var limit = new CancellationTokenSource(StopWithin);
        await _app.StopAsync(limit.Token);
        await _hub.DisposeAsync();
        await _app.DisposeAsync();
        _stop.Dispose();
        foreach (var owned in new object?[] { _options.Feed, _options.Traffic, _options.Experiments, _options.Logs, _options.Scenes, _options.Recordings })
        {
            (owned as IDisposable)?.Dispose();
        }
    }

    private static async Task<ConsoleServer> ListenAsync(ConsoleOptions options, int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
            kestrel.Listen(options.Address, port);
        });
        var app = builder.Build();
        var stop = new CancellationTokenSource();
        var hub = new LiveHub(options.Feed, options.Time);
        var desk = options.Experiments is null ? null : new RunDesk(options.Experiments, hub, options.Time);
        RequestDelegate? handler = null;
        app.Run(context => handler is null ? Task.CompletedTask : handler(context));
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            stop.Dispose();
            throw;
        }

        var bound = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var token = Gate.NewToken();
        handler = new Routes(options, new Gate(token, bound.Port), hub, desk, stop.Token).HandleAsync;
        var host = options.Address.Equals(IPAddress.Any) || options.Address.Equals(IPAddress.IPv6Any) ? "127.0.0.1" : bound.Host;
        return new ConsoleServer(options, app, hub, desk, stop, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{bound.Port}/?token={token}")));
    }
}
