using Plumb.Recorder.Ring;
using Plumb.Recorder.Saved;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class RecordingStoreTests : IDisposable
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryDirectory _directory = new();
    private int _saved;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_oldest_go_when_there_are_more_than_are_kept()
    {
        var store = new RecordingStore(_directory.Path, new RecordingLimits(Recordings: 3));
        var ids = Enumerable.Range(0, 5).Select(pod => Save(store, $"pod-{pod}")).ToList();
        Assert.Equal(ids.TakeLast(3).Reverse(), Ids(store));
    }

    [Fact]
    public void A_container_that_crashes_in_a_loop_does_not_push_out_the_others()
    {
        var store = new RecordingStore(_directory.Path, new RecordingLimits(PerContainer: 2));
        var quiet = Save(store, "quiet");
        var loop = Enumerable.Range(0, 10).Select(_ => Save(store, "loop")).ToList();
        Assert.Equal([loop[9], loop[8], quiet], Ids(store));
    }

    [Fact]
    public void The_oldest_go_when_all_together_are_larger_than_the_limit()
    {
        var measured = new RecordingStore(_directory.Path, RecordingLimits.None);
        Save(measured, "first");
        var one = Assert.Single(measured.List().Recordings).Bytes;
        var store = new RecordingStore(_directory.Path, new RecordingLimits(Bytes: (3 * one) + (one / 2)));
        for (var count = 0; count < 5; count++)
        {
            Save(store, "later");
        }
        Assert.Equal(3, store.List().Recordings.Count);
        Assert.All(store.List().Recordings, kept => Assert.Equal("later", kept.Info.Container.Pod));
    }

    [Fact]
    public void Without_limits_nothing_goes()
    {
        var store = new RecordingStore(_directory.Path, RecordingLimits.None);
        for (var count = 0; count < 8; count++)
        {
            Save(store, "same");
        }
        Assert.Equal(8, store.List().Recordings.Count);
    }

    [Fact]
    public void A_recording_of_another_processor_is_listed_and_never_shown_with_this_ones_calls()
    {
        var container = new RecordedContainer("node1", "default", "away", "main", "id");
        var info = new RecordingInfo("0123456789ab", Begin, SaveReason.Exit, 1, "riscv64", container, Begin, true, 1, new RecordingCounters(1, 0, 0, 0, 0));
        using var file = new MemoryStream();
        RecordingFile.Write(file, new SavedRecording(info, [new RingEntry(Slots.Call("getpid", [], 1), 0)]));
        Assert.Equal("riscv64", RecordingFile.ReadInfo(new MemoryStream(file.ToArray()), "away").Value!.Machine);
        Assert.StartsWith("the recording away was made on riscv64, whose calls have other numbers", RecordingFile.Read(new MemoryStream(file.ToArray()), "away").Problem!.What, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Ids(RecordingStore store) => store.List().Recordings.Select(one => one.Info.Id);

    private string Save(RecordingStore store, string pod)
    {
        var at = Begin.AddSeconds(_saved++);
        var container = new RecordedContainer("node1", "default", pod, "main", $"id-{_saved}");
        var info = new RecordingInfo(RecordingStore.NewId(container, SaveReason.Exit, at), at, SaveReason.Exit, 1, RecordingInfo.ThisMachine, container, Begin, true, 1, new RecordingCounters(1, 0, 0, 0, 0));
        Assert.Null(store.Save(new SavedRecording(info, [new RingEntry(Slots.Call("getpid", [], 1), 0)])));
        return info.Id;
    }
}
