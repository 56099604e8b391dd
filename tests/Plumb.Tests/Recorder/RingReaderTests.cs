using System.Runtime.InteropServices;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class RingReaderTests : IDisposable
{
    private readonly nint _ring = Zeroed(HeaderLayout.RingBytes);
    private readonly RingReader _reader;

    public RingReaderTests() => _reader = new RingReader(_ring);

    public void Dispose()
    {
        Marshal.FreeHGlobal(_ring);
    }

    [Fact]
    public void Calls_come_once_in_the_order_of_their_return()
    {
        Put(1, at: 5000, process: 1);
        Put(2, at: 1000, process: 2);
        Assert.Equal([2UL, 1UL], Read());
        Assert.Empty(Read());
        Put(3, at: 9000, process: 1);
        Assert.Equal([3UL], Read());
    }

    [Fact]
    public void A_call_in_flight_comes_when_it_has_returned()
    {
        Put(1, returned: false);
        Assert.Empty(Read());
        Assert.Equal([1UL], _reader.InFlight().Select(call => call.Position));
        Put(1);
        Assert.Equal([1UL], Read());
        Assert.Empty(_reader.InFlight());
    }

    [Fact]
    public void What_was_overwritten_before_it_was_read_is_told_and_counted()
    {
        for (ulong position = 1; position <= SlotLayout.Slots + 10; position++)
        {
            Put(position, at: position * 1000);
        }
        var entries = _reader.ReadNew();
        Assert.Equal(10UL, entries[0].Missing);
        Assert.Equal(SlotLayout.Slots, entries.Count(entry => entry.Call is not null));
        Assert.Equal(10UL, _reader.Counters.Overwritten);
        Assert.Equal((ulong)SlotLayout.Slots + 10, _reader.Counters.Recorded);
    }

    [Fact]
    public void A_slot_that_is_being_written_is_waited_for_and_in_the_end_counted_as_torn()
    {
        Put(1);
        Marshal.WriteInt64(_ring + SlotLayout.End, 0);
        Assert.Empty(Read());
        Marshal.WriteInt64(_ring + SlotLayout.End, 1);
        Assert.Equal([1UL], Read());
        Put(2);
        Marshal.WriteInt64(_ring + SlotLayout.Bytes + SlotLayout.End, 0);
        for (var round = 0; round < 300; round++)
        {
            Assert.All(_reader.ReadNew(), entry => Assert.Equal(1UL, entry.Missing));
        }
        Assert.Equal(1UL, _reader.Counters.Torn);
    }

    [Fact]
    public void A_call_whose_thread_went_on_before_its_return_was_seen_is_told_as_lost()
    {
        Put(1, returned: false);
        Assert.Empty(Read());
        Put(2);
        var entries = _reader.ReadNew();
        Assert.Equal([CallState.ReturnLost, CallState.Returned], entries.Select(entry => entry.Call!.State).Order().Reverse());
        Assert.Equal(1UL, _reader.Counters.LostReturns);
    }

    [Fact]
    public void A_call_in_flight_whose_slot_was_overwritten_is_told_as_lost()
    {
        Put(1, process: 7, returned: false);
        Assert.Empty(Read());
        for (ulong position = 2; position <= SlotLayout.Slots + 1; position++)
        {
            Put(position, at: position * 1000);
        }
        Assert.Contains(_reader.ReadNew(), entry => entry.Call is { State: CallState.ReturnLost, ProcessId: 7 });
        Assert.Equal(1UL, _reader.Counters.LostReturns);
    }

    [Theory]
    [InlineData(7, 2)]
    [InlineData(8, 1)]
    public void A_ring_that_was_given_to_another_container_is_read_no_more(long cgroup, long beganNs)
    {
        Own(7, beganNs: 1);
        var reader = new RingReader(_ring);
        Put(1, process: 1);
        Put(2, process: 1, returned: false);
        Assert.Single(reader.ReadNew());
        Put(3, process: 2);

        // It was taken back, and holds what it held; then it was given away, maybe with a cgroup's id that was used before.
        Own(0, beganNs: 1);
        Assert.Equal(1UL, reader.Backlog);
        Own(cgroup, beganNs, from: 3);
        Put(4, process: 9);

        Assert.Equal(0UL, reader.Backlog);
        var left = Assert.Single(reader.ReadNew());
        Assert.Equal((null, 1UL), (left.Call, left.Missing));
        Assert.Equal((3UL, 1UL), (reader.Counters.Recorded, reader.Counters.Overwritten));
        Put(5, process: 9);
        Assert.Empty(reader.ReadNew());
        Assert.Equal([2UL], reader.InFlight().Select(call => call.Position));
        Assert.Equal([1UL, 2UL], new RingReader(_ring).ReadNew().Select(entry => entry.Call!.Position));
    }

    [Fact]
    public void An_exit_needs_no_return()
    {
        Write(Slots.Of("exit_group", [1], position: 1, returned: false), 1);
        Assert.Equal(CallState.Final, Assert.Single(_reader.ReadNew()).Call!.State);
    }

    private void Own(long cgroup, long beganNs, long from = 0)
    {
        Marshal.WriteInt64(_ring + HeaderLayout.Start + HeaderLayout.Base, from);
        Marshal.WriteInt64(_ring + HeaderLayout.Start + HeaderLayout.BeganNs, beganNs);
        Marshal.WriteInt64(_ring + HeaderLayout.Start + HeaderLayout.Cgroup, cgroup);
    }

    private ulong[] Read() => [.. _reader.ReadNew().Select(entry => entry.Call!.Position)];

    private void Put(ulong position, ulong at = 1000, int process = 100, bool returned = true) =>
        Write(Slots.Of("getpid", [], 1, position: position, process: process, at: at, returned: returned), position);

    private void Write(byte[] slot, ulong position)
    {
        Marshal.Copy(slot, 0, _ring + ((int)((position - 1) % SlotLayout.Slots) * SlotLayout.Bytes), slot.Length);
        Marshal.WriteInt64(_ring + HeaderLayout.Start + HeaderLayout.Head, (long)position);
    }

    private static nint Zeroed(int bytes)
    {
        var memory = Marshal.AllocHGlobal(bytes);
        Marshal.Copy(new byte[bytes], 0, memory, bytes);
        return memory;
    }
}
