using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Plumb.EndToEnd.WebConsole;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.Lab;

/// <summary>The pages of the checks in the console of a running lab, looked at in a real browser.</summary>
public sealed partial class CheckPagesTests(Chromium chromium, LabOfTheProgram lab) : IClassFixture<Chromium>
{
    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task The_last_report_of_cost_is_shown_with_its_finding_and_its_charts(int width, bool dark)
    {
        await lab.StateAsync();
        Assert.Equal(1, (await lab.ShellAsync("./plumb cost --sample --changes lab")).ExitCode);
        await using var open = await LabPage.OpenAsync(lab, chromium, "cost", width, dark);

        await Expect(open.Page.GetByRole(AriaRole.Heading, new() { Name = "critical: Amazon EC2" })).ToBeVisibleAsync();
        await Expect(open.Page.GetByRole(AriaRole.Img).First).ToBeVisibleAsync();
        await Expect(open.Page.GetByText("that the lab's rollouts would tell")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(open.Page, $"cost-{width}-{(dark ? "dark" : "light")}");
        Assert.Empty(open.Complaints);
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task A_request_of_the_lab_is_a_waterfall_through_its_services(int width, bool dark)
    {
        await lab.StateAsync();
        var logged = await lab.ShellAsync("kubectl --kubeconfig $(./plumb kubeconfig) logs -n payments deployment/notification --tail=20");
        var id = TraceId().Match(logged.Output).Groups["id"].Value;
        Assert.NotEqual("", id);
        await using var open = await LabPage.OpenAsync(lab, chromium, "logs", width, dark);
        await Expect(open.Page.Locator(".verdict").First).ToBeVisibleAsync();

        await open.Page.GetByLabel("Trace id").FillAsync(id);
        await open.Page.Keyboard.PressAsync("Enter");

        await Expect(open.Page.GetByRole(AriaRole.Heading, new() { Name = id })).ToBeVisibleAsync();
        foreach (var service in (string[])["gateway", "auth", "ledger", "notification"])
        {
            await Expect(open.Page.Locator(".waterfall .who").Filter(new() { HasText = service }).First).ToBeVisibleAsync();
        }
        await Accessibility.CheckAsync(open.Page, $"logs-{width}-{(dark ? "dark" : "light")}");
        Assert.Empty(open.Complaints);
    }

    [GeneratedRegex("\"trace_id\":\"(?<id>[0-9a-f]{32})\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TraceId();
}
