using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Platform.Kubernetes;
using Xunit;

namespace Plumb.Tests.Platform.Kubernetes;

public sealed class KubeClientTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_long_list_is_read_page_by_page_with_the_version_of_its_first_page()
    {
        await using var server = await FakeKube.StartAsync(context => FakeKube.AnswerAsync(context, 200, Page(context)));
        using var client = server.Client(new KubeClientOptions { PageSize = 2 });

        var list = (await client.ListAsync(KubeResource.ConfigMaps, "demo", null, None)).Value!;

        Assert.Equal(["a", "b", "c"], list.Items.Select(item => item.Name));
        Assert.Equal("10", list.ResourceVersion);
    }

    [Fact]
    public async Task A_list_whose_next_page_has_expired_is_read_again_in_one_piece()
    {
        await using var server = await FakeKube.StartAsync(context => context.Request.Query.ContainsKey("continue")
            ? FakeKube.RefuseAsync(context, 410, "Expired", "The provided continue parameter is too old")
            : FakeKube.AnswerAsync(context, 200, context.Request.Query.ContainsKey("limit") ? Page(context) : FakeKube.List(12, FakeKube.ConfigMap("only", "1", 12))));
        using var client = server.Client(new KubeClientOptions { PageSize = 2 });

        var list = (await client.ListAsync(KubeResource.ConfigMaps, "demo", null, None)).Value!;

        Assert.Equal("only", Assert.Single(list.Items).Name);
    }

    [Fact]
    public async Task A_list_that_never_ends_is_an_error()
    {
        await using var server = await FakeKube.StartAsync(context =>
            FakeKube.AnswerAsync(context, 200, """{"metadata":{"resourceVersion":"1","continue":"again"},"items":[]}"""));
        using var client = server.Client();

        Assert.Equal(KubeErrorKind.BadResponse, (await client.ListAsync(KubeResource.ConfigMaps, "demo", null, None)).Error!.Kind);
    }

    [Fact]
    public async Task A_write_is_not_repeated_when_its_connection_breaks_because_it_may_have_been_done()
    {
        var writes = 0;
        await using var server = await FakeKube.StartAsync(context =>
        {
            Interlocked.Increment(ref writes);
            context.Abort();
            return Task.CompletedTask;
        });
        using var client = server.Client();

        var error = (await client.DeleteAsync(KubeResource.Pods, "demo", "a", null, None)).Error!;

        Assert.Equal(KubeErrorKind.Unreachable, error.Kind);
        Assert.Equal(1, writes);
    }

    [Fact]
    public async Task A_server_that_protects_itself_is_asked_again_when_it_says_and_an_eviction_that_a_budget_refuses_is_not()
    {
        var asked = 0;
        await using var server = await FakeKube.StartAsync(async context =>
        {
            if (context.Request.Method == "POST")
            {
                await FakeKube.RefuseAsync(context, 429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.");
                return;
            }
            if (Interlocked.Increment(ref asked) < 3)
            {
                context.Response.Headers.RetryAfter = "0";
                await FakeKube.RefuseAsync(context, 429, "TooManyRequests", "too many requests");
                return;
            }
            await FakeKube.AnswerAsync(context, 200, FakeKube.List(1));
        });
        using var client = server.Client();

        Assert.True((await client.ListAsync(KubeResource.Pods, "demo", null, None)).IsSuccess);
        var error = (await client.EvictAsync("demo", "a", null, None)).Error!;

        Assert.Equal(KubeErrorKind.TooManyRequests, error.Kind);
        Assert.Contains("disruption budget", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_have_the_form_that_the_API_asks_for()
    {
        var requests = new List<string>();
        await using var server = await FakeKube.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            requests.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.ContentType} {await reader.ReadToEndAsync()}");
            await FakeKube.AnswerAsync(context, 200, """{"spec":{"replicas":3},"metadata":{"name":"a"}}""");
        });
        using var client = server.Client();

        await client.DeleteAsync(KubeResource.Pods, "demo", "a", new KubeDelete(TimeSpan.FromSeconds(5), "Background", "u1", DryRun: true), None);
        await client.EvictAsync("demo", "a", null, None);
        await client.PatchAsync(KubeResource.Deployments, "demo", "a", KubePatch.Strategic(new JsonObject { ["x"] = 1 }), None);
        await client.PatchAsync(KubeResource.Deployments, "demo", "a", KubePatch.Apply(new JsonObject { ["x"] = 1 }, "plumb", force: true), None);
        Assert.Equal(3, (await client.SetScaleAsync(KubeResource.StatefulSets, "demo", "db", 3, None)).Value);

        Assert.Equal(
        [
            """DELETE /api/v1/namespaces/demo/pods/a application/json {"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":5,"propagationPolicy":"Background","preconditions":{"uid":"u1"},"dryRun":["All"]}""",
            """POST /api/v1/namespaces/demo/pods/a/eviction application/json {"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a","namespace":"demo"},"deleteOptions":{"kind":"DeleteOptions","apiVersion":"v1"}}""",
            """PATCH /apis/apps/v1/namespaces/demo/deployments/a application/strategic-merge-patch+json {"x":1}""",
            """PATCH /apis/apps/v1/namespaces/demo/deployments/a?fieldManager=plumb&force=true application/apply-patch+yaml {"x":1}""",
            """PATCH /apis/apps/v1/namespaces/demo/statefulsets/db/scale application/merge-patch+json {"spec":{"replicas":3}}""",
        ], requests);
    }

    [Fact]
    public async Task A_log_is_read_as_it_is_written_and_a_cut_is_told()
    {
        var read = new TaskCompletionSource();
        await using var server = await FakeKube.StartAsync(async context =>
        {
            await FakeKube.SendAsync(context, "one\ntwo\n");
            await read.Task;
            context.Abort();
        });
        using var client = server.Client();
        using var log = (await client.LogAsync("demo", "a", new KubeLogRequest(Follow: true), None)).Value!;

        var lines = new List<string>();
        await foreach (var line in log.LinesAsync(None))
        {
            lines.Add(line);
            if (lines.Count == 2)
            {
                read.SetResult();
            }
        }

        Assert.Equal(["one", "two"], lines);
        Assert.NotNull(log.Error);
    }

    private static string Page(HttpContext context) => context.Request.Query["continue"] == "next"
        ? FakeKube.List(10, FakeKube.ConfigMap("c", "3", 3))
        : """{"metadata":{"resourceVersion":"10","continue":"next"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}""";
}
