using Plumb.Cli.Output;
using Plumb.Core;
using Xunit;

namespace Plumb.Tests.Cli;

public sealed class OutputTests
{
    private readonly StringWriter _out = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    [Fact]
    public void A_table_is_aligned_and_has_no_blanks_at_the_end_of_a_line()
    {
        new Table("NAME", "STATUS").Row("ledger-0", "Running").Row("é", "two\nlines").Write(Terminal(isTerminal: false));
        Assert.Equal("NAME       STATUS\nledger-0   Running\né          two lines\n", _out.ToString());
    }

    [Fact]
    public void On_a_narrow_terminal_the_widest_column_is_shortened_and_in_a_pipe_nothing_is()
    {
        var table = new Table("NAME", "MESSAGE").Row("a", "a long message that does not fit");
        table.Write(Terminal(isTerminal: true, width: 24, colour: false));
        table.Write(Terminal(isTerminal: false, width: 24));
        Assert.Equal("NAME   MESSAGE\na      a long message t…\nNAME   MESSAGE\na      a long message that does not fit\n", _out.ToString());
    }

    [Theory]
    [InlineData(true, true, "\u001b[31mfail\u001b[0m")]
    [InlineData(true, false, "fail")]
    [InlineData(false, true, "fail")]
    public void Colour_stands_only_on_a_terminal_that_may_have_it(bool isTerminal, bool colour, string painted) =>
        Assert.Equal(painted, Terminal(isTerminal, colour: colour).Paint("fail", Style.Of(Outcome.Fail)));

    [Theory]
    [InlineData(0.4, "0 ms")]
    [InlineData(999.4, "999 ms")]
    [InlineData(999.6, "1.00 s")]
    [InlineData(1_240, "1.24 s")]
    [InlineData(48_040, "48.0 s")]
    [InlineData(59_960, "1 m 0 s")]
    [InlineData(192_000, "3 m 12 s")]
    [InlineData(7_500_000, "2 h 5 m")]
    [InlineData(356_400_000, "4 d 3 h")]
    [InlineData(-1_240, "-1.24 s")]
    public void A_duration_is_short(double milliseconds, string text) => Assert.Equal(text, Human.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(512, "512 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1_258_291, "1.2 MiB")]
    [InlineData(40_802_189_312, "38 GiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void A_size_is_short(long bytes, string text) => Assert.Equal(text, Human.Bytes(bytes));

    [Fact]
    public void Progress_outside_a_terminal_is_a_plain_line_a_message()
    {
        using (var progress = new Progress(Terminal(isTerminal: false), new StoppedClock()))
        {
            progress.Now("starting the API server");
            progress.Done("API server answers");
        }
        Assert.Equal("     0 ms  starting the API server …\n     0 ms  API server answers\n", _error.ToString());
        Assert.Equal("", _out.ToString());
    }

    [Fact]
    public void Progress_on_a_terminal_leaves_only_what_was_reached()
    {
        using (var progress = new Progress(Terminal(isTerminal: true), new StoppedClock()))
        {
            progress.Now("starting");
            progress.Done("started");
            progress.Now("waiting");
        }
        Assert.EndsWith("     0 ms  started\n\r\u001b[K     0 ms  waiting …\r\u001b[K", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("versoin", "version")]
    [InlineData("stauts", "status")]
    [InlineData("UP", "up")]
    [InlineData("exp", "experiment")]
    [InlineData("kubernetes", null)]
    [InlineData("x", null)]
    public void The_word_that_was_meant_is_found_and_nothing_is_guessed_wildly(string typed, string? meant) =>
        Assert.Equal(meant, Nearest.To(typed, ["up", "status", "down", "experiment", "version"]));

    private Terminal Terminal(bool isTerminal, int width = 80, bool colour = true) => new(_out, _error, isTerminal, isTerminal, () => width, colour);

    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new NoTimer();

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
