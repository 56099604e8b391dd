using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cluster;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;
using Xunit;

namespace Plumb.Tests.Cluster;

public sealed class StateFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("plumb-state-").FullName;
    private readonly ObjectStore _store = new();

    private ClusterApi Api => new(_store, TimeProvider.System);

    private string FilePath => StateFile.PathIn(_directory);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void There_is_no_state_before_the_first_run() => Assert.Null(StateFile.Load(_directory));

    [Fact]
    public async Task After_a_stop_the_file_holds_every_object_byte_for_byte_and_its_range()
    {
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("before"));
        await using (Record())
        {
            Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a line\nbreak 'ü'"));
            Api.Create(Resources.ConfigMaps, "demo", ConfigMap("gone"));
            Api.Update(Resources.ConfigMaps, "demo", "before", json => json.Object("data")["k"] = "2");
            Api.Delete(Resources.ConfigMaps, "demo", "gone");
        }

        var kept = StateFile.Load(_directory)!;
        var restored = ObjectStore.Restore(kept.Objects, kept.Version + 10);

        Assert.Equal((7, 0, _store.Version), (kept.Slot, kept.TornBytes, kept.Version));
        Assert.Equal(Texts(_store), Texts(restored));
        Assert.Equal(2, Texts(restored).Count);
        Assert.Null(restored.WatchSince(kept.Version, Resources.ConfigMaps));
        Assert.Equal(kept.Version + 11, new ClusterApi(restored, TimeProvider.System).Create(Resources.ConfigMaps, "demo", ConfigMap("next")).Object!.ResourceVersion);
    }

    [Fact]
    public async Task Events_and_leases_are_not_kept_and_secrets_are_for_the_owner_only()
    {
        await using (Record())
        {
            Api.Create(Resources.Leases, "demo", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "l" }, ["spec"] = new JsonObject() });
            Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
        }

        Assert.Equal("a", Assert.Single(StateFile.Load(_directory)!.Objects).Name);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public async Task A_file_that_grows_is_replaced_by_a_snapshot_and_loses_nothing()
    {
        await using (Record(growthLimit: 2_000))
        {
            Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
            for (var n = 0; n < 500; n++)
            {
                Api.Update(Resources.ConfigMaps, "demo", "a", json => json.Object("data")["k"] = $"{n}");
                await Task.Yield();
            }
        }

        Assert.Equal("499", Assert.Single(StateFile.Load(_directory)!.Objects).ToMutable().Object("data").Text("k"));
    }

    [Fact]
    public async Task A_last_line_that_was_cut_off_anywhere_is_left_out_and_counted()
    {
        await RecordTwoAsync();
        var whole = await File.ReadAllBytesAsync(FilePath, Cancel);
        var lastLine = whole.AsSpan(..^1).LastIndexOf((byte)'\n') + 1;
        for (var length = lastLine + 1; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(FilePath, whole[..length], Cancel);

            var kept = StateFile.Load(_directory)!;

            Assert.Equal("a", Assert.Single(kept.Objects).Name);
            Assert.Equal(length - lastLine, kept.TornBytes);
        }
    }

    [Fact]
    public async Task Any_changed_byte_in_a_whole_line_is_found_and_the_message_says_the_line_and_what_to_do()
    {
        await RecordTwoAsync();
        var whole = await File.ReadAllBytesAsync(FilePath, Cancel);
        for (var at = 0; at < whole.Length - 1; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 1;
            await File.WriteAllBytesAsync(FilePath, damaged, Cancel);

            var refused = Assert.Throws<LabClusterException>(() => StateFile.Load(_directory));

            Assert.Contains(FilePath, refused.Message, StringComparison.Ordinal);
            Assert.Matches("damaged at line [1-4]; put back a copy|newer version", refused.Message);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("plumb-cluster-objects 1\n")]
    [InlineData("plumb-cluster-objects 1\n00000000 clus")]
    public void A_file_without_its_first_two_lines_is_damaged_and_not_an_empty_cluster(string text)
    {
        File.WriteAllText(FilePath, text);

        Assert.Contains("damaged", Assert.Throws<LabClusterException>(() => StateFile.Load(_directory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_a_newer_version_is_refused_whatever_follows()
    {
        File.WriteAllText(FilePath, "plumb-cluster-objects 2\nof a form that nobody knows yet\n");

        var refused = Assert.Throws<LabClusterException>(() => StateFile.Load(_directory));

        Assert.Equal($"the kept objects in {FilePath} were written by a newer version of this program (format 2, this one knows 1); start the newer version, or move the file away to begin anew", refused.Message);
    }

    [Fact]
    public async Task A_kept_cluster_does_not_start_with_fewer_nodes_or_without_its_addresses()
    {
        var options = new LabClusterOptions { Nodes = 0, StateDirectory = _directory, KeepState = true };
        await using (var cluster = await LabCluster.StartAsync(options, Cancel))
        {
            cluster.Api.Create(Resources.Nodes, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "node1" } });
            // The snapshot of the start is in place as soon as the cluster runs, or a moment later.
            await Eventually(() => File.Exists(FilePath));
            var taken = Directory.CreateDirectory(Path.Combine(_directory, "other")).FullName;
            await File.WriteAllBytesAsync(StateFile.PathIn(taken), StateFile.Header(cluster.Network.Slot, 1), Cancel);
            var noRange = await Assert.ThrowsAsync<LabClusterException>(() => LabCluster.StartAsync(options with { StateDirectory = taken }, Cancel));
            Assert.Contains("another running cluster uses", noRange.Message, StringComparison.Ordinal);
        }

        var tooFew = await Assert.ThrowsAsync<LabClusterException>(() => LabCluster.StartAsync(options, Cancel));

        Assert.Contains("has 1 nodes and only 0 are asked for", tooFew.Message, StringComparison.Ordinal);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private BackgroundPart Record(long growthLimit = StateWriter.GrowthLimit) =>
        new("record", new StateWriter(_store, _directory, 7, Assert.Fail, growthLimit).RunAsync, Assert.Fail);

    private async Task RecordTwoAsync()
    {
        Api.Create(Resources.ConfigMaps, "demo", ConfigMap("a"));
        await using (Record())
        {
            await Eventually(() => File.Exists(FilePath));
            Api.Create(Resources.ConfigMaps, "demo", ConfigMap("b"));
        }
    }

    private static async Task Eventually(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Cancel);
        }
    }

    private static JsonObject ConfigMap(string value) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = value.Split(' ')[0] },
        ["data"] = new JsonObject { ["k"] = value },
    };

    private static List<string> Texts(ObjectStore store) => [.. store.List(Resources.ConfigMaps).Objects.Select(item => Encoding.UTF8.GetString(item.Utf8))];
}
