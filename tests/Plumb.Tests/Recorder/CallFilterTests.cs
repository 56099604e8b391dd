using Plumb.Recorder.Decoding;
using Plumb.Recorder.Filters;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class CallFilterTests
{
    private static readonly CallDecoder Decoder = new();
    private static readonly DecodedCall Missing = Decoder.Decode(Slots.Call("openat", [0xFFFFFF9C, 1ul << 20, 0], -2, Slots.Path("/etc/app.conf"), process: 200));
    private static readonly DecodedCall Mapped = Decoder.Decode(Slots.Call("mmap", [0, 4096, 1, 2, 3, 0], 0x7000, process: 201));
    private static readonly DecodedCall Waiting = Decoder.Decode(Slots.Call("futex", [1ul << 20, 0, 1], process: 202, state: CallState.InFlight));

    [Theory]
    [InlineData("openat", null, null, null, null, "openat")]
    [InlineData("%file", null, null, null, null, "openat")]
    [InlineData("memory,futex", null, null, null, null, "mmap futex")]
    [InlineData("desc", null, null, null, null, "openat mmap")]
    [InlineData(null, "any", null, null, null, "openat")]
    [InlineData(null, "EACCES,ENOENT", null, null, null, "openat")]
    [InlineData(null, "EACCES", null, null, null, "")]
    [InlineData(null, null, "/etc/*.conf", null, null, "openat")]
    [InlineData(null, null, "/etc/?", null, null, "")]
    [InlineData(null, null, null, "1ms", null, "futex")]
    [InlineData(null, null, null, "0.5us", null, "openat mmap futex")]
    [InlineData(null, null, null, null, "201", "mmap")]
    [InlineData(null, null, null, null, "a*", "openat mmap futex")]
    [InlineData(null, null, null, null, "b*", "")]
    public void Each_filter_shows_what_it_names(string? calls, string? errors, string? path, string? atLeast, string? process, string shown)
    {
        var filter = CallFilter.Parse(calls, errors, path, atLeast, process);
        Assert.True(filter.IsOk, filter.Problem?.ToString());
        Assert.Equal(shown, string.Join(' ', ((DecodedCall[])[Missing, Mapped, Waiting]).Where(filter.Value.Shows).Select(call => call.Name)));
    }

    [Theory]
    [InlineData("opnat", null, null, "Did you mean 'openat'?")]
    [InlineData(null, "ENOTHING", null, "is no name of an error")]
    [InlineData(null, null, "10", "Write a number and its unit")]
    [InlineData(null, null, "-1ms", "Write a number and its unit")]
    public void A_word_that_filters_nothing_is_refused(string? calls, string? errors, string? atLeast, string message)
    {
        var filter = CallFilter.Parse(calls, errors, null, atLeast, null);
        Assert.False(filter.IsOk);
        Assert.Contains(message, filter.Problem.ToString(), StringComparison.Ordinal);
    }
}
