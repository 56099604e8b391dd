using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Descriptors;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class DescriptorTests
{
    private const ulong CurrentDirectory = 0xFFFFFF9C;
    private const ulong CloseOnExec = 0x80000;

    private readonly CallDecoder _decoder = new();
    private ulong _now = 1_000_000;

    [Fact]
    public void A_descriptor_is_named_from_its_open_to_its_close()
    {
        Assert.Equal("4</etc/hosts>", Do("openat", [CurrentDirectory, 1ul << 20, 0], 4, Slots.Path("/etc/hosts")).Return);
        Assert.Equal("4</etc/hosts>", Do("read", [4, 1ul << 20, 9], 9).Value("fd"));
        Assert.Equal("4</etc/hosts>", Do("close", [4]).Value("fd"));
        Assert.Equal("4", Do("read", [4, 1ul << 20, 9], -9).Value("fd"));
    }

    [Fact]
    public void A_name_counts_from_its_directory()
    {
        Do("chdir", [1ul << 20], 0, Slots.Path("/srv/app"));
        Assert.Equal("3</srv/app/conf>", Do("open", [1ul << 20, 0x10000], 3, Slots.Path("./conf")).Return);
        Assert.Equal("4</srv/app/conf/main.yaml>", Do("openat", [3, 1ul << 20, 0], 4, Slots.Path("main.yaml")).Return);
        Assert.Equal("/srv/app/conf/missing", Do("newfstatat", [3, 1ul << 20, 1ul << 20, 0], -2, Slots.Path("missing")).Path);
    }

    [Fact]
    public void Copies_have_the_same_name_and_execve_closes_those_that_say_so()
    {
        Do("openat", [CurrentDirectory, 1ul << 20, CloseOnExec], 4, Slots.Path("/a"));
        Assert.Equal("9</a>", Do("dup2", [4, 9], 9).Return);
        Assert.Equal("10</a>", Do("dup3", [4, 10, CloseOnExec], 10).Return);
        Assert.Equal("11</a>", Do("fcntl", [4, 1030, 11], 11).Return);
        Do("execve", [1ul << 20, 1ul << 20, 0], 0, Slots.Path("/bin/x"));
        Assert.Equal(("4", "9</a>", "10", "11"), (Named(4), Named(9), Named(10), Named(11)));
    }

    [Fact]
    public void A_range_is_closed_and_a_failed_call_changes_nothing()
    {
        foreach (var number in (ulong[])[5, 6, 7])
        {
            Do("openat", [CurrentDirectory, 1ul << 20, 0], (long)number, Slots.Path("/a"));
        }
        Do("close", [5], -9);
        Do("close_range", [6, uint.MaxValue, 0]);
        Assert.Equal(("5</a>", "6", "7"), (Named(5), Named(6), Named(7)));
    }

    [Fact]
    public void A_descriptor_made_while_another_thread_closed_its_number_stays()
    {
        Do("openat", [CurrentDirectory, 1ul << 20, 0], 5, Slots.Path("/old"));
        var closing = Slots.Call("close", [5], at: _now += 1000);
        Do("openat", [CurrentDirectory, 1ul << 20, 0], 5, Slots.Path("/new"));
        _decoder.Decode(closing);
        Assert.Equal("5</new>", Named(5));
    }

    [Theory]
    [InlineData(100_001L)]
    [InlineData(7L)]
    public void A_child_has_what_its_parent_had_also_when_the_parent_knows_it_by_another_number(long told)
    {
        Do("openat", [CurrentDirectory, 1ul << 20, 0], 5, Slots.Path("/a"));
        Do("clone", [17, 0, 0, 0, 0], told);
        Assert.Equal("5</a>", _decoder.Decode(Slots.Call("close", [5], process: 100_001, at: _now += 1000)).Value("fd"));
        Assert.Equal("5</a>", Named(5));
    }

    [Fact]
    public void A_socket_has_both_ends_when_they_are_known()
    {
        Assert.Equal("6<TCP>", Do("socket", [2, 1, 0], 6).Return);
        Do("connect", [6, 1ul << 20, 16], -115, Address(443));
        Assert.Equal("6<TCP ->127.0.0.1:443>", Named(6));
        Do("getsockname", [6, 1ul << 20, 1ul << 20], 0, Address(41022), BitConverter.GetBytes(16));
        Assert.Equal("6<TCP 127.0.0.1:41022->127.0.0.1:443>", Named(6));
        Do("socket", [2, 1, 0], 7);
        Do("bind", [7, 1ul << 20, 16], 0, Address(80));
        Assert.Equal("8<TCP 127.0.0.1:80->127.0.0.1:5000>", Do("accept4", [7, 1ul << 20, 1ul << 20, 0], 8, Address(5000), BitConverter.GetBytes(16)).Return);
    }

    [Fact]
    public void After_a_hole_nothing_is_said_that_may_be_wrong_by_now()
    {
        Do("openat", [CurrentDirectory, 1ul << 20, 0], 5, Slots.Path("/a"));
        _decoder.Decode([new RingEntry(null, 12)]);
        Assert.Equal("5", Named(5));
    }

    [Fact]
    public void A_hole_in_one_containers_ring_says_nothing_of_another_containers_processes()
    {
        string[] rings = ["one", "two", "two", "one", "two"];
        var decoded = _decoder.Decode(
        [
            new RingEntry(Open(process: 1, "/of-one"), 0),
            new RingEntry(Open(process: 2, "/of-two"), 0),
            new RingEntry(null, 12),
            new RingEntry(Read(process: 1), 0),
            new RingEntry(Read(process: 2), 0),
        ], index => rings[index]);
        Assert.Equal("5</of-one>", decoded[3].Call!.Value("fd"));
        Assert.Equal("5", decoded[4].Call!.Value("fd"));
    }

    [Fact]
    public void The_same_process_number_in_another_containers_ring_is_another_process()
    {
        string[] rings = ["one", "two"];
        var decoded = _decoder.Decode([new RingEntry(Open(process: 1, "/of-one"), 0), new RingEntry(Read(process: 1), 0)], index => rings[index]);
        Assert.Equal("5", decoded[1].Call!.Value("fd"));
    }

    [Fact]
    public void A_child_inherits_from_nobody_in_another_container()
    {
        string[] rings = ["one", "one", "two", "one"];
        var decoded = _decoder.Decode(
        [
            new RingEntry(Open(process: 1, "/of-one"), 0),
            new RingEntry(Slots.Call("fork", [], 7, process: 1, at: 2000), 0),
            new RingEntry(Read(process: 7), 0),
            new RingEntry(Read(process: 700), 0),
        ], index => rings[index]);
        Assert.Equal(["5", "5</of-one>"], decoded.Skip(2).Select(entry => entry.Call!.Value("fd")));
    }

    private static RecordedCall Open(int process, string path) => Slots.Call("openat", [CurrentDirectory, 1ul << 20, 0], 5, Slots.Path(path), process: process);

    private static RecordedCall Read(int process) => Slots.Call("read", [5, 1ul << 20, 9], 9, process: process, at: 3000);

    [Fact]
    public async Task What_was_open_before_is_read_from_proc_except_what_the_calls_themselves_change()
    {
        await using var before = new FileStream("/etc/hostname", FileMode.Open, FileAccess.Read);
        var number = (ulong)before.SafeFileHandle.DangerousGetHandle();
        var live = new CallDecoder(Privacy.Default, new LiveDescriptors());
        var read = Slots.Call("read", [number, 1ul << 20, 9], 9, process: Environment.ProcessId, at: _now);
        Assert.Equal($"{number}</etc/hostname>", live.Decode([new RingEntry(read, 0)])[0].Call!.Value("fd"));

        var later = new CallDecoder(Privacy.Default, new LiveDescriptors());
        var closed = Slots.Call("close", [number], process: Environment.ProcessId, at: _now + 1000);
        Assert.Equal($"{number}", later.Decode([new RingEntry(read, 0), new RingEntry(closed, 0)])[0].Call!.Value("fd"));
    }

    [Fact]
    public void No_name_of_a_stranger_gets_out_of_its_angle_brackets() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var decoder = new CallDecoder();
            byte[] path = [(byte)'/', .. bytes.Where(value => value != 0).Take(SlotLayout.HalfPayloadBytes), 0];
            var opened = decoder.Decode(Slots.Call("openat", [CurrentDirectory, 1ul << 20, 0], 3, path));
            var shown = decoder.Decode(Slots.Call("close", [3], at: 5000)).Value("fd")!;
            return shown[0] == '3' && shown[1] == '<' && shown.IndexOf('>', StringComparison.Ordinal) == shown.Length - 1 && (opened.Return + shown).All(character => character is >= ' ' and < '\u007F');
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_lies_in_the_slots_of_a_recording_is_decoded_counted_and_explained_without_an_exception() =>
        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var decoder = new CallDecoder(buffers: true);
            var calls = Enumerable.Range(0, 50).Select(_ =>
            {
                var slot = new byte[SlotLayout.Bytes];
                random.NextBytes(slot);
                BinaryPrimitives.WriteUInt16LittleEndian(slot.AsSpan(SlotLayout.Number), (ushort)random.Next(470));
                BinaryPrimitives.WriteInt32LittleEndian(slot.AsSpan(SlotLayout.Process), random.Next(1, 4));
                BinaryPrimitives.WriteInt64LittleEndian(slot.AsSpan(SlotLayout.Return), random.Next(-120, 12));
                BinaryPrimitives.WriteInt16LittleEndian(slot.AsSpan(SlotLayout.Lengths), (short)random.Next(-14, 129));
                BinaryPrimitives.WriteInt16LittleEndian(slot.AsSpan(SlotLayout.Lengths + 2), (short)random.Next(-14, 65));
                return new RecordedCall(slot, (CallState)random.Next(4));
            }).Select(decoder.Decode).ToList();
            var statistics = new Plumb.Recorder.Statistics.CallStatistics();
            calls.ForEach(call => statistics.Add(call));
            var said = Plumb.Recorder.Explanation.Read(calls);
            var text = string.Concat(calls.Select(call => call.ParameterText + call.Return + call.Command).Concat(said.Suspects.Select(one => one.Text)).Concat(said.Observations.Select(one => one.Text)));
            return statistics.Count == 50 && text.All(character => character is >= ' ' and < '\u007F' or 'µ' or '×');
        }).QuickCheckThrowOnFailure();

    private string Named(ulong descriptor) => Do("lseek", [descriptor, 0, 1]).Value("fd")!;

    private static byte[] Address(ushort port) => [2, 0, (byte)(port >> 8), (byte)(port & 0xFF), 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

    private DecodedCall Do(string name, ulong[] arguments, long result = 0, byte[]? first = null, byte[]? second = null) => _decoder.Decode(Slots.Call(name, arguments, result, first, second, at: _now += 1000));
}
