using Plumb.Cli.WebConsole;
using Plumb.Cli.WebConsole.Traffic;
using Plumb.Tests.Cli.WebConsole;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The payments system as a scripted cluster.</summary>
internal static class PaymentsFeed
{
    internal const string Ledger = "ledger-66d4b9c8f7-q8w2n";

    internal static ScriptedFeed Healthy()
    {
        var feed = new ScriptedFeed();
        var now = TimeProvider.System.GetUtcNow();
        string[] nodes = ["node1", "node2", "node3"];
        Array.ForEach(nodes, n => feed.Put(FeedKind.Nodes, ScriptedFeed.Node(n)));
        string[] pods = ["gateway-7f5d8b9c4-2xkqp", "gateway-7f5d8b9c4-t6r9m", "auth-5b8c6d7f9-hj4lz", Ledger, "ledger-66d4b9c8f7-z5v7d", "notification-84c5f6b7d-p3n8s", "mail-6c9d8f5b4-k7w2x", "prometheus-0", "load-59f8d7c6b-m4q9t", "postgres-0"];
        for (var i = 0; i < pods.Length; i++)
        {
            feed.Put(FeedKind.Pods, ScriptedFeed.Pod(pods[i], nodes[i % nodes.Length], created: now.AddMinutes(-14)));
            feed.Put(FeedKind.Events, ScriptedFeed.Event($"e{i}", "Pod", pods[i], "Normal", "Started", "Started container " + pods[i].Split('-')[0], now.AddSeconds((-40 * i) - 5)));
        }

        return feed;
    }

    internal static ScriptedFeed Troubled()
    {
        var feed = Healthy();
        var now = TimeProvider.System.GetUtcNow();
        feed.Put(FeedKind.Nodes, ScriptedFeed.Node("node3", cordoned: true));
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod(Ledger, "node1", waiting: "CrashLoopBackOff", restarts: 4, created: now.AddMinutes(-14)));
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod("gateway-7f5d8b9c4-t6r9m", "node2", deleting: true, created: now.AddMinutes(-14)));
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod("gateway-7f5d8b9c4-9sd2f", "node2", ready: false, created: now.AddSeconds(-3)));
        feed.Put(FeedKind.Pods, ScriptedFeed.Pod("batch-5c9f7-zz2xk", null, created: now.AddSeconds(-95)));
        feed.Put(FeedKind.Events, ScriptedFeed.Event("w1", "Pod", "batch-5c9f7-zz2xk", "Warning", "FailedScheduling", "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.", now.AddSeconds(-20), 3));
        feed.Put(FeedKind.Events, ScriptedFeed.Event("w2", "Pod", Ledger, "Warning", "BackOff", "Back-off restarting failed container ledger in pod " + Ledger, now.AddSeconds(-8), 12));
        feed.Put(FeedKind.Events, ScriptedFeed.Event("w3", "Pod", "gateway-7f5d8b9c4-9sd2f", "Warning", "Unhealthy", "Readiness probe failed: Get \"http://127.20.1.7:8080/ready\": dial tcp 127.20.1.7:8080: connect: connection refused", now.AddSeconds(-2)));
        feed.Put(FeedKind.Events, ScriptedFeed.Event("k1", "Pod", "gateway-7f5d8b9c4-t6r9m", "Normal", "Killing", "Stopping container gateway", now.AddSeconds(-4)));
        feed.Put(FeedKind.Events, ScriptedFeed.Event("u1", "Pod", "mail-6c9d8f5b4-k7w2x", "Normal", "FlurbHappened", "the flurb is 7", now.AddSeconds(-30)));
        return feed;
    }
}

/// <summary>Fifteen minutes of requests with a minute and a half in which nothing was scraped.</summary>
internal sealed class GappyTraffic : ITrafficSource
{
    private const int Step = 5;

    public Task<TrafficView> ReadAsync(int minutes, CancellationToken cancellationToken)
    {
        var points = minutes * 60 / Step;
        var random = new Random(7);
        SeriesView Line(string name, double level, double noise) => new(name, [.. Enumerable.Range(0, points).Select(i => i * 10 / points == 6 ? (double?)null : Math.Max(0, level + (noise * (random.NextDouble() - 0.5)) + (i * 30 / points == 24 ? level * 2 : 0)))]);
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - (minutes * 60);
        return Task.FromResult(new TrafficView(
            start, Step, [Line("requests", 48, 6)], [Line("errors", 0.004, 0.006)], [Line("p50", 0.011, 0.003), Line("p95", 0.028, 0.01), Line("p99", 0.061, 0.03)], "Counted by the load generator, outside the cluster.", null));
    }
}
