using System.Globalization;
using Microsoft.AspNetCore.Http;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>Every address of the console.</summary>
internal sealed class Routes(ConsoleOptions options, Gate gate, LiveHub hub, RunDesk? desk, CancellationToken serverStops)
{
    private const int DefaultMinutes = 15;
    private const int MaxMinutes = 180;
    private const string OneScene = "/api/scenes/";
    private const string OneRecording = "/api/recordings/";
    private const string OneTrace = "/api/logs/trace/";

    private readonly NavItem[] _nav = Navigation.Of(Program.Contents, page => page switch
    {
        "experiments" => desk is not null,
        "scenes" => options.Scenes is not null,
        "recordings" => options.Recordings is not null,
        "logs" => options.Logs is not null,
        "cost" or "drift" => options.Home is not null,
        _ => true,
    });

    internal async Task HandleAsync(HttpContext context)
    {
        Gate.Harden(context.Response.Headers);
        if (context.Request.Query["token"] is [{ } token] && Gate.IsOurHost(context.Request.Host) && gate.IsToken(token))
        {
            gate.GiveCookie(context.Response, token);
            // To a clean address: the token stays out of the history, of screenshots and of what is copied from the address bar.
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = PageOf(context.Request.Path) is { } page && page != "overview" ? "/" + page : "/";
            return;
        }

        if (gate.Refuse(context.Request) is { } refused)
        {
            context.Response.StatusCode = refused.Status;
            await (context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
                ? Answer.WriteAsync(context, refused.Problem)
                : Pages.SendNoticeAsync(context.Response, refused.Problem, context.RequestAborted));
            return;
        }

        await RouteAsync(context);
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        var get = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        return (get, path) switch
        {
            (true, "/api/stream") => new EventStream(hub, _nav, options.Traffic is not null, options.Time).SendAsync(context, serverStops),
            (true, "/api/traffic") => TrafficAsync(context),
            (true, "/api/cost") when options.Home is { } home => LastReports.SendAsync(context, home, LastReports.Cost),
            (true, "/api/logs/traces") when options.Logs is { } logs => logs.TracesAsync(context),
            (true, _) when options.Logs is { } logs && path.StartsWith(OneTrace, StringComparison.Ordinal) => logs.TraceAsync(context, Uri.UnescapeDataString(path[OneTrace.Length..])),
            (true, "/api/drift") when options.Home is { } home => LastReports.SendAsync(context, home, LastReports.Drift),
            (true, "/api/recordings") when options.Recordings is { } recordings => recordings.ListAsync(context),
            (true, _) when options.Recordings is { } recordings && path.StartsWith(OneRecording, StringComparison.Ordinal) => recordings.ShowAsync(context, path[OneRecording.Length..]),
            (true, "/api/scenes") when options.Scenes is { } scenes => scenes.ListAsync(context),
            (false, _) when options.Scenes is { } scenes && HttpMethods.IsPost(context.Request.Method) && path.StartsWith(OneScene, StringComparison.Ordinal) => scenes.HandleAsync(context, path[OneScene.Length..]),
            (true, "/api/experiments") when desk is not null => Answer.WriteAsync(context, new ExperimentList(desk.Catalogue), ConsoleJson.Default.ExperimentList),
            (false, _) when desk is not null && HttpMethods.IsPost(context.Request.Method) && path.StartsWith("/api/experiments/", StringComparison.Ordinal)
                => desk.HandleAsync(context, path["/api/experiments/".Length..]),
            (true, _) when !path.StartsWith("/api/", StringComparison.Ordinal) => PageAsync(context, path),
            _ => NotFoundAsync(context),
        };
    }

    private async Task TrafficAsync(HttpContext context)
    {
        if (options.Traffic is not { } traffic)
        {
            await NotFoundAsync(context);
            return;
        }

        var minutes = int.TryParse(context.Request.Query["minutes"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, MaxMinutes) : DefaultMinutes;
        await Answer.WriteAsync(context, await traffic.ReadAsync(minutes, context.RequestAborted), ConsoleJson.Default.TrafficView);
    }

    private async Task PageAsync(HttpContext context, string path)
    {
        if (!Pages.Built)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await Pages.SendNoticeAsync(context.Response, new("The console's pages are missing.", Pages.NotBuilt), context.RequestAborted);
            return;
        }

        var name = PageOf(path) is null ? path.TrimStart('/') : "index.html";
        if (!await Pages.SendAsync(context.Response, name, context.RequestAborted))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await Pages.SendNoticeAsync(context.Response, new("There is no such page", "Go to / for the overview."), context.RequestAborted);
        }
    }

    private string? PageOf(string? path) => path is null or "" or "/" ? "overview" : _nav.FirstOrDefault(n => "/" + n.Id == path)?.Id;

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Answer.WriteAsync(context, new Problem("There is no such thing here", "Reload the page: the program may be newer than the page."));
    }
}
