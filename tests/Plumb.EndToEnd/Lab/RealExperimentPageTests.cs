using Microsoft.Playwright;
using Plumb.EndToEnd.WebConsole;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.Lab;

/// <summary>The console of a running lab, in a real browser: the experiment that a person starts there deletes a real pod.</summary>
public sealed class RealExperimentPageTests(Chromium chromium, LabOfTheProgram lab) : IClassFixture<Chromium>
{
    [Fact]
    public async Task A_pod_is_killed_from_the_console_and_the_result_is_what_the_command_line_stores()
    {
        var state = await lab.StateAsync();
        var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(30_000);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.PageError += (_, error) => complaints.Add(error);

        await page.GotoAsync(state.Console!.ToString());
        await Expect(page.GetByText("ledger-").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Experiments" }).ClickAsync();
        await page.GetByRole(AriaRole.Listitem).Filter(new() { HasText = "Delete one ledger pod" }).GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Plan: Delete one ledger pod" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it", Exact = true }).ClickAsync();
        var result = page.GetByRole(AriaRole.Heading, new() { Name = "Result: Delete one ledger pod" });
        await Expect(result).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await Pictures.TakeAsync(page, "real-experiment-1280");

        await Expect(page.Locator(".verdict")).ToContainTextAsync("downtime");
        Assert.Empty(complaints);
        Assert.NotEmpty(Directory.GetFiles(lab.Home.File("evidence"), "*-kill-pod.json"));
        await context.CloseAsync();
    }
}
