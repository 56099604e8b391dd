using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Platform.Kubernetes;
using Xunit;

namespace Plumb.Tests.Platform.Kubernetes;

public sealed class KubeWatchTests
{
    private static readonly KubeWatchOptions Quick = new() { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5) };

    [Fact]
    public async Task The_streams_that_a_real_server_recorded_are_told_as_they_happened()
    {
        foreach (var name in new[] { "watch from a list RV: ADDED, MODIFIED, DELETED (the DELETED object carries a new resourceVersion)", "replay from an old RV: all events since",
            "watch with labelSelector x=y: an object that starts to match is ADDED, one that stops is DELETED" })
        {
            var (_, request, response) = Recordings.Read("watch.json").First(entry => entry.Name == name);
            var lines = response.GetProperty("stream").EnumerateArray().Select(item => item.GetProperty("event").GetRawText()).ToArray();
            var version = QueryOf(request.GetProperty("path").GetString()!, "resourceVersion");
            await using var server = await FakeKube.StartAsync(context => context.Request.Query.ContainsKey("watch")
                ? FakeKube.SendAsync(context, string.Concat(lines.Select(line => JsonNode.Parse(line)!.ToJsonString() + "\n")))
                : FakeKube.AnswerAsync(context, 200, FakeKube.List(int.Parse(version, System.Globalization.CultureInfo.InvariantCulture))));

            var events = await TakeAsync(server, lines.Length + 1);

            Assert.IsType<KubeWatchEvent.Synced>(events[0]);
            Assert.Equal(
                lines.Select(line => JsonDocument.Parse(line).RootElement).Select(json => $"{json.GetProperty("type").GetString()} {json.GetProperty("object").GetProperty("metadata").GetProperty("resourceVersion").GetString()}"),
                events.Skip(1).Cast<KubeWatchEvent.Changed>().Select(change => $"{change.Type.ToString().ToUpperInvariant()} {change.Object.ResourceVersion}"));
        }
    }

    [Fact]
    public async Task A_recorded_410_makes_it_list_again_and_the_user_hears_only_of_the_difference()
    {
        var gone = Recordings.Read("watch.json").First(entry => entry.Name.StartsWith("410 Gone", StringComparison.Ordinal)).Response.GetProperty("stream")[0].GetProperty("event").GetRawText();
        var lists = 0;
        var watches = 0;
        await using var server = await FakeKube.StartAsync(async context =>
        {
            if (context.Request.Query.ContainsKey("watch"))
            {
                await FakeKube.SendAsync(context, ++watches == 1 ? JsonNode.Parse(gone)!.ToJsonString() + "\n" : FakeKube.Event("ADDED", FakeKube.ConfigMap("c", "3", 9)));
                return;
            }
            await FakeKube.AnswerAsync(context, 200, ++lists == 1
                ? FakeKube.List(2, FakeKube.ConfigMap("a", "1", 1), FakeKube.ConfigMap("b", "2", 2))
                : FakeKube.List(8, FakeKube.ConfigMap("a", "1", 1), FakeKube.ConfigMap("b", "4", 7)));
        });

        var events = await TakeAsync(server, 9);

        Assert.Equal(["Added a 1", "Added b 2", "synced 2", "interrupted Gone", "Deleted b 2", "Added b 4", "synced 2 again", "resumed", "Added c 3"], events.Select(Text));
    }

    [Fact]
    public async Task A_silent_stream_is_taken_for_dead_and_the_objects_are_listed_again()
    {
        var lists = 0;
        await using var server = await FakeKube.StartAsync(async context =>
        {
            if (context.Request.Query.ContainsKey("watch"))
            {
                await FakeKube.SendAsync(context, "");
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
            await FakeKube.AnswerAsync(context, 200, ++lists == 1 ? FakeKube.List(1) : FakeKube.List(2, FakeKube.ConfigMap("missed", "1", 2)));
        });

        var events = await TakeAsync(server, 4, Quick with { SilenceLimit = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(["synced 0", "interrupted Timeout", "Added missed 1", "synced 1 again"], events.Select(Text));
    }

    [Theory]
    [InlineData(403, "Forbidden", KubeErrorKind.Forbidden)]
    [InlineData(404, "NotFound", KubeErrorKind.NotFound)]
    [InlineData(401, "Unauthorized", KubeErrorKind.Unauthorized)]
    public async Task What_waiting_does_not_mend_ends_the_watch_at_once(int status, string reason, KubeErrorKind expected)
    {
        await using var server = await FakeKube.StartAsync(context => FakeKube.RefuseAsync(context, status, reason, "no"));

        Assert.Equal(expected, Assert.IsType<KubeWatchEvent.Failed>(Assert.Single(await TakeAsync(server, 2))).Cause.Kind);
    }

    [Fact]
    public async Task A_server_that_stays_away_is_given_up_after_the_limit()
    {
        await using var server = await FakeKube.StartAsync(context => FakeKube.RefuseAsync(context, 503, "ServiceUnavailable", "not now"));

        var events = await TakeAsync(server, int.MaxValue, Quick with { GiveUpAfter = TimeSpan.FromMilliseconds(100) });

        Assert.Equal(KubeErrorKind.Server, Assert.IsType<KubeWatchEvent.Failed>(events[^1]).Cause.Kind);
        Assert.All(events.SkipLast(1), item => Assert.IsType<KubeWatchEvent.Interrupted>(item));
    }

    [Fact]
    public async Task An_event_that_is_longer_than_the_limit_is_refused_and_not_swallowed_whole()
    {
        var watches = 0;
        await using var server = await FakeKube.StartAsync(context => context.Request.Query.ContainsKey("watch")
            ? ++watches == 1 ? FakeKube.SendAsync(context, new string('x', 100_000)) : FakeKube.SendAsync(context, FakeKube.Event("ADDED", FakeKube.ConfigMap("a", "1", 5)))
            : FakeKube.AnswerAsync(context, 200, FakeKube.List(1)));

        var events = await TakeAsync(server, 5, Quick with { EventSizeLimit = 10_000 });

        Assert.Equal(["synced 0", "interrupted BadResponse", "synced 0 again", "resumed", "Added a 1"], events.Select(Text));
    }

    private static string Text(KubeWatchEvent item) => item switch
    {
        KubeWatchEvent.Changed change => $"{change.Type} {change.Object.Name} {change.Object.Uid}",
        KubeWatchEvent.Synced synced => $"synced {synced.Objects}{(synced.Again ? " again" : "")}",
        KubeWatchEvent.Interrupted interrupted => $"interrupted {interrupted.Cause.Kind}",
        KubeWatchEvent.Resumed => "resumed",
        KubeWatchEvent.Failed failed => $"failed {failed.Cause.Kind}",
        _ => "?",
    };

    private static string QueryOf(string path, string key) =>
        Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(path[path.IndexOf('?', StringComparison.Ordinal)..])[key]!;

    private static async Task<List<KubeWatchEvent>> TakeAsync(FakeKube server, int count, KubeWatchOptions? options = null)
    {
        using var client = server.Client(new KubeClientOptions { RetryLimit = 0 });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var events = new List<KubeWatchEvent>();
        await foreach (var item in client.WatchAsync(KubeResource.ConfigMaps, "raw", null, options ?? Quick, limit.Token))
        {
            events.Add(item);
            if (events.Count == count)
            {
                break;
            }
        }
        return events;
    }
}
