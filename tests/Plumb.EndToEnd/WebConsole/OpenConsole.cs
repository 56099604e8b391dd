using Microsoft.Playwright;
using Plumb.Cli.WebConsole;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>A console and a page that looks at it. What the browser complains about, and every request that leaves this console, is kept.</summary>
internal sealed class OpenConsole : IAsyncDisposable
{
    private OpenConsole(ConsoleServer server, IBrowserContext context, IPage page) => (Server, Context, Page) = (server, context, page);

    internal ConsoleServer Server { get; }

    internal IBrowserContext Context { get; }

    internal IPage Page { get; }

    internal List<string> Complaints { get; } = [];

    internal static async Task<OpenConsole> OpenAsync(IBrowser browser, ConsoleOptions options, int width = 1280, bool dark = false, string path = "")
    {
        var start = await ConsoleServer.StartAsync(options with { Port = 0 }, TestContext.Current.CancellationToken);
        Assert.NotNull(start.Server);
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 800 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(20_000);
        var open = new OpenConsole(start.Server, context, await context.NewPageAsync());
        open.Page.Console += (_, message) => open.Note(message.Type is "error" or "warning", message.Text);
        open.Page.PageError += (_, error) => open.Note(true, error);
        open.Page.Request += (_, request) => open.Note(new Uri(request.Url).Authority != start.Server.Url.Authority, "asked elsewhere: " + request.Url);
        await open.Page.GotoAsync(path == "" ? start.Server.Url.ToString() : start.Server.Url.ToString().Replace("/?", path + "?", StringComparison.Ordinal));
        return open;
    }

    public async ValueTask DisposeAsync()
    {
        await Context.CloseAsync();
        await Server.DisposeAsync();
    }

    private void Note(bool bad, string text)
    {
        if (bad)
        {
            Complaints.Add(text);
        }
    }
}
