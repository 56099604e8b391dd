using Plumb.Lab.Payments.Hosting;
using Xunit;

namespace Plumb.Tests.Lab.Payments;

public sealed class TraceContextTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string SpanId = "00f067aa0ba902b7";

    [Fact]
    public void A_valid_header_continues_the_trace_in_a_new_span()
    {
        var trace = TraceContext.Continue($"00-{TraceId}-{SpanId}-01", "vendor=1");

        Assert.Equal(TraceId, trace.TraceId);
        Assert.Equal(SpanId, trace.ParentSpanId);
        Assert.NotEqual(SpanId, trace.SpanId);
        Assert.Equal("vendor=1", trace.State);
        Assert.Equal($"00-{TraceId}-{trace.SpanId}-01", trace.Header);
    }

    [Fact]
    public void A_header_of_a_later_version_may_have_more_fields()
    {
        Assert.Equal(TraceId, TraceContext.Continue($"cc-{TraceId}-{SpanId}-01-what-the-future-brings", null).TraceId);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")]
    [InlineData("00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01")]
    public void What_is_no_valid_header_starts_a_new_trace(string? header)
    {
        var trace = TraceContext.Continue(header, "vendor=1");

        Assert.NotEqual(TraceId, trace.TraceId);
        Assert.Null(trace.ParentSpanId);
        Assert.Null(trace.State);
        Assert.Equal(trace.TraceId, TraceContext.Continue(trace.Header, null).TraceId);
    }
}
