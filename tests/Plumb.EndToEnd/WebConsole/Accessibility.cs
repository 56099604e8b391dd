using Microsoft.Playwright;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>Checks a page as it stands: no axe-core violation, and nothing to scroll sideways. Keeps its picture for people to look at.</summary>
internal static class Accessibility
{
    internal static async Task CheckAsync(IPage page, string name)
    {
        await Pictures.TakeAsync(page, name);
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{name} scrolls sideways");
        Assert.Empty(await ViolationsAsync(page));
    }

    internal static async Task<string[]> ViolationsAsync(IPage page)
    {
        await page.EvaluateAsync(await File.ReadAllTextAsync(Axe(), TestContext.Current.CancellationToken));
        return await page.EvaluateAsync<string[]>("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | ')))");
    }

    /// <summary>axe-core is a development package of web/.</summary>
    private static string Axe()
    {
        var file = Path.Combine(Repository.Root, "web", "node_modules", "axe-core", "axe.min.js");
        Assert.True(File.Exists(file), "The accessibility tests need axe-core: npm ci in web/");
        return file;
    }
}
