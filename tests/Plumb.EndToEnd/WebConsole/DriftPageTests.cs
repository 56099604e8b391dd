using Microsoft.Playwright;
using Plumb.Cli.WebConsole;
using Plumb.EndToEnd.Drift;
using Plumb.Platform.Storage;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The page of drift over a report that the program made of a real change.</summary>
public sealed class DriftPageTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task Before_the_first_run_the_page_says_how_to_make_one()
    {
        var home = Directory.CreateTempSubdirectory("plumb-drift-page-");
        try
        {
            await using var console = await OpenAsync(home.FullName);
            await Expect(console.Page.GetByText("No run yet.")).ToBeVisibleAsync();
            Assert.Empty(console.Complaints);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task What_is_open_stands_first_and_the_page_fits_its_width_and_has_no_accessibility_violation(int width, bool dark)
    {
        await using var account = await DriftAccount.StartAsync();
        await account.ShellAsync("aws ec2 authorize-security-group-ingress --group-id sg-0a1b2c3d4e5f6a7b8 --protocol tcp --port 22 --cidr 0.0.0.0/0\naws ec2 create-security-group --group-name invisible --description 'by hand' --vpc-id vpc-0a1b2c3d4e5f60718");
        Assert.Equal(1, (await account.DriftAsync(account.States)).ExitCode);
        await using var console = await OpenAsync(Path.Combine(account.Home, "home"), width, dark);
        await Expect(console.Page.Locator(".exposure tbody tr").First).ToContainTextAsync("22/tcp");
        await Expect(console.Page.Locator(".exposure tbody tr").First).ToContainTextAsync("4,294,967,296");
        await Expect(console.Page.Locator(".card").First).ToContainTextAsync("was added outside Terraform");
        await console.Page.GetByText("Both ways out").First.ClickAsync();
        await Expect(console.Page.GetByText("aws ec2 revoke-security-group-ingress")).ToBeVisibleAsync();
        await Accessibility.CheckAsync(console.Page, $"drift-{width}-{(dark ? "dark" : "light")}");
        Assert.Empty(console.Complaints);
    }

    private Task<OpenConsole> OpenAsync(string home, int width = 1280, bool dark = false) =>
        OpenConsole.OpenAsync(chromium.Browser, new ConsoleOptions { Feed = PaymentsFeed.Healthy(), Home = new PlumbHome(home) }, width, dark, "/drift");
}
