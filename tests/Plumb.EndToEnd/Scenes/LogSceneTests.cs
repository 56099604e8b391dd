using System.Net.Http.Headers;
using System.Text;
using Xunit;

namespace Plumb.EndToEnd.Scenes;

/// <summary>The one forgotten field, on the lab's own payments system.</summary>
[Collection<SceneLabCollection>]
public sealed class LogSceneTests(SceneLab lab)
{
    /// <summary>Longer than the queue of a busy machine needs; the test goes on as soon as the line is there.</summary>
    private const int MostLooks = 60;

    /// <summary>Every error has its id, or there was none.</summary>
    private static readonly int[] NothingLost = [0, 3];

    [Fact]
    public async Task A_service_that_loses_the_trace_id_is_found_with_the_line_that_loses_it_and_repaired_by_the_reset()
    {
        // What a service said while the lab was starting, before its database was there, is no matter of ids.
        string[] check = ["logs", "coverage", "--from", "lab", "--since", "10s"];
        var before = await lab.RunAsync(check);
        for (var look = 0; look < MostLooks && before.ExitCode == 1; look++)
        {
            await PayAsync();
            before = await lab.RunAsync(check);
        }
        Assert.Contains(before.ExitCode, NothingLost);
        await lab.PassesAsync("lab", "break", "trace-gap");
        var broken = await lab.RunAsync(check);
        for (var look = 0; look < MostLooks && broken.ExitCode != 1; look++)
        {
            await PayAsync();
            broken = await lab.RunAsync(check);
        }
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("notification loses the id here", broken.Output, StringComparison.Ordinal);
        Assert.Contains("Connection timeout to mail server", broken.Output, StringComparison.Ordinal);
        await lab.PassesAsync("lab", "reset", "trace-gap");
        Assert.Contains((await lab.RunAsync("logs", "coverage", "--from", "lab", "--since", "3s", "-l", "app=notification")).ExitCode, NothingLost);
    }

    private async Task PayAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(lab.State.Gateway!, "api/payments"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", lab.State.GatewayToken);
        request.Content = new StringContent("""{"amount":1250,"currency":"EUR","from":"account-001","to":"account-002"}""", Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
