using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>The console's built files, which are embedded in the program under <c>web/</c>.</summary>
internal static class Pages
{
    internal const string NotBuilt = "The console's pages are not in this program. Build them with `npm ci && npm run build` in web/ (Node 18 or newer), then build the program again; ./plumb does both.";

    private static readonly Assembly Program = typeof(Pages).Assembly;

    internal static bool Built => Program.GetManifestResourceInfo("web/index.html") is not null;

    /// <summary>Sends a built file; false when there is none of that name.</summary>
    internal static async Task<bool> SendAsync(HttpResponse response, string name, CancellationToken cancellationToken)
    {
        // The names are fixed when the program is built, so a path can reach nothing else.
        await using var file = Program.GetManifestResourceStream("web/" + name);
        if (file is null)
        {
            return false;
        }

        response.ContentType = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        response.ContentLength = file.Length;
        await file.CopyToAsync(response.Body, cancellationToken);
        return true;
    }

    /// <summary>A page without script, for when the console itself cannot be shown.</summary>
    internal static async Task SendNoticeAsync(HttpResponse response, Problem problem, CancellationToken cancellationToken)
    {
        static string Text(string text) => System.Net.WebUtility.HtmlEncode(text);
        response.ContentType = "text/html; charset=utf-8";
        var html = $"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
            <title>Plumb console</title></head><body><main><h1>Plumb console</h1><p>{Text(problem.What)}</p><p>{Text(problem.Remedy ?? "")}</p></main></body></html>

            """;
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(html), cancellationToken);
    }
}
