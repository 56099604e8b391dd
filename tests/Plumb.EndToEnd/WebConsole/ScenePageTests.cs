using Microsoft.Playwright;
using Plumb.Cli.WebConsole;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>A scene of the lab broken and repaired by a person at the page; the command line sees and repairs the same.</summary>
public sealed class ScenePageTests(Chromium chromium) : IClassFixture<Chromium>, IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("plumb-scene-page-");

    private string Bill => Path.Combine(_home.FullName, "aws", "billing", "cost-spike.csv");

    public void Dispose() => _home.Delete(recursive: true);

    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task A_scene_is_broken_and_repaired_only_after_its_plan_was_shown_and_confirmed(int width, bool dark)
    {
        await using var console = await OpenAsync(width, dark);
        var (page, look) = (console.Page, $"{width}-{(dark ? "dark" : "light")}");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "open-port" })).ToBeVisibleAsync();
        await Accessibility.CheckAsync(page, "scenes-" + look);

        await page.GetByRole(AriaRole.Button, new() { Name = "Show the plan that breaks cost-spike" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Plan: break cost-spike" })).ToBeFocusedAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Break it" })).ToBeDisabledAsync();
        await Accessibility.CheckAsync(page, "scene-plan-" + look);
        await page.GetByRole(AriaRole.Button, new() { Name = "Do not" }).ClickAsync();
        Assert.False(File.Exists(Bill));

        await page.GetByRole(AriaRole.Button, new() { Name = "Show the plan that breaks cost-spike" }).ClickAsync();
        await ConfirmAsync(page, "Break it");
        await Expect(page.GetByText("cost-spike is broken now.")).ToBeVisibleAsync();
        Assert.True(File.Exists(Bill));

        await page.GetByRole(AriaRole.Button, new() { Name = "Show the plan that repairs cost-spike" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Plan: repair cost-spike" })).ToBeFocusedAsync();
        Assert.True(File.Exists(Bill));
        await ConfirmAsync(page, "Repair it");
        await Expect(page.GetByText("cost-spike is repaired.")).ToBeVisibleAsync();
        Assert.False(File.Exists(Bill));
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task What_the_page_broke_the_command_line_repairs_while_the_console_goes_on_and_the_page_hears_of_it()
    {
        await using var console = await OpenAsync(1280, false);
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Show the plan that breaks cost-spike" }).ClickAsync();
        await ConfirmAsync(console.Page, "Break it");
        await Expect(console.Page.GetByText("cost-spike is broken now.")).ToBeVisibleAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Show the plan that repairs cost-spike" }).ClickAsync();

        var reset = await BuiltProgram.RunAsync(new ProcessRequest(Path.Combine(AppContext.BaseDirectory, "Plumb.Cli"), ["lab", "reset"], TimeSpan.FromMinutes(1), Environment: new Dictionary<string, string?> { ["PLUMB_HOME"] = _home.FullName }));
        Assert.Equal((0, "cost-spike: repaired"), (reset.ExitCode, reset.Output.Trim()));
        Assert.False(File.Exists(Bill));

        // The plan on the page is about a scene that is whole again.
        await ConfirmAsync(console.Page, "Repair it");
        await Expect(console.Page.GetByText("That plan is not the current one.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_scene_that_needs_a_running_lab_says_so_and_breaks_nothing()
    {
        await using var console = await OpenAsync(1280, false);
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Show the plan that breaks open-port" }).ClickAsync();
        await ConfirmAsync(console.Page, "Break it");
        await Expect(console.Page.GetByText("needs a running lab")).ToBeVisibleAsync();
        await Expect(console.Page.GetByText("broken for")).ToHaveCountAsync(0);
    }

    private static async Task ConfirmAsync(IPage page, string button)
    {
        await page.GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();
    }

    private Task<OpenConsole> OpenAsync(int width, bool dark)
    {
        var home = new PlumbHome(_home.FullName);
        return OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy(), Home = home, Scenes = new SceneDesk(home, TimeProvider.System) }, width, dark, "/scenes");
    }
}
