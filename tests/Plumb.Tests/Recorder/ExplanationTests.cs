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
    private const int ENoMem = 12;
    private const int EMFile = 24;
    private const int InProgress = 115;
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

    [Fact]
    public void What_an_interpreter_looks_for_beside_its_modules_is_not_blamed()
    {
        Open("/etc/app.conf", -ENoEnt);
        Look("/usr/lib/python3/dist-packages/x/__init__.abi3.so");
        Look("/etc/busybox.conf");
        Exit(1);
        Assert.Contains("app.conf", Assert.Single(Explanation.Of(_calls)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_places_in_which_a_configuration_was_looked_for_are_named_and_come_before_an_earlier_missing_file()
    {
        Open("/etc/optional.conf", -ENoEnt);
        Open("/etc/app/config.yaml", -ENoEnt);
        Open("/home/app/config.yaml", -ENoEnt);
        Open("./config.yaml", -ENoEnt);
        Exit(1);
        var text = Assert.Single(Explanation.Of(_calls)).Text;
        Assert.Contains("was openat(\"./config.yaml\") = ENOENT", text, StringComparison.Ordinal);
        Assert.EndsWith("; it was looked for at \"/etc/app/config.yaml\", \"/home/app/config.yaml\", too", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_went_on_for_long_after_it_missed_a_file_got_over_it()
    {
        Open("/etc/app.conf", -ENoEnt);
        for (var count = 0; count < 600; count++)
        {
            _calls.Add(_decoder.Decode(Slots.Call("getppid", [], 1, at: _now++)));
        }
        Exit(1);
        Assert.Empty(Explanation.Of(_calls));
    }

    [Fact]
    public void A_shell_that_passes_its_childs_exit_on_is_not_blamed_for_failures_of_its_own()
    {
        Open("/etc/profile.local", -ENoEnt);
        Open("/var/lib/app.pid", -EAccess, process: 200, user: 1000);
        Exit(1, process: 200);
        _now += 10_000;
        _calls.Add(_decoder.Decode(Slots.Call("wait4", [ulong.MaxValue, 1ul << 20, 0, 0], 7, [0, 1, 0, 0], at: _now++)));
        _now += 10_000;
        Exit(1);
        var suspect = Assert.Single(Explanation.Of(_calls));
        Assert.StartsWith("app (process 200) ended with 1; its last failure that matters was openat(\"/var/lib/app.pid\") = EACCES", suspect.Text, StringComparison.Ordinal);
        Assert.EndsWith("; app (process 100) ended with the same", suspect.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_without_descriptors_is_blamed_for_the_call_that_met_the_limit_not_for_its_stack_trace()
    {
        _calls.Add(_decoder.Decode(Slots.Call("prlimit64", [0, 7, 1ul << 20, 0], 0, [5, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0], at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 1, 0], 3, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 1, 0], 4, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 1, 0], -EMFile, at: _now++)));
        Open("/usr/lib/app/source.py", -EMFile);
        Exit(1);
        var explained = Explanation.Read(_calls);
        var suspect = Assert.Single(explained.Suspects);
        Assert.Equal("out-of-descriptors", suspect.Kind);
        Assert.Contains("was socket(", suspect.Text, StringComparison.Ordinal);
        Assert.EndsWith("; its limit is 5; opened in the recording and not closed: 2 × TCP", suspect.Text, StringComparison.Ordinal);
        Assert.Empty(explained.Observations);
    }

    [Fact]
    public void Refused_memory_is_one_line_with_the_limit_that_some_call_told()
    {
        _calls.Add(_decoder.Decode(Slots.Call("setrlimit", [9, 1ul << 20], 0, [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0], at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("mmap", [0, 1 << 30, 3, 0x22, ulong.MaxValue, 0], -ENoMem, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("mmap", [0, (1 << 30) + 4096, 3, 0x22, ulong.MaxValue, 0], -ENoMem, at: _now++)));
        Exit(1);
        var explained = Explanation.Read(_calls);
        Assert.Contains("mmap(1,024.0 MiB) = ENOMEM (Cannot allocate memory), 0 µs before, 2 times; its address space is limited to 128.0 MiB (ulimit -v)", Assert.Single(explained.Suspects).Text, StringComparison.Ordinal);
        Assert.Empty(explained.Observations);
    }

    [Fact]
    public void A_container_out_of_memory_is_not_blamed_on_a_missing_file()
    {
        Open("/etc/app.conf", -ENoEnt);
        var suspect = Assert.Single(Explanation.Of(_calls, [new ProcessEnd(0, null, 9, OomKilled: true, DateTimeOffset.UnixEpoch)]));
        Assert.DoesNotContain("failure", suspect.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_was_given_up_and_one_whose_answer_did_not_come_are_blamed()
    {
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 1, 0], 3, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("connect", [3, 1ul << 20, 16], -InProgress, Address(80), at: _now++)));
        _now += 500_000_000;
        _calls.Add(_decoder.Decode(Slots.Call("close", [3], 0, at: _now++)));
        Exit(1);
        var suspect = Assert.Single(Explanation.Of(_calls));
        Assert.Equal("timed-out", suspect.Kind);
        Assert.Contains("was connect(127.0.0.1:80), given up without an answer after 500 ms", suspect.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_while_a_connection_was_under_way_counts_more_than_that_it_was_closed_at_the_end()
    {
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 1, 0], 3, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("connect", [3, 1ul << 20, 16], -InProgress, Address(80), at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("connect", [4, 1ul << 20, 16], -ConnectionRefused, Address(81), at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("close", [3], 0, at: _now++)));
        Exit(1);
        Assert.Contains("was connect(127.0.0.1:81) = ECONNREFUSED", Assert.Single(Explanation.Of(_calls)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wait_for_the_answer_to_a_request_is_told_and_an_idle_connection_is_not()
    {
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 1, 0], 3, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("connect", [3, 1ul << 20, 16], 0, Address(80), at: _now++)));
        Wait();
        Assert.Empty(Explanation.Read(_calls).Observations);
        _calls.Add(_decoder.Decode(Slots.Call("sendto", [3, 1ul << 20, 4, 0, 0, 0], 4, at: _now++)));
        Wait();
        Assert.Contains("nothing came from TCP ->127.0.0.1:80 within 200 ms, once", Assert.Single(Explanation.Read(_calls).Observations).Text, StringComparison.Ordinal);

        void Wait()
        {
            var slot = Slots.Of("poll", [1ul << 20, 1, 200], 0, [3, 0, 0, 0, 1, 0, 0, 0], at: _now);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(SlotLayout.ExitNs), _now += 200_000_000);
            _calls.Add(_decoder.Decode(new RecordedCall(slot, CallState.Returned)));
        }
    }

    [Fact]
    public void A_name_that_was_not_found_is_told_with_every_name_that_was_asked_for_and_the_server()
    {
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 2, 0], 3, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("connect", [3, 1ul << 20, 16], 0, Address(53), at: _now++)));
        foreach (var name in (string[])["shop.default.svc", "shop"])
        {
            _calls.Add(_decoder.Decode(Slots.Call("sendto", [3, 1ul << 20, 40, 0, 0, 0], 40, DnsMessageTests.Message(name, flags: 0x0100), at: _now++)));
            _calls.Add(_decoder.Decode(Slots.Call("recvfrom", [3, 1ul << 20, 2048, 0, 0, 0], 40, DnsMessageTests.Message(name, flags: 0x8183), at: _now++)));
        }
        Exit(1);
        var suspect = Assert.Single(Explanation.Of(_calls));
        Assert.Equal("dns", suspect.Kind);
        Assert.Contains("was the lookup of shop: 127.0.0.1:53 answered NXDOMAIN to shop.default.svc, shop, ", suspect.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_whose_answer_is_not_recorded_is_named_when_nothing_else_failed()
    {
        _calls.Add(_decoder.Decode(Slots.Call("socket", [2, 2, 0], 3, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("connect", [3, 1ul << 20, 16], 0, Address(53), at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("write", [3, 1ul << 20, 40], 40, DnsMessageTests.Message("shop", flags: 0x0100), at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("read", [3, 1ul << 20, 512], 40, at: _now++)));
        _calls.Add(_decoder.Decode(Slots.Call("close", [3], 0, at: _now++)));
        Exit(1);
        Assert.Contains("perhaps the lookup of shop, for 127.0.0.1:53 was asked for shop and nothing was connected to after its answer", Assert.Single(Explanation.Of(_calls)).Text, StringComparison.Ordinal);
        _calls.Insert(_calls.Count - 2, _decoder.Decode(Slots.Call("connect", [4, 1ul << 20, 16], 0, Address(80), at: _now++)));
        Assert.Empty(Explanation.Of(_calls));
    }

    private static byte[] Address(byte port) => [2, 0, 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

    private void Look(string path) => _calls.Add(_decoder.Decode(Slots.Call("newfstatat", [0xFFFFFF9C, 1, 0], -ENoEnt, Slots.Path(path), at: _now++)));

    private void Open(string path, long result, int process = 100, uint user = 0) =>
        _calls.Add(_decoder.Decode(Slots.Call("openat", [0xFFFFFF9C, 1, 0], result, Slots.Path(path), process: process, user: user, at: _now++)));

    private void Exit(ulong code, int process = 100) => _calls.Add(_decoder.Decode(Slots.Call("exit_group", [code], process: process, at: _now++, state: CallState.Final)));
}
