using System.Net;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;
using Plumb.Core.Metrics;
using Plumb.Lab.Payments.Faults;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>One role of the payments system: its routes, its own faults and its background work.</summary>
internal interface IService : IAsyncDisposable
{
    IReadOnlyList<Route> Routes { get; }

    /// <summary>Opens a fresh connection to the database and says how that went; null where there is no database.</summary>
    Func<CancellationToken, Task<Reply>>? CheckDatabase => null;

    /// <summary>Starts background work; called when the server listens. It must not wait for other services.</summary>
    Task StartAsync(CancellationToken cancel) => Task.CompletedTask;
}

/// <summary>Serves one <see cref="IService"/>: health, metrics, tracing, logs, faults, and an end that fails no request.</summary>
internal sealed class ServiceHost(ServiceSettings settings, JsonLog log, ServiceMetrics metrics, FaultSet faults, TimeProvider time, IService service)
{
    private const int ClientClosedRequest = 499;
    private const int DefaultDelayMs = 300;
    private readonly AdminApi _admin = new(faults, log);
    private volatile bool _draining;
    private int _adminPort;
    private long _served;

    /// <summary>Serves until SIGTERM, SIGINT or <paramref name="cancel"/>, then drains.</summary>
    /// <returns>0 after a clean end; 2 when it cannot listen.</returns>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        foreach (var route in service.Routes)
        {
            metrics.Declare(route);
        }

        using var server = new HttpServer([new IPEndPoint(settings.Address, settings.Port), new IPEndPoint(settings.Address, settings.AdminPort)], HandleAsync);
        try
        {
            await server.StartAsync(cancel);
            await service.StartAsync(stop.Token);
        }
        catch (IOException problem)
        {
            log.Error("listen_failed", $"Cannot listen on {settings.Address} ports {settings.Port} and {settings.AdminPort}: {problem.Message}");
            return 2;
        }

        _adminPort = server.Addresses[1].Port;
        log.Info("started", $"{settings.Service} {settings.Version} serves {server.Addresses[0]}, faults on {server.Addresses[1]}.", null,
            ("url", server.Addresses[0].ToString()), ("admin_url", server.Addresses[1].ToString()));
        await UntilAsync(stop.Token);
        return await DrainAsync(server);
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        // The default would end the process in the middle of its requests.
        signal.Cancel = true;
        stop.Cancel();
    }

    private static async Task UntilAsync(CancellationToken cancel)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancel.Register(ended.SetResult);
        await ended.Task;
    }

    /// <summary>
    /// Endpoints change some time after SIGTERM, and clients hold idle connections. So first everything is still served, each response asking
    /// its client to close the connection; only when that time is over does the server stop accepting.
    /// </summary>
    private async Task<int> DrainAsync(HttpServer server)
    {
        _draining = true;
        var began = time.GetTimestamp();
        log.Info("drain_started", $"Told to stop. /ready is 503; requests are served for another {settings.DrainDelay.TotalMilliseconds:0} ms.");
        await Task.Delay(settings.DrainDelay, time, CancellationToken.None);
        using var limit = new CancellationTokenSource(settings.StopTimeout, time);
        await server.StopAsync(limit.Token);
        await service.DisposeAsync();
        var cut = limit.IsCancellationRequested;
        var elapsed = time.GetElapsedTime(began).TotalMilliseconds;
        if (cut)
        {
            log.Error("stopped", $"Requests were still running {settings.StopTimeout.TotalMilliseconds:0} ms after the drain and were cut off.", null, ("duration_ms", elapsed));
        }
        else
        {
            log.Info("stopped", "Every request was answered.", null, ("duration_ms", elapsed));
        }

        return cut ? 1 : 0;
    }

    private async Task HandleAsync(HttpContext http)
    {
        if (http.Connection.LocalPort == _adminPort)
        {
            await _admin.HandleAsync(http);
            return;
        }

        if (_draining)
        {
            http.Response.Headers.Connection = "close";
        }

        var path = http.Request.Path.Value ?? "/";
        if (http.Request.Method is "GET" or "HEAD" && await OwnPageAsync(path, http.RequestAborted) is { } page)
        {
            await page.WriteToAsync(http);
            return;
        }

        await ServeAsync(http, path);
    }

    /// <summary>Liveness says only "this process answers"; readiness only what this pod controls. Neither asks another service: one slow dependency would take down all pods at once.</summary>
    private async Task<Reply?> OwnPageAsync(string path, CancellationToken cancel) => path switch
    {
        "/healthz" => faults.Get(FaultKind.NotLive) is null ? Reply.Text(200, "ok\n") : Reply.Text(503, "fault not-live is set\n"),
        "/ready" when _draining => Reply.Text(503, "draining\n"),
        "/ready" => faults.Get(FaultKind.NotReady) is null ? Reply.Text(200, "ready\n") : Reply.Text(503, "fault not-ready is set\n"),
        "/healthz/db" when service.CheckDatabase is { } check => await check(cancel),
        "/metrics" => Reply.Text(200, metrics.Page(), ExpositionWriter.ContentType),
        _ => null,
    };

    private async Task ServeAsync(HttpContext http, string path)
    {
        var began = time.GetTimestamp();
        var trace = TraceContext.Continue(http.Request.Headers["traceparent"], http.Request.Headers["tracestate"]);
        metrics.Begin();
        var (route, argument, refusal) = FindRoute(http.Request.Method, path);
        var label = route?.Path ?? "other";
        var status = ClientClosedRequest;
        try
        {
            var reply = refusal ?? await FaultAsync(http) ?? await route!.Handle(new Call(http, argument, trace, http.RequestAborted));
            await reply.WriteToAsync(http);
            status = reply.Status;
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer. It is counted under 499, as proxies do.
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            log.Error("request_failed", $"A bug: {problem.GetType().Name}: {problem.Message}", trace);
            await Reply.Problem(500, "internal_error", $"The {settings.Service} service has a bug. Its log has the line with trace {trace.TraceId}.").WriteToAsync(http);
            status = 500;
        }
        finally
        {
            var elapsed = time.GetElapsedTime(began);
            // An unknown method is any text that a client likes; as a label it would grow without end.
            metrics.End(label, route?.Method ?? "other", status, elapsed);
            Report(http, label, status, elapsed, trace);
        }
    }

    private void Report(HttpContext http, string route, int status, TimeSpan elapsed, TraceContext trace)
    {
        LogField[] fields = [("method", http.Request.Method), ("route", route), ("status", status), ("duration_ms", Math.Round(elapsed.TotalMilliseconds, 3))];
        var message = $"{http.Request.Method} {route} {status}";
        if (status >= 500)
        {
            log.Error("request_completed", message, trace, fields);
        }
        else
        {
            log.Info("request_completed", message, trace, fields);
        }
    }

    private (Route? Route, string Argument, Reply? Refusal) FindRoute(string method, string path)
    {
        List<string>? allowed = null;
        foreach (var route in service.Routes)
        {
            if (route.Match(path) is not { } argument)
            {
                continue;
            }

            if (route.Method == method)
            {
                return (route, argument, null);
            }

            (allowed ??= []).Add(route.Method);
        }

        if (allowed is null)
        {
            var known = string.Join(", ", service.Routes.Select(r => $"{r.Method} {r.Path}"));
            return (null, "", Reply.Problem(404, "not_found", $"There is nothing at this path. The {settings.Service} service has: {known}."));
        }

        var allow = string.Join(", ", allowed);
        return (null, "", Reply.Problem(405, "method_not_allowed", $"This path takes {allow}.") with { Allow = allow });
    }

    private async Task<Reply?> FaultAsync(HttpContext http)
    {
        if (faults.Hit(FaultKind.Latency) is { } latency)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(latency.Request.DelayMs ?? DefaultDelayMs), time, http.RequestAborted);
        }

        if (settings.Variant == Variant.Slow)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Variant.SlowDelayMs), time, http.RequestAborted);
        }

        if (faults.Hit(FaultKind.Hang) is { } hang)
        {
            var left = hang.ExpiresAt - time.GetUtcNow();
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, http.RequestAborted);
        }

        if (faults.Hit(FaultKind.Errors) is { } errors)
        {
            return Reply.Problem(errors.Request.Status ?? 500, "fault", "The fault \"errors\" is set on this pod.");
        }

        return settings.Variant == Variant.Errors && Interlocked.Increment(ref _served) % Variant.ErrorEvery == 0
            ? Reply.Problem(500, "bad_version", $"Version {settings.Version} fails one request in {Variant.ErrorEvery}.")
            : null;
    }
}

/// <summary>Behaviours that belong to an image rather than to a moment: what a canary should find.</summary>
internal static class Variant
{
    public const string None = "none";
    public const string Slow = "slow";
    public const string Errors = "errors";
    public const int SlowDelayMs = 300;
    public const int ErrorEvery = 20;

    public static readonly IReadOnlyList<string> All = [None, Slow, Errors];
}
