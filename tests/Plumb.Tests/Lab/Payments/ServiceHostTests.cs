using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Plumb.Lab.Payments.Hosting;
using Plumb.Lab.Payments.Services;
using Xunit;

namespace Plumb.Tests.Lab.Payments;

public sealed class ServiceHostTests
{
    private const string Token = "a-token-of-the-lab-only";
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_known_token_is_accepted_and_an_unknown_or_missing_one_is_refused()
    {
        await using var auth = Auth();
        var url = new Uri(await auth.UrlAsync(), "/check");

        Assert.Equal(HttpStatusCode.Unauthorized, (await auth.Client.GetAsync(url, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(auth, url, "another-token-entirely")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(auth, url, Token)).StatusCode);
    }

    [Fact]
    public async Task The_trace_of_the_caller_stands_in_the_log_and_the_request_in_the_metrics()
    {
        await using var auth = Auth();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(await auth.UrlAsync(), "/check"));
        request.Headers.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        await auth.Client.SendAsync(request, Cancel);

        var line = await auth.LoggedAsync("request_completed");
        var metrics = await auth.Client.GetStringAsync(new Uri(await auth.UrlAsync(), "/metrics"), Cancel);

        Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4736", line.GetProperty("trace_id").GetString());
        Assert.Equal("00f067aa0ba902b7", line.GetProperty("parent_span_id").GetString());
        Assert.Equal(401, line.GetProperty("status").GetInt32());
        Assert.Contains("""http_requests_total{service="test",route="/check",method="GET",code="401"} 1""", metrics, StringComparison.Ordinal);
        Assert.Contains("""http_requests_total{service="test",route="/check",method="GET",code="500"} 0""", metrics, StringComparison.Ordinal);
        Assert.Contains("""http_request_duration_seconds_count{service="test",route="/check",method="GET"} 1""", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_path_is_404_and_a_wrong_method_405_with_what_is_allowed()
    {
        await using var auth = Auth();
        var url = await auth.UrlAsync();

        using var unknown = await auth.Client.GetAsync(new Uri(url, "/nothing/4711"), Cancel);
        using var wrong = await auth.Client.DeleteAsync(new Uri(url, "/check"), Cancel);

        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, wrong.StatusCode);
        Assert.Equal("GET", wrong.Content.Headers.Allow.Single());
        // Paths and methods that clients invent do not become label values.
        Assert.DoesNotContain("4711", await auth.Client.GetStringAsync(new Uri(url, "/metrics"), Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_are_set_on_the_admin_port_only_and_change_readiness_without_liveness()
    {
        await using var auth = Auth();
        var url = await auth.UrlAsync();
        var admin = await auth.UrlAsync(admin: true);

        using var refused = await PutAsync(auth, new Uri(url, "/faults/not-ready"), "{}");
        using var set = await PutAsync(auth, new Uri(admin, "/faults/not-ready"), """{"durationSeconds":60}""");
        using var ready = await auth.Client.GetAsync(new Uri(url, "/ready"), Cancel);
        using var live = await auth.Client.GetAsync(new Uri(url, "/healthz"), Cancel);
        using var cleared = await auth.Client.DeleteAsync(new Uri(admin, "/faults"), Cancel);
        using var again = await auth.Client.GetAsync(new Uri(url, "/ready"), Cancel);

        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.OK, cleared.StatusCode);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Theory]
    [InlineData("/faults/earthquake", "{}", 404)]
    [InlineData("/faults/latency", "{\"delayMs\":0}", 400)]
    [InlineData("/faults/latency", "{\"delay\":5}", 400)]
    [InlineData("/faults/latency", "[", 400)]
    public async Task A_fault_that_makes_no_sense_is_refused_with_a_reason(string path, string body, int status)
    {
        await using var auth = Auth();
        using var reply = await PutAsync(auth, new Uri(await auth.UrlAsync(admin: true), path), body);

        Assert.Equal(status, (int)reply.StatusCode);
        var problem = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("error");
        Assert.NotEmpty(problem.GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task A_request_in_flight_is_answered_after_the_process_is_told_to_stop()
    {
        var arrived = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var service = new RunningService((_, _) => new HeldService(arrived, release));
        var pending = service.Client.GetAsync(new Uri(await service.UrlAsync(), "/held"), Cancel);
        await arrived.Task;

        service.Stop();
        await service.LoggedAsync("drain_started");
        release.SetResult();

        using var reply = await pending;
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal(0, await service.Ended);
    }

    [Fact]
    public async Task While_draining_it_is_unready_yet_serves_and_asks_clients_to_reconnect()
    {
        var release = new TaskCompletionSource();
        release.SetResult();
        await using var service = new RunningService((_, _) => new HeldService(new TaskCompletionSource(), release), drainMs: 2000);
        var url = await service.UrlAsync();

        service.Stop();
        await service.LoggedAsync("drain_started");
        using var ready = await service.Client.GetAsync(new Uri(url, "/ready"), Cancel);
        using var served = await service.Client.GetAsync(new Uri(url, "/held"), Cancel);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.True(served.Headers.ConnectionClose);
    }

    private static RunningService Auth() => new((log, _) => new AuthService([("lab", Token)], log));

    private static async Task<HttpResponseMessage> SendAsync(RunningService service, Uri url, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await service.Client.SendAsync(request, Cancel);
    }

    private static Task<HttpResponseMessage> PutAsync(RunningService service, Uri url, string json) =>
        service.Client.PutAsync(url, new StringContent(json, Encoding.UTF8, "application/json"), Cancel);

    /// <summary>Answers only when it is let.</summary>
    private sealed class HeldService(TaskCompletionSource arrived, TaskCompletionSource release) : IService
    {
        public IReadOnlyList<Route> Routes =>
        [
            new Route("GET", "/held", async _ =>
            {
                arrived.TrySetResult();
                await release.Task;
                return Reply.Text(200, "done");
            }),
        ];

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
