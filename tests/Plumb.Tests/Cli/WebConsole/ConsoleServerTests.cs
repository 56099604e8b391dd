using System.Net;
using System.Text;
using System.Text.Json;
using Plumb.Cli.WebConsole;
using Xunit;

namespace Plumb.Tests.Cli.WebConsole;

/// <summary>The console's server over real HTTP on loopback: who gets in, and what the live stream says.</summary>
public sealed class ConsoleServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_token_nothing_is_told()
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var stranger = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = server.Url };
        foreach (var path in new[] { "/", "/api/stream", "/api/traffic", "/console.js", "/?token=wrong", "/api/experiments" })
        {
            using var answer = await stranger.GetAsync(path, Cancel);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task The_token_gives_a_cookie_and_a_clean_address_on_this_console_only()
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        using var answer = await browser.GetAsync(new Uri(server.Url.ToString().Replace("/?", "//evil.example/?", StringComparison.Ordinal)), Cancel);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Equal("/", answer.Headers.Location?.ToString());
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("plumb.attacker.example", 421)]
    [InlineData("plumb.attacker.example:80", 421)]
    [InlineData("127.0.0.1.nip.example", 421)]
    [InlineData("127.0.0.1", 404)]
    [InlineData("localhost:1234", 404)]
    public async Task A_name_that_is_not_an_address_of_ours_is_refused_even_with_the_cookie(string host, int status)
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/nothing") { Headers = { Host = host } };
        using var answer = await friend.SendAsync(request, Cancel);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("https://attacker.example")]
    public async Task A_write_that_does_not_come_from_our_own_page_is_refused(string? origin)
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/experiments/kill-pod/plan");
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        using var answer = await friend.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Another_site_cannot_make_the_browser_read_even_with_the_cookie()
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/stream") { Headers = { { "Sec-Fetch-Site", "same-site" } } };
        using var answer = await friend.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Every_answer_forbids_what_the_pages_do_not_need()
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        using var answer = await friend.GetAsync("/api/nothing", Cancel);
        Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task The_stream_begins_with_a_snapshot_and_goes_on_with_what_changes()
    {
        var feed = new ScriptedFeed();
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod("ledger", "node1"));
        await using var server = await StartAsync(feed);
        using var friend = await FriendAsync(server);
        await using var stream = await SseReader.OpenAsync(friend, null, Cancel);
        var snapshot = await stream.NextAsync();
        Assert.Equal("snapshot", snapshot.Name);
        // The watch may have come to life before the stream began.
        if (!snapshot.Data.Contains("\"live\"", StringComparison.Ordinal))
        {
            await stream.UntilAsync(m => m.Data.Contains("\"live\"", StringComparison.Ordinal));
        }
        feed.Remove(FeedKind.Pods, ScriptedFeed.Pod("ledger", "node1"));
        var delta = await stream.UntilAsync(m => m.Data.Contains("podsGone", StringComparison.Ordinal));
        Assert.Equal("payments/ledger", JsonDocument.Parse(delta.Data).RootElement.GetProperty("podsGone")[0].GetString());
    }

    [Fact]
    public async Task A_reader_that_comes_back_gets_exactly_what_it_missed()
    {
        var feed = new ScriptedFeed();
        await using var server = await StartAsync(feed);
        using var friend = await FriendAsync(server);
        string last;
        await using (var stream = await SseReader.OpenAsync(friend, null, Cancel))
        {
            last = (await stream.UntilAsync(m => m.Data.Contains("\"live\"", StringComparison.Ordinal))).Id;
        }

        feed.Put(FeedKind.Pods, ScriptedFeed.Pod("one", "node1"));
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod("two", "node1"));
        await using var again = await SseReader.OpenAsync(friend, last, Cancel);
        var missed = new[] { await again.NextAsync(), await again.NextAsync() };
        Assert.Equal(["delta", "delta"], missed.Select(m => m.Name));
        Assert.Contains("payments/one", missed[0].Data, StringComparison.Ordinal);
        Assert.Contains("payments/two", missed[1].Data, StringComparison.Ordinal);
        Assert.Equal(1, feed.Started);
    }

    [Theory]
    [InlineData("0000-5")]
    [InlineData("nonsense")]
    [InlineData("-")]
    public async Task A_position_of_another_run_gets_a_fresh_snapshot(string position)
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        await using var stream = await SseReader.OpenAsync(friend, position, Cancel);
        Assert.Equal("snapshot", (await stream.NextAsync()).Name);
    }

    [Fact]
    public async Task The_cluster_is_not_read_while_nobody_looks()
    {
        var feed = new ScriptedFeed();
        await using var server = await StartAsync(feed);
        Assert.False(server.Reading);
        Assert.Equal(0, feed.Started);
        using var friend = await FriendAsync(server);
        await using var stream = await SseReader.OpenAsync(friend, null, Cancel);
        await stream.NextAsync();
        Assert.True(server.Reading);
    }

    [Fact]
    public async Task One_page_too_many_is_told_so_and_the_others_go_on()
    {
        await using var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        var streams = new List<SseReader>();
        for (var i = 0; i < EventStream.MaxReaders; i++)
        {
            streams.Add(await SseReader.OpenAsync(friend, null, Cancel));
        }

        using var refused = await friend.GetAsync("/api/stream", HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("snapshot", (await streams[0].NextAsync()).Name);
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_console_that_stops_says_goodbye_to_its_readers()
    {
        var server = await StartAsync(new ScriptedFeed());
        using var friend = await FriendAsync(server);
        await using var stream = await SseReader.OpenAsync(friend, null, Cancel);
        await stream.NextAsync();
        await server.DisposeAsync();
        await stream.UntilAsync(m => m.Name == "bye");
    }

    [Fact]
    public async Task A_taken_port_that_was_asked_for_is_a_problem_that_says_what_to_do()
    {
        await using var first = await StartAsync(new ScriptedFeed());
        var second = await ConsoleServer.StartAsync(new ConsoleOptions { Feed = new ScriptedFeed(), Port = first.Url.Port }, Cancel);
        Assert.Null(second.Server);
        Assert.Contains("--console-port", second.Problem?.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_others_can_reach_is_warned_about()
    {
        var start = await ConsoleServer.StartAsync(new ConsoleOptions { Feed = new ScriptedFeed(), Port = 0, Address = IPAddress.Any }, Cancel);
        Assert.NotNull(start.Server);
        await using var server = start.Server;
        Assert.Contains(start.Warnings, w => w.Contains("without TLS", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_large_request_is_refused()
    {
        await using var server = await StartAsync(new ScriptedFeed(), new IdleDesk());
        using var friend = await FriendAsync(server);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/experiments/kill-pod/run") { Content = new ByteArrayContent(new byte[64 * 1024]) };
        request.Headers.Add("Origin", server.Url.GetLeftPart(UriPartial.Authority));
        using var answer = await friend.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Theory]
    [InlineData("{\"planId\":\"p1\",\"confirm\":false}")]
    [InlineData("{\"planId\":\"another\",\"confirm\":true}")]
    [InlineData("{}")]
    [InlineData("not json")]
    public async Task Only_the_plan_that_was_shown_and_confirmed_is_run(string body)
    {
        var desk = new IdleDesk();
        await using var server = await StartAsync(new ScriptedFeed(), desk);
        using var friend = await FriendAsync(server);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(friend, server, "plan", "{}"));
        Assert.Equal(HttpStatusCode.Conflict, await PostAsync(friend, server, "run", body));
        Assert.Equal(0, desk.Runs);
        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(friend, server, "run", "{\"planId\":\"p1\",\"confirm\":true}"));
        Assert.Equal(HttpStatusCode.Conflict, await PostAsync(friend, server, "run", "{\"planId\":\"p1\",\"confirm\":true}"));
    }

    private static async Task<HttpStatusCode> PostAsync(HttpClient friend, ConsoleServer server, string what, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/experiments/kill-pod/" + what) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Origin", server.Url.GetLeftPart(UriPartial.Authority));
        using var answer = await friend.SendAsync(request, Cancel);
        return answer.StatusCode;
    }

    private static async Task<ConsoleServer> StartAsync(IClusterFeed feed, IExperimentDesk? desk = null)
    {
        var start = await ConsoleServer.StartAsync(new ConsoleOptions { Feed = feed, Port = 0, Experiments = desk }, Cancel);
        Assert.NotNull(start.Server);
        return start.Server;
    }

    /// <summary>A client that has opened the printed address.</summary>
    private static async Task<HttpClient> FriendAsync(ConsoleServer server)
    {
        using var first = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        using var answer = await first.GetAsync(server.Url, Cancel);
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 64 }) { BaseAddress = new Uri(server.Url.GetLeftPart(UriPartial.Authority)) };
        client.DefaultRequestHeaders.Add("Cookie", answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        return client;
    }

    /// <summary>Plans at once and then runs until it is cancelled.</summary>
    private sealed class IdleDesk : IExperimentDesk
    {
        internal int Runs { get; private set; }

        public IReadOnlyList<ExperimentView> Catalogue { get; } = [new("kill-pod", "Kill a pod", "", null)];

        public Task<(PlanView? Plan, Plumb.Core.Problem? Problem)> PlanAsync(string experiment, CancellationToken cancellationToken) =>
            Task.FromResult<(PlanView?, Plumb.Core.Problem?)>((new PlanView("p1", experiment, "Kill a pod", "lab", "", null, "", [], []), null));

        public async Task<ResultView> RunAsync(PlanView plan, Action<ProgressView> tell, CancellationToken cancellationToken)
        {
            Runs++;
            await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            return new ResultView("inconclusive", "Stopped.", null, null, [], [], [], [], null, [], null, null, null, null);
        }
    }
}
