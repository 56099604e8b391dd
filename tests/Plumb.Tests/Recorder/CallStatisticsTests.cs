using FsCheck;
using FsCheck.Fluent;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Statistics;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class CallStatisticsTests
{
    private readonly CallDecoder _decoder = new();
    private readonly CallStatistics _statistics = new();

    [Fact]
    public void Calls_errors_bytes_and_files_are_counted_by_name()
    {
        Add("openat", [0xFFFFFF9C, 1ul << 20, 0], -2, Slots.Path("/etc/app.conf"));
        Add("openat", [0xFFFFFF9C, 1ul << 20, 0], 4, Slots.Path("/etc/app.conf"));
        Add("read", [4, 1ul << 20, 100], 60);
        Add("read", [4, 1ul << 20, 100], 40);
        Add("exit_group", [0], state: CallState.Final);
        Assert.Equal(5, _statistics.Count);
        var opened = _statistics.Calls.Single(one => one.Name == "openat");
        Assert.Equal((2, 1, 500ul), (opened.Count, opened.Failed, opened.P50Ns));
        Assert.Equal(1, opened.Errors["ENOENT"]);
        Assert.Equal(0.5, opened.Share);
        var file = Assert.Single(_statistics.Files);
        Assert.Equal(("/etc/app.conf", 4, 100), (file.Name, file.Count, file.Bytes));
        Assert.Equal("app 100/100", Assert.Single(_statistics.Threads).Name);
    }

    [Fact]
    public void The_other_end_of_a_socket_is_a_peer()
    {
        Add("socket", [2, 1, 0], 5);
        Add("connect", [5, 1ul << 20, 16], -111, [2, 0, 0x15, 0x38, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        Add("connect", [5, 1ul << 20, 16], 0, [2, 0, 0x15, 0x38, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        Add("sendto", [5, 1ul << 20, 3], 3);
        var peer = Assert.Single(_statistics.Peers);
        Assert.Equal(("127.0.0.1:5432", 2, 3), (peer.Name, peer.Count, peer.Bytes));
    }

    [Fact]
    public void A_quantile_is_within_a_sixteenth_of_the_exact_one() =>
        Prop.ForAll<uint[], byte>((values, percent) =>
        {
            if (values.Length == 0)
            {
                return true;
            }
            var histogram = new DurationHistogram();
            Array.ForEach(values, value => histogram.Add(value));
            var quantile = Math.Max(1, percent % 101) / 100.0;
            var exact = values.Order().ElementAt((int)Math.Ceiling(quantile * values.Length) - 1);
            return histogram.Quantile(quantile) is var found && found >= exact && found <= exact * (1 + (1 / 16.0)) + 1;
        }).QuickCheckThrowOnFailure();

    private void Add(string name, ulong[] arguments, long result = 0, byte[]? first = null, CallState state = CallState.Returned) => _statistics.Add(_decoder.Decode(Slots.Call(name, arguments, result, first, state: state)));
}
