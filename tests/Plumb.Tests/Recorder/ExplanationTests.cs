using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class ExplanationTests
{
    private const int ENoEnt = 2;
    private const int EAccess = 13;
    private const int EAgain = 11;
    private const int ConnectionRefused = 111;

    private readonly List<DecodedCall> _calls = [];
    private readonly CallDecoder _decoder = new();
    private ulong _now = 1_000_000;

    [Fact]
    public void The_missing_file_before_the_exit_is_named_with_its_time()
    {
        Open("/etc/app.conf", -ENoEnt);
        _now += 12_000_000;
        Exit(1);
        var suspect = Assert.Single(Explanation.Of(_calls));
        Assert.Equal("app (process 100) ended with 1; its last failure that matters was openat(\"/etc/app.conf\") = ENOENT (No such file or directory), 12 ms before", suspect.Text);
    }

    [Fact]
    public void A_file_that_was_found_later_is_not_blamed()
    {
        Open("/etc/app.conf", -ENoEnt);
        Open("/opt/lib/libx.so", -ENoEnt);
        Open("/usr/lib/libx.so", 3);
        Exit(1);
        Assert.Contains("app.conf", Assert.Single(Explanation.Of(_calls)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_path_and_the_c_librarys_translations_are_blamed_after_a_single_missing_file()
    {
        Open("/etc/app.conf", -ENoEnt);
        Open("/a/plugin.so", -ENoEnt);
        Open("/b/plugin.so", -ENoEnt);
        Open("/usr/share/locale/C/LC_MESSAGES/libc.mo", -ENoEnt);
        Exit(1);
        Assert.Contains("app.conf", Assert.Single(Explanation.Of(_calls)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_counts_more_than_a_missing_file_and_names_the_user_and_how_often()
    {
        Open("/etc/passwd", -EAccess, user: 1000);
        Open("/etc/passwd", -EAccess, user: 1000);
        Open("/home/x/.cache", -ENoEnt);
        Exit(1);
        var suspect = Assert.Single(Explanation.Of(_calls));
        Assert.Equal(2, suspect.Times);
        Assert.Contains("EACCES (Permission denied) as user 1000", suspect.Text, StringComparison.Ordinal);
        Assert.EndsWith(", 2 times", suspect.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_connection_names_its_address_and_a_busy_socket_is_normal()
    {
        _calls.Add(_decoder.Decode(Slots.Call("connect", [3, 1, 16], -ConnectionRefused, [2, 0, 0x15, 0x38, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("read", [3, 1, 16], -EAgain, at: _now++)));
        Exit(3);
        Assert.Contains("connect(127.0.0.1:5432) = ECONNREFUSED", Assert.Single(Explanation.Of(_calls)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_blamed_for_a_good_exit_or_for_another_process()
    {
        Open("/etc/app.conf", -ENoEnt, process: 200);
        Exit(1);
        Open("/etc/app.conf", -ENoEnt);
        Exit(0);
        Assert.Empty(Explanation.Of(_calls.Where(call => call.Name != "exit_group" || call.Call.Argument(0) == 0).ToArray()));
        Assert.Empty(Explanation.Of(_calls.Take(2).ToArray()));
    }

    [Fact]
    public void A_kill_for_lack_of_memory_tells_how_much_was_asked_for_and_what_was_under_way()
    {
        _calls.Add(_decoder.Decode(Slots.Call("mmap", [0, 512 << 20, 3, 0x22, ulong.MaxValue, 0], 0x7000_0000, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("futex", [1ul << 20, 0x80, 1, 0], at: _now, state: CallState.InFlight)));
        _now += 12_000_000_000;
        var origin = DateTimeOffset.UnixEpoch;
        var suspect = Assert.Single(Explanation.Of(_calls, [new ProcessEnd(0, null, 9, OomKilled: true, origin + TimeSpan.FromTicks((long)_now / 100))], origin));
        Assert.Equal("oom-killed", suspect.Kind);
        Assert.Contains("was killed by the kernel: its container was out of memory", suspect.Text, StringComparison.Ordinal);
        Assert.Contains(suspect.Evidence, line => line.Contains("asked for 512.0 MiB: 1 × mmap", StringComparison.Ordinal));
        Assert.Contains(suspect.Evidence, line => line.StartsWith("thread 100 was in futex(", StringComparison.Ordinal) && line.EndsWith("for 12.0 s", StringComparison.Ordinal));
    }

    [Fact]
    public void A_signal_that_somebody_told_of_is_named_with_the_last_failure()
    {
        Open("/etc/passwd", -EAccess, user: 1000);
        var suspect = Assert.Single(Explanation.Of(_calls, [ProcessEnd.Of(100, 143, oomKilled: false, DateTimeOffset.UnixEpoch)]));
        Assert.StartsWith("app (process 100) was ended by SIGTERM; its last failure that matters was openat(\"/etc/passwd\") = EACCES", suspect.Text, StringComparison.Ordinal);
        Assert.Equal("refused-access", suspect.Kind);
    }

    [Fact]
    public void A_call_whose_return_was_lost_is_not_under_way_when_its_thread_went_on()
    {
        _calls.Add(_decoder.Decode(Slots.Call("futex", [1ul << 20, 0x80, 1, 0], at: _now++, state: CallState.ReturnLost)));
        Open("/etc/passwd", -EAccess);
        Exit(1);
        Assert.DoesNotContain(Assert.Single(Explanation.Of(_calls)).Evidence, line => line.Contains("futex", StringComparison.Ordinal));
    }

    [Fact]
    public void An_exit_that_the_calls_show_is_told_once()
    {
        Open("/etc/app.conf", -ENoEnt);
        Exit(1);
        Assert.Single(Explanation.Of(_calls, [ProcessEnd.Of(0, 1, oomKilled: false, DateTimeOffset.UnixEpoch)]));
    }

    private void Open(string path, long result, int process = 100, uint user = 0) =>
        _calls.Add(_decoder.Decode(Slots.Call("openat", [0xFFFFFF9C, 1, 0], result, Slots.Path(path), process: process, user: user, at: _now++)));

    private void Exit(ulong code) => _calls.Add(_decoder.Decode(Slots.Call("exit_group", [code], at: _now++, state: CallState.Final)));
}
