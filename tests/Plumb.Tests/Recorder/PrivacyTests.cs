using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class PrivacyTests
{
    [Theory]
    [InlineData("psql\0--password\0hunter2\0-h\0db\0", """["psql", "--password", "<redacted>", "-h", "db"]""")]
    [InlineData("app\0--api-key=hunter2\0x\0", """["app", "--api-key=<redacted>", "x"]""")]
    [InlineData("curl\0-u\0me:hunter2\0http://a\0", """["curl", "-u", "me:<redacted>", "http://a"]""")]
    [InlineData("psql\0postgres://me:hunter2@db/x\0", """["psql", "postgres://me:<redacted>@db/x"]""")]
    [InlineData("env\0PGPASSWORD=hunter2\0", """["env", "PGPASSWORD=<redacted>"]""")]
    [InlineData("ls\0-l\0/etc/passwd\0", """["ls", "-l", "/etc/passwd"]""")]
    public void A_password_among_a_programs_arguments_is_masked(string argv, string shown) =>
        Assert.Equal(shown, new CallDecoder().Decode(Slots.Call("execve", [1ul << 20, 1ul << 20, 0], 0, Slots.Path("/bin/x"), Encoding.ASCII.GetBytes(argv))).Value("argv"));

    [Theory]
    [InlineData("Authorization: Bearer abcdef.ghi\r\nHost: x", "Authorization: Bearer <redacted>\\r\\nHost: x")]
    [InlineData("{\"password\": \"hunter2\", \"a\": 1}", "{\\\"password\\\": \\\"<redacted>\\\", \\\"a\\\": 1}")]
    [InlineData("key AKIAIOSFODNN7EXAMPLE used", "key <redacted> used")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "-----BEGIN RSA PRIVATE KEY-----<redacted>")]
    [InlineData("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.x-y", "jwt <redacted>")]
    [InlineData("PWD=/srv/app; Server=db;Pwd=hunter2", "PWD=/srv/app; Server=db;Pwd=<redacted>")]
    [InlineData("basic functions work: no secret here", "basic functions work: no secret here")]
    [InlineData("opened /etc/app.conf, 3 tokens", "opened /etc/app.conf, 3 tokens")]
    public void What_looks_like_a_secret_in_a_log_is_masked_and_the_rest_of_the_line_is_not(string written, string shown) =>
        Assert.StartsWith($"\"{shown}\"", new CallDecoder().Decode(Slots.Call("write", [1, 1ul << 20, (ulong)written.Length], written.Length, Encoding.ASCII.GetBytes(written))).Value("buf"), StringComparison.Ordinal);

    [Fact]
    public void The_content_of_a_secret_is_hidden_also_where_buffers_are_asked_for_and_its_name_is_not()
    {
        var decoder = new CallDecoder(buffers: true);
        var open = decoder.Decode(Slots.Call("openat", [0xFFFFFF9C, 1ul << 20, 0], 7, Slots.Path("/var/run/secrets/kubernetes.io/serviceaccount/token")));
        Assert.Contains("serviceaccount/token\"", open.ParameterText, StringComparison.Ordinal);
        Assert.Equal("0x100000", decoder.Decode(Slots.Call("read", [7, 1ul << 20, 100], 5, "xyz12"u8.ToArray())).Value("buf"));
        decoder.Decode(Slots.Call("close", [7], 0, at: 5000));
        decoder.Decode(Slots.Call("openat", [0xFFFFFF9C, 1ul << 20, 0], 7, Slots.Path("/etc/motd"), at: 6000));
        Assert.Equal("\"xyz12\"", decoder.Decode(Slots.Call("read", [7, 1ul << 20, 100], 5, "xyz12"u8.ToArray())).Value("buf"));
    }

    [Fact]
    public void A_pattern_of_the_user_is_masked_in_paths_arguments_buffers_and_names()
    {
        var pattern = Privacy.Pattern("customer-[0-9]+|Müller");
        Assert.True(pattern.IsOk);
        var decoder = new CallDecoder(new Privacy(patterns: [pattern.Value]));
        var call = decoder.Decode(Slots.Call("openat", [0xFFFFFF9C, 1ul << 20, 0], 7, Slots.Path("/data/customer-42/Müller.db")));
        Assert.Equal("\"/data/<redacted>/<redacted>.db\"", call.Value("filename"));
        Assert.Equal("7</data/<redacted>/<redacted>.db>", call.Return);
        Assert.DoesNotContain("42", Encoding.Latin1.GetString(call.Call.CopySlot()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("(?<=x)y")]
    public void A_pattern_that_cannot_be_used_is_one_line(string pattern)
    {
        var refused = Privacy.Pattern(pattern);
        Assert.False(refused.IsOk);
        Assert.DoesNotContain('\n', refused.Problem.What);
    }

    [Fact]
    public void A_scrubbed_call_holds_nothing_that_is_not_shown_and_reads_the_same() =>
        Prop.ForAll<int>(seed =>
        {
            var slot = new byte[SlotLayout.Bytes];
            new Random(seed).NextBytes(slot);
            slot[SlotLayout.Number + 1] &= 1;
            slot[SlotLayout.Lengths + 1] = slot[SlotLayout.Lengths + 3] = 0;
            var scrubbed = new RecordedCall(slot, CallState.Returned).Scrubbed();
            return new CallDecoder().Decode(scrubbed).ParameterText == new CallDecoder().Decode(new RecordedCall(slot, CallState.Returned)).ParameterText
                && scrubbed.Scrubbed().CopySlot().AsSpan().SequenceEqual(scrubbed.CopySlot());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_a_program_writes_to_its_files_is_not_in_a_scrubbed_call()
    {
        var scrubbed = Slots.Call("write", [5, 1ul << 20, 6], 6, "secret"u8.ToArray()).Scrubbed();
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(scrubbed.CopySlot()), StringComparison.Ordinal);
        Assert.Contains("log", Encoding.Latin1.GetString(Slots.Call("write", [1, 1ul << 20, 3], 3, "log"u8.ToArray()).Scrubbed().CopySlot()), StringComparison.Ordinal);
    }
}
