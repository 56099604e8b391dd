using Microsoft.Playwright;
using Plumb.EndToEnd.WebConsole;

namespace Plumb.EndToEnd.Lab;

/// <summary>A page of the console that a running lab has.</summary>
internal sealed record LabPage(IBrowserContext Context, IPage Page, List<string> Complaints) : IAsyncDisposable
{
    public static async Task<LabPage> OpenAsync(LabOfTheProgram lab, Chromium chromium, string page, int width, bool dark)
    {
        var state = await lab.StateAsync();
        var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 800 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(30_000);
        var open = new LabPage(context, await context.NewPageAsync(), []);
        open.Page.PageError += (_, error) => open.Complaints.Add(error);
        await open.Page.GotoAsync(state.Console!.ToString().Replace("/?", $"/{page}?", StringComparison.Ordinal));
        return open;
    }

    public ValueTask DisposeAsync() => new(Context.CloseAsync());
}
