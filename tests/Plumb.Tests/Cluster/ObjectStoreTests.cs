using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;
using Xunit;

namespace Plumb.Tests.Cluster;

public sealed class ObjectStoreTests
{
    private readonly ObjectStore _store = new();

    private ClusterApi Api => new(_store, TimeProvider.System);

    [Fact]
    public void A_watch_sees_every_change_once_and_in_order()
    {
        var (present, watch) = _store.ListAndWatch(Resources.ConfigMaps);
        Assert.Empty(present);
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
        Api.Update(Resources.ConfigMaps, "demo", "a", json => json.Object("data")["k"] = "2");
        Api.Delete(Resources.ConfigMaps, "demo", "a");

        var seen = Drain(watch);

        Assert.Equal([StoreEventType.Added, StoreEventType.Modified, StoreEventType.Deleted], seen.Select(change => change.Type));
        Assert.Equal([1L, 2L, 3L], seen.Select(change => change.Version));
    }

    [Fact]
    public void A_watch_from_an_old_version_replays_what_came_after_it()
    {
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("b"));

        using var watch = _store.WatchSince(1, Resources.ConfigMaps);

        Assert.Equal("b", Assert.Single(Drain(watch!)).Object.Name);
    }

    [Fact]
    public void A_change_that_changes_nothing_does_not_move_the_resource_version()
    {
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
        Api.Update(Resources.ConfigMaps, "demo", "a", json => json.Object("data")["k"] = "1");
        Assert.Equal(1, _store.Version);
    }

    [Fact]
    public void A_reader_that_falls_behind_loses_its_watch_and_nobody_waits_for_it()
    {
        var (_, watch) = _store.ListAndWatch(Resources.ConfigMaps);
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
        for (var i = 0; i < StoreWatch.Limit; i++)
        {
            var value = $"{i}";
            Api.Update(Resources.ConfigMaps, "demo", "a", json => json.Object("data")["k"] = value + "!");
        }
        Assert.True(watch.FellBehind);
    }

    private static JsonObject ConfigMap(string name) =>
        new() { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["k"] = "1" } };

    private static List<StoreEvent> Drain(StoreWatch watch)
    {
        var seen = new List<StoreEvent>();
        while (watch.Events.TryRead(out var change))
        {
            seen.Add(change);
        }
        return seen;
    }
}
