using Microsoft.Playwright;
using Plumb.Cli.WebConsole;
using Plumb.Tests.Cli.WebConsole;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The pages in a real browser, with a cluster that does what the test says.</summary>
public sealed class ConsolePageTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task The_token_goes_into_a_cookie_and_out_of_the_address()
    {
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy() });
        await Expect(console.Page).ToHaveURLAsync($"http://{console.Server.Url.Authority}/");
        var cookie = Assert.Single(await console.Context.CookiesAsync());
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Strict, cookie.SameSite);
        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task A_pod_that_changes_changes_on_the_page_without_a_reload()
    {
        var feed = PaymentsFeed.Healthy();
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = feed });
        var row = Row(console, PaymentsFeed.Ledger);
        await Expect(row).ToContainTextAsync("Running");
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod(PaymentsFeed.Ledger, "node2", waiting: "CrashLoopBackOff", restarts: 3));
        await Expect(row).ToContainTextAsync("CrashLoopBackOff");
        await Expect(row).ToContainTextAsync("0/1");
        feed.Remove(FeedKind.Pods, ScriptedFeed.Pod(PaymentsFeed.Ledger, "node2"));
        await Expect(row).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_lost_cluster_is_said_in_a_banner_and_the_data_is_marked_as_old_until_it_is_back()
    {
        var feed = PaymentsFeed.Healthy();
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = feed });
        await Expect(console.Page.GetByText("Live", new() { Exact = false }).First).ToBeVisibleAsync();
        feed.Lose(FeedKind.Pods, "connection refused");
        var banner = console.Page.GetByRole(AriaRole.Alert);
        await Expect(banner).ToContainTextAsync("The cluster cannot be read. Showing the state of");
        await Expect(banner).ToContainTextAsync("connection refused");
        await Expect(console.Page.Locator("main")).ToHaveClassAsync("stale");
        feed.Regain(FeedKind.Pods);
        await Expect(banner).ToHaveTextAsync("");
        await Expect(console.Page.Locator("main")).Not.ToHaveClassAsync("stale");
    }

    [Fact]
    public async Task A_stopped_console_is_said_on_the_page_and_never_shown_as_live()
    {
        var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy() });
        await Expect(Row(console, PaymentsFeed.Ledger)).ToBeVisibleAsync();
        await console.Server.DisposeAsync();
        await Expect(console.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Showing the state of");
        await Expect(console.Page.Locator(".link")).ToContainTextAsync("Not live");
        await console.Context.CloseAsync();
    }

    [Fact]
    public async Task A_known_reason_is_a_sentence_and_an_unknown_one_is_shown_as_it_came()
    {
        var feed = PaymentsFeed.Troubled();
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = feed }, path: "/events");
        var known = console.Page.GetByText("No node has enough free CPU for batch-5c9f7-zz2xk.");
        await known.ClickAsync();
        await Expect(console.Page.GetByText("The pod stays Pending and serves nothing. Requests count here, not actual use.")).ToBeVisibleAsync();
        await Expect(console.Page.GetByText("FlurbHappened: the flurb is 7")).ToBeVisibleAsync();
        await console.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Only warnings" }).CheckAsync();
        await Expect(console.Page.GetByText("FlurbHappened: the flurb is 7")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_pages_are_reached_with_the_keyboard_and_the_focus_follows()
    {
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy() });
        await Expect(Row(console, PaymentsFeed.Ledger)).ToBeVisibleAsync();
        await console.Page.Keyboard.PressAsync("Tab");
        await Expect(console.Page.GetByText("Skip to content")).ToBeFocusedAsync();
        await console.Page.Keyboard.PressAsync("Tab");
        await console.Page.Keyboard.PressAsync("Tab");
        await console.Page.Keyboard.PressAsync("Enter");
        await Expect(console.Page.GetByRole(AriaRole.Heading, new() { Name = "Events", Level = 1 })).ToBeFocusedAsync();
        await Expect(console.Page).ToHaveURLAsync($"http://{console.Server.Url.Authority}/events");
        await console.Page.GoBackAsync();
        await Expect(Row(console, PaymentsFeed.Ledger)).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task Every_page_fits_its_width_and_has_no_accessibility_violation(int width, bool dark)
    {
        await using var console = await OpenConsole.OpenAsync(
            chromium.Browser,
            new ConsoleOptions { Feed = PaymentsFeed.Troubled(), Traffic = new GappyTraffic() },
            width,
            dark);
        foreach (var page in new[] { "Overview", "Events" })
        {
            await console.Page.GetByRole(AriaRole.Link, new() { Name = page }).ClickAsync();
            await Expect(console.Page.Locator(".pods tbody tr, .events tbody tr").First).ToBeVisibleAsync();
            await Expect(console.Page.Locator("canvas")).ToHaveCountAsync(page == "Overview" ? 3 : 0);
            await Accessibility.CheckAsync(console.Page, $"{page}-{width}-{(dark ? "dark" : "light")}");
        }

        Assert.Empty(console.Complaints);
    }

    [Fact]
    public async Task The_accessibility_check_does_find_violations()
    {
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy() });
        await Expect(Row(console, PaymentsFeed.Ledger)).ToBeVisibleAsync();
        await console.Page.EvaluateAsync("document.querySelector('main').append(document.createElement('img'), document.createElement('button'))");
        var violations = await Accessibility.ViolationsAsync(console.Page);
        Assert.Contains(violations, v => v.StartsWith("image-alt", StringComparison.Ordinal));
        Assert.Contains(violations, v => v.StartsWith("button-name", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_theme_is_the_systems_until_a_person_chooses_and_the_choice_stays()
    {
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy() }, dark: true);
        const string Background = "getComputedStyle(document.body).backgroundColor";
        var dark = await console.Page.EvaluateAsync<string>(Background);
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Theme: as the system" }).ClickAsync();
        await Expect(console.Page.GetByRole(AriaRole.Button, new() { Name = "Theme: light" })).ToBeFocusedAsync();
        Assert.NotEqual(dark, await console.Page.EvaluateAsync<string>(Background));
        await console.Page.ReloadAsync();
        await Expect(console.Page.GetByRole(AriaRole.Button, new() { Name = "Theme: light" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_gap_in_the_data_is_told_as_a_gap_in_words_and_in_the_table()
    {
        await using var console = await OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy(), Traffic = new GappyTraffic() });
        var chart = console.Page.GetByRole(AriaRole.Figure).Filter(new() { HasText = "Requests per second" });
        await Expect(chart).ToContainTextAsync("No data:");
        await chart.Locator("summary").ClickAsync();
        await Expect(chart.GetByRole(AriaRole.Table)).ToBeVisibleAsync();
    }

    private static ILocator Row(OpenConsole console, string pod) => console.Page.Locator("table.pods tbody tr").Filter(new() { HasText = pod });
}
