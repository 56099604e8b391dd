using Microsoft.Playwright;
using Plumb.Cli.WebConsole;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The way of a person through an experiment: plan, consent, progress, result.</summary>
public sealed class ExperimentPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Nothing_is_done_before_the_plan_was_shown_and_confirmed()
    {
        var desk = new ScriptedDesk();
        await using var console = await OpenAsync(desk);
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await Expect(console.Page.GetByRole(AriaRole.Heading, new() { Name = "Plan: Kill a ledger pod" })).ToBeFocusedAsync();
        await Expect(console.Page.GetByText("half of the capacity for a few seconds")).ToBeVisibleAsync();
        await Expect(console.Page.GetByText("None needed: its ReplicaSet makes a new one.")).ToBeVisibleAsync();
        await Expect(console.Page.GetByRole(AriaRole.Button, new() { Name = "Run it", Exact = true })).ToBeDisabledAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Do not run it" }).ClickAsync();
        Assert.Equal(0, desk.Runs);
    }

    [Fact]
    public async Task A_confirmed_run_shows_its_progress_and_then_what_it_found()
    {
        var desk = new ScriptedDesk();
        await using var console = await OpenAsync(desk);
        await ConfirmAsync(console.Page);
        await Expect(console.Page.GetByText("Deleted pod payments/")).ToBeVisibleAsync();
        await Expect(console.Page.GetByRole(AriaRole.Button, new() { Name = "Show the plan" })).ToBeDisabledAsync();
        // A page that is opened in the middle shows the same run.
        await console.Page.ReloadAsync();
        await Expect(console.Page.GetByText("Deleted pod payments/")).ToBeVisibleAsync();
        desk.GoOn();
        await Expect(console.Page.GetByRole(AriaRole.Heading, new() { Name = "Result: Kill a ledger pod" })).ToBeVisibleAsync();
        await Expect(console.Page.GetByText("412 ms ± 11 ms")).ToBeVisibleAsync();
        await Expect(console.Page.GetByText("One run is one sample: the next may differ.")).ToBeVisibleAsync();
        Assert.Equal(1, desk.Runs);
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task A_running_experiment_can_be_stopped_and_says_so()
    {
        var desk = new ScriptedDesk();
        await using var console = await OpenAsync(desk);
        await ConfirmAsync(console.Page);
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Stop and undo" }).ClickAsync();
        await Expect(console.Page.Locator(".verdict")).ToContainTextAsync("Stopped before the end.");
        await Expect(console.Page.GetByText("not measured")).ToBeVisibleAsync();
        Assert.True(desk.WasCancelled);
    }

    [Fact]
    public async Task A_console_that_stops_undoes_the_run_first()
    {
        var desk = new ScriptedDesk();
        var console = await OpenAsync(desk);
        await ConfirmAsync(console.Page);
        await Expect(console.Page.GetByText("Deleted pod payments/")).ToBeVisibleAsync();
        await console.DisposeAsync();
        Assert.True(desk.WasCancelled);
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task Plan_run_and_result_fit_their_width_and_have_no_accessibility_violation(int width, bool dark)
    {
        var desk = new ScriptedDesk();
        await using var console = await OpenAsync(desk, width, dark);
        var look = $"{width}-{(dark ? "dark" : "light")}";
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await Expect(console.Page.GetByRole(AriaRole.Heading, new() { Name = "Plan: Kill a ledger pod" })).ToBeVisibleAsync();
        await Accessibility.CheckAsync(console.Page, "plan-" + look);
        await console.Page.GetByRole(AriaRole.Checkbox).CheckAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Run it", Exact = true }).ClickAsync();
        await Expect(console.Page.GetByText("Deleted pod payments/")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(console.Page, "run-" + look);
        desk.GoOn();
        await Expect(console.Page.GetByText("412 ms ± 11 ms")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(console.Page, "result-" + look);
    }

    private static async Task ConfirmAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the plan" }).ClickAsync();
        await page.GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it", Exact = true }).ClickAsync();
    }

    private Task<OpenConsole> OpenAsync(ScriptedDesk desk, int width = 1280, bool dark = false) =>
        OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy(), Experiments = desk }, width, dark, "/experiments");
}
