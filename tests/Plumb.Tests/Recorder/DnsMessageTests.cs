using System.Text;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Masking;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class DnsMessageTests
{
    private readonly CallDecoder _decoder = new();

    [Fact]
    public void Name_type_and_answer_of_a_message_are_read()
    {
        Assert.Equal("DNS question 4660 AAAA db.default.svc", DnsMessage.Of(Message("db.default.svc", 0x0100, type: 28), isCut: false)!.Text);
        Assert.Equal("DNS answer 4660 NXDOMAIN, to A db", DnsMessage.Of(Message("db", 0x8183), isCut: false)!.Text);
        Assert.Equal("DNS answer 4660 no such record, to A db", DnsMessage.Of(Message("db", 0x8180), isCut: false)!.Text);
        Assert.Equal("DNS answer 4660 NOERROR, 2 records, to A db", DnsMessage.Of(Message("db", 0x8180, answers: 2), isCut: false)!.Text);
    }

    [Fact]
    public void A_name_that_was_cut_off_says_so()
    {
        var message = DnsMessage.Of(Message("a-long-name.in-a-long-domain.example", 0x0100).AsSpan(0, 30), isCut: true)!;
        Assert.Equal("a-long-name.in-a-", message.Name[..17]);
        Assert.EndsWith("...", message.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_else_is_taken_for_a_question()
    {
        Assert.Null(DnsMessage.Of(Encoding.ASCII.GetBytes("GET /secret HTTP/1.1\r\nAuthorization: hunter2\r\n\r\n"), isCut: false));
        Assert.Null(DnsMessage.Of(new byte[40], isCut: false));
        Assert.Null(DnsMessage.Of(Message("db", 0x0100, answers: 1), isCut: false));
        Assert.Null(DnsMessage.Of(Message("p@ssword", 0x0100), isCut: false));
        Assert.Null(DnsMessage.Of(Message("db", 0x0100).AsSpan(0, 15), isCut: false));
    }

    [Fact]
    public void Only_header_and_question_of_a_message_are_shown_and_other_received_bytes_are_not()
    {
        byte[] answer = [.. Message("db", 0x8180, answers: 1), .. "hunter2"u8];
        var decoded = _decoder.Decode(Slots.Call("recvfrom", [3, 1ul << 20, 2048, 0, 0, 0], answer.Length, answer));
        Assert.Equal("{DNS answer 4660 NOERROR, 1 records, to A db}", decoded.Value("buf"));
        Assert.DoesNotContain("hunter2", Encoding.Latin1.GetString(decoded.Call.CopySlot()), StringComparison.Ordinal);
        var other = _decoder.Decode(Slots.Call("recvfrom", [3, 1ul << 20, 2048, 0, 0, 0], 7, "hunter2"u8.ToArray()));
        Assert.Equal("0x100000", other.Value("buf"));
        Assert.DoesNotContain("hunter2", Encoding.Latin1.GetString(other.Call.CopySlot()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_can_be_masked()
    {
        var decoder = new CallDecoder(new Privacy(patterns: [Privacy.Pattern("db").Value!]));
        Assert.DoesNotContain("db", decoder.Decode(Slots.Call("sendto", [3, 1ul << 20, 20, 0, 0, 0], 20, Message("db", 0x0100))).Value("buf")!, StringComparison.Ordinal);
    }

    internal static byte[] Message(string name, int flags, byte answers = 0, byte type = 1) =>
    [
        0x12, 0x34, (byte)(flags >> 8 & 0xFF), (byte)(flags & 0xFF), 0, 1, 0, answers, 0, 0, 0, 0,
        .. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0, 0, type, 0, 1,
    ];
}
