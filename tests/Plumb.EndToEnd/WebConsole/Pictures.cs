using Microsoft.Playwright;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>Pictures for people who look at them: kept only when PLUMB_SCREENSHOTS names a folder.</summary>
internal static class Pictures
{
    internal static async Task TakeAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("PLUMB_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
        }
    }
}
