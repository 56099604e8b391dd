using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Logs.Lines;
using Xunit;

namespace Plumb.Tests.Logs;

public sealed class LineScannerTests
{
    private const string Hex = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("""{"timestamp":"2026-05-01T14:23:01.234Z","trace_id":"pay-abc123","service":"auth","event":"user_authenticated","level":"INFO"}""", "pay-abc123", "auth")]
    [InlineData("""{"time":1777645381234,"traceId":"4BF92F3577B34DA6A3CE929D0E0E4736","resource":{"service.name":"ledger"},"severity":"ERROR"}""", Hex, "ledger")]
    [InlineData("""{"@timestamp":"2026-05-01T14:23:01Z","trace":{"id":"4bf92f3577b34da6a3ce929d0e0e4736"},"service":{"name":"ecs"},"log.level":"info"}""", Hex, "ecs")]
    [InlineData("""{"ts":1777645381.234,"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","svc":"zap"}""", Hex, "zap")]
    [InlineData("""{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"otlp"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1777645381234000000","severityText":"Error","traceId":"4BF92F3577B34DA6A3CE929D0E0E4736"}]}]}]}""", Hex, "otlp")]
    [InlineData("""{"a\u0062":1,"trace_id":"pay\u002d9","time":"2026-05-01T14:23:01+02:00","service":"escaped"}""", "pay-9", "escaped")]
    [InlineData("""2026-05-01T14:23:01.234567890Z stdout F {"trace_id":"pay-1","service":"cri","time":"2026-05-01T14:23:01Z"}""", "pay-1", "cri")]
    [InlineData("""{"log":"{\"timestamp\":\"2026-05-01T14:23:01Z\",\"trace_id\":\"pay-2\",\"service\":\"docker\"}\n","stream":"stdout","time":"2026-05-01T14:23:02.5Z"}""", "pay-2", "docker")]
    [InlineData("""auth-1  | {"timestamp":"2026-05-01T14:23:01.234Z","trace_id":"pay-3"}""", "pay-3", "auth")]
    [InlineData("""[pod/ledger-6d5b9c7f8-x2k4p/ledger] 2026/05/01 14:23:01 TraceID: pay-4 done""", "pay-4", "ledger")]
    [InlineData("""<165>1 2026-05-01T14:23:01.003Z host1 rfc5424 8710 ID47 [ex@32473 trace_id="4bf92f35-77b3-4da6-a3ce-929d0e0e4736" x="a]b"] text""", Hex, "rfc5424")]
    [InlineData("""<34>Oct 11 22:14:15 mymachine su[12]: failed, trace id: pay-5""", "pay-5", "su")]
    [InlineData("""time=2026-05-01T14:23:01Z level=error trace_id=pay-6 msg="hello trace_id=x" service=logfmt""", "pay-6", "logfmt")]
    [InlineData("""2026-05-01 14:23:01.123  INFO [spring,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7] 1 --- [main] hello""", Hex, "spring")]
    [InlineData("""{"trace_id":"pay-7","service":"cut","time":"2026-05-01T14:23:01Z","mess""", "pay-7", "cut")]
    public void An_id_and_a_service_are_found_wherever_they_stand(string line, string id, string service)
    {
        Assert.True(TraceKey.TryRead(Encoding.UTF8.GetBytes(id), out var expected));

        var (fields, found) = Scan(line);

        Assert.True(fields.HasTrace, line);
        Assert.Equal(expected, fields.Key);
        Assert.Equal(service, found);
        Assert.NotEqual(0, fields.Ticks);
    }

    [Theory]
    [InlineData("""{"timestamp":"2026-05-01T14:23:01Z","level":"error","message":"no id here"}""")]
    [InlineData("2026-05-01T14:23:02.415Z ERROR Connection timeout to email provider smtp.example.com:587")]
    [InlineData("""{"trace_id":"00000000000000000000000000000000","time":"2026-05-01T14:23:01Z"}""")]
    [InlineData("""{"traceparent":"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","time":"2026-05-01T14:23:01Z"}""")]
    [InlineData("""{"traceparent":"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01","time":"2026-05-01T14:23:01Z"}""")]
    [InlineData("2026-05-01T14:23:01Z INFO the trace shows nothing")]
    [InlineData("""{"time":"2026-05-01T14:23:01Z","trace_id":null}""")]
    [InlineData("""{"time":"2026-05-01T14:23:01Z","trace_id":""}""")]
    public void What_is_no_id_is_not_taken_for_one(string line) => Assert.False(Scan(line).Fields.HasTrace);

    [Theory]
    [InlineData("2026-05-01T14:23:01.5Z")]
    [InlineData("2026-05-01T16:23:01.500+02:00")]
    [InlineData("2026-05-01 09:23:01,500000 -0500")]
    [InlineData("2026-05-01T14:23:01.500000000")]
    [InlineData("1777645381.5")]
    [InlineData("1777645381500")]
    [InlineData("1777645381500000")]
    [InlineData("1777645381500000000")]
    [InlineData("01/May/2026:14:23:01.5 +0000")]
    public void The_same_moment_is_read_from_every_zone_and_precision(string text)
    {
        Assert.True(new Timestamps(Now).TryRead(Encoding.UTF8.GetBytes(text), out var ticks, out var used, out _));
        Assert.Equal(new DateTime(2026, 5, 1, 14, 23, 1, 500), new DateTime(ticks));
        Assert.Equal(text.Length, used);
    }

    [Fact]
    public void Of_a_collectors_time_and_the_programs_own_the_programs_counts()
    {
        var fields = new LineFields();
        new LineScanner(Now).Scan("2026-05-01T14:23:05.000000000Z 2026-05-01T14:23:01.5Z ERROR lost"u8, Wanted.Grouping, ref fields);

        Assert.Equal(new DateTime(2026, 5, 1, 14, 23, 1, 500), new DateTime(fields.Ticks));
        Assert.Equal(LogLevel.Error, fields.Level);
        Assert.Equal("lost", LineScanner.Text(fields.Message));
    }

    [Theory]
    [InlineData("2026-13-01T14:23:01Z")]
    [InlineData("2026-02-30T14:23:01Z")]
    [InlineData("2026-05-01T24:23:01Z")]
    [InlineData("12345")]
    [InlineData("hello world, this is text")]
    public void What_is_no_time_is_refused(string text) => Assert.False(new Timestamps(Now).TryRead(Encoding.UTF8.GetBytes(text), out _, out _, out _));

    [Fact]
    public void A_time_without_a_year_is_the_newest_that_does_not_lie_in_the_future()
    {
        Assert.True(new Timestamps(Now).TryRead("Dec 31 23:59:59"u8, out var december, out _, out _));
        Assert.True(new Timestamps(Now).TryRead("Nov 22 11:00:00"u8, out var today, out _, out _));

        Assert.Equal(2025, new DateTime(december).Year);
        Assert.Equal(2026, new DateTime(today).Year);
    }

    [Fact]
    public void All_spellings_of_an_id_are_one_id()
    {
        var keys = new[] { Hex, Hex.ToUpperInvariant(), "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" }.Select(Key).ToArray();

        Assert.Single(keys.Distinct());
        Assert.True(Key(Hex[16..]).Matches(keys[0]));
        Assert.False(Key(Hex[..16]).Matches(keys[0]));
        Assert.NotEqual(Key("pay-abc123"), Key("pay-abc124"));
    }

    private static TraceKey Key(string text)
    {
        Assert.True(TraceKey.TryRead(Encoding.UTF8.GetBytes(text), out var key));
        return key;
    }

    [Fact]
    public void A_scanner_reads_a_line_as_a_fresh_one_does_whatever_it_read_before()
    {
        string[] lines =
        [
            """{"timestamp":"2026-05-01T14:23:01.234Z","level":"info","service":"auth","trace_id":"pay-1","event":"a"}""", """{"timestamp":"2026-05-01T14:23:02Z","level":"error","service":"auth","event":"b"}""",
            """{"timestamp":"2026-05-01T14:23:03Z","service":"ledger","level":"warn","trace_id":"pay-2"}""", """{ "timestamp" : "2026-05-01T14:23:04Z", "level":"info","trace":{"id":"pay-3"}}""",
            """{"timestamp":17776453813,"level":30,"service":"pino","trace_id":"pay-4"}""", """{"timestamp":"2026-05-01T14:23:05Z","level":"inf\u006f","service":"esc\"aped","trace_id":"pay-5"}""",
            """{"timestamp":"2026-05-01T14:23:06Z","level":"info","service":"cut""", """{"timestamp":"2026-05-01T14:23:06Z"}""", "{}", "2026-05-01T14:23:01Z ERROR x",
        ];
        Prop.ForAll(Arb.From(Gen.ListOf(Gen.Elements(lines)).Resize(40)), chosen =>
        {
            var used = new LineScanner(Now);
            foreach (var line in chosen)
            {
                Assert.Equal(Read(new LineScanner(Now), line), Read(used, line));
            }
        }).QuickCheckThrowOnFailure();

        static (TraceKey, long, LogLevel, LineForm, string, string) Read(LineScanner scanner, string line)
        {
            var fields = new LineFields();
            scanner.Scan(Encoding.UTF8.GetBytes(line), Wanted.Grouping, ref fields);
            return (fields.Trace, fields.Ticks, fields.Level, fields.Form, LineScanner.Text(fields.Service), LineScanner.Text(fields.Event));
        }
    }

    [Fact]
    public void Sixteen_digits_are_a_number_exactly_when_each_is_hexadecimal()
    {
        var letters = Gen.Elements("0123456789abcdefABCDEF0123456789abcdefABCDEF/:@G`g\u007f\u0010".ToCharArray());
        Prop.ForAll(Arb.From(Gen.ArrayOf(letters, 16)), digits =>
        {
            var text = new string(digits);
            var isHex = ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value != 0;
            Assert.True(TraceKey.TryRead(Encoding.UTF8.GetBytes(text), out var key) || value == 0);
            Assert.Equal(isHex, key == new TraceKey(0, value) && value != 0);
        }).QuickCheckThrowOnFailure();
        Assert.True(TraceKey.TryRead("00f067AA0ba902b7"u8, out var known));
        Assert.Equal(new TraceKey(0, 0x00f067aa0ba902b7), known);
    }

    private static ((bool HasTrace, TraceKey Key, long Ticks) Fields, string Service) Scan(string line)
    {
        var fields = new LineFields();
        new LineScanner(Now).Scan(Encoding.UTF8.GetBytes(line), Wanted.Grouping, ref fields);
        return ((fields.HasTrace, fields.Trace, fields.Ticks), LineScanner.Text(fields.Service));
    }
}
