using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class CallDecoderTests
{
    private const ulong CurrentDirectory = 0xFFFFFF9C;
    private CallDecoder Decoder { get; } = new();

    [Fact]
    public void An_open_that_failed_reads_as_strace_writes_it()
    {
        var call = Decoder.Decode(Slots.Call("openat", [CurrentDirectory, 0x7000, 0x241, 0x1B6], -13, Slots.Path("/etc/passwd"), user: 1000));
        Assert.Equal("openat", call.Name);
        Assert.Equal("dfd=AT_FDCWD, filename=\"/etc/passwd\", flags=O_WRONLY|O_CREAT|O_TRUNC, mode=0666", call.ParameterText);
        Assert.Equal("-1 EACCES (Permission denied)", call.Return);
        Assert.Equal("EACCES", call.Error);
    }

    [Fact]
    public void The_mode_of_an_open_that_makes_no_file_is_left_out() =>
        Assert.Equal("filename=\"/x\", flags=O_RDONLY", Decoder.Decode(Slots.Call("open", [0x7000, 0, 0xDEAD], 3, Slots.Path("/x"))).ParameterText);

    [Theory]
    [InlineData(new byte[] { 2, 0, 0x01, 0xBB, 10, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, "10.96.0.1:443")]
    [InlineData(new byte[] { 10, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 }, "[::1]:80")]
    [InlineData(new byte[] { 1, 0, (byte)'/', (byte)'r', (byte)'/', (byte)'s', 0 }, "unix:/r/s")]
    [InlineData(new byte[] { 1, 0, 0, (byte)'x', (byte)'y' }, "unix:@xy")]
    [InlineData(new byte[] { 1, 0 }, "unix:(unnamed)")]
    public void An_address_reads_as_people_write_it(byte[] address, string text) =>
        Assert.Equal(text, Decoder.Decode(Slots.Call("connect", [3, 0x7000, (ulong)address.Length], -111, address)).Value("addr"));

    [Fact]
    public void Two_paths_keep_their_own_halves() =>
        Assert.Equal("oldname=\"/a\", newname=\"/b\"", Decoder.Decode(Slots.Call("rename", [1, 2], 0, Slots.Path("/a"), Slots.Path("/b"))).ParameterText);

    [Fact]
    public void A_string_that_did_not_fit_says_so_and_one_that_could_not_be_read_too()
    {
        var cut = new byte[SlotLayout.PayloadBytes];
        Array.Fill(cut, (byte)'a', 0, cut.Length - 1);
        Assert.EndsWith("aaa\"...", Decoder.Decode(Slots.Call("chdir", [1], 0, cut)).Value("filename"), StringComparison.Ordinal);
        var unread = Slots.Of("chdir", [0x1234]);
        unread[SlotLayout.Lengths] = unchecked((byte)-14);
        unread[SlotLayout.Lengths + 1] = 0xFF;
        Assert.Equal("0x1234 (unreadable)", Decoder.Decode(new RecordedCall(unread, CallState.Returned)).Value("filename"));
    }

    [Fact]
    public void What_is_written_to_others_than_the_log_is_shown_only_when_asked_for()
    {
        var secret = Slots.Call("write", [5, 0x7000, 6], 6, "secret"u8.ToArray());
        Assert.Equal("0x7000", Decoder.Decode(secret).Value("buf"));
        Assert.Equal("\"secret\"", new CallDecoder(buffers: true).Decode(secret).Value("buf"));
        Assert.Equal("\"hello\"...", Decoder.Decode(Slots.Call("write", [1, 0x7000, 600], 600, "hello"u8.ToArray())).Value("buf"));
    }

    [Fact]
    public void A_call_without_a_signature_is_shown_by_name_with_raw_arguments()
    {
        var call = Decoder.Decode(Slots.Call("add_key", [3, 1, 0, 0, 0, 255], 1));
        Assert.Equal("add_key", call.Name);
        Assert.Equal("arg0=0x3, arg1=0x1, arg2=0, arg3=0, arg4=0, arg5=0xff", call.ParameterText);
    }

    [Fact]
    public void A_call_that_did_not_return_says_why()
    {
        Assert.Equal("?", Decoder.Decode(Slots.Call("exit_group", [1], state: CallState.Final)).Return);
        Assert.Equal("? (not returned yet)", Decoder.Decode(Slots.Call("poll", [1, 1, 0], state: CallState.InFlight)).Return);
        Assert.Equal("? (its return was lost)", Decoder.Decode(Slots.Call("poll", [1, 1, 0], state: CallState.ReturnLost)).Return);
        Assert.StartsWith("? ERESTARTSYS", Decoder.Decode(Slots.Call("read", [0, 1, 1], -512)).Return, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_signature_names_a_call_that_exists_and_keeps_at_most_two_things()
    {
        var names = CallTable.Known.Select(call => call.Signature.Name).ToHashSet();
        Assert.All(Tables.Lines("signatures.txt"), line => Assert.Contains(line.Split(' ')[0], names));
        Assert.All(CallTable.Known, call => Assert.True(call.Signature.Items.Length <= 2));
        Assert.True(CallTable.Known.Count(call => call.Signature.Parameters is not null) >= 250);
    }

    [Fact]
    public void Every_kind_of_a_parameter_is_one_that_is_decoded()
    {
        string[] numbers = ["fd", "dirfd", "int", "uint", "size", "offset", "ptr", "mode", "optname", "prctlrest", "futexaddr", "futexval"];
        var items = CallTable.Known.SelectMany(call => call.Signature.Items.Select((_, item) => call.Signature.KindOf(item))).ToHashSet();
        Assert.All(CallTable.Known.SelectMany(call => call.Signature.Parameters ?? []), parameter => Assert.True(numbers.Contains(parameter.Kind) || items.Contains(parameter.Kind) || Constants.IsKnown(parameter.Kind)
            || (parameter.Kind, parameter.Name) == ("siginfo", "info"), parameter.Kind));
    }

    [Fact]
    public void No_name_of_a_stranger_reaches_the_terminal_unescaped() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var kept = bytes.Take(SlotLayout.PayloadBytes - 1).Append((byte)0).ToArray();
            var text = Decoder.Decode(Slots.Call("chdir", [1], 0, kept)).ParameterText;
            return text.All(character => character is >= ' ' and < '\u007F');
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whatever_lies_in_a_slot_is_decoded_without_an_exception() =>
        Prop.ForAll<int>(seed =>
        {
            var slot = new byte[SlotLayout.Bytes];
            new Random(seed).NextBytes(slot);
            slot[SlotLayout.Number + 1] &= 1;
            var decoded = new CallDecoder(buffers: true).Decode(new RecordedCall(slot, CallState.Returned));
            return Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(decoded.ParameterText + decoded.Command)) == decoded.ParameterText + decoded.Command;
        }).QuickCheckThrowOnFailure();
}
