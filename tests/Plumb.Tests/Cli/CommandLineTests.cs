using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Framework.Completion;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Cli;

public sealed class CommandLineTests
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly Echo _echo = new();

    [Fact]
    public async Task A_command_gets_its_arguments_options_and_format()
    {
        Assert.Equal(0, await RunAsync("group", "echo", "hello", "--times", "3", "-o", "json"));
        Assert.Equal(("hello", 3, true), _echo.Called);
    }

    [Fact]
    public async Task The_exit_code_is_the_commands_own() => Assert.Equal(3, await RunAsync("group", "echo", "hello", "--times", "0"));

    [Theory]
    [InlineData("there is no command 'gruop' here. Did you mean 'group'? See 'plumb --help'", "gruop")]
    [InlineData("there is no command 'frobnicate' here. See 'plumb --help'", "frobnicate")]
    [InlineData("there is no command 'ehco' here. Did you mean 'echo'? See 'plumb group --help'", "group", "ehco")]
    [InlineData("there is no option '--tmies' here. Did you mean '--times'? See 'plumb group echo --help'", "group", "echo", "a", "--tmies")]
    [InlineData("there is no argument 'b' here. See 'plumb group echo --help'", "group", "echo", "a", "b")]
    [InlineData("say which command: echo. See 'plumb group --help'", "group")]
    [InlineData("Required argument missing for command: 'echo'. See 'plumb group echo --help'", "group", "echo")]
    [InlineData("-o is text|json for 'plumb group echo', not 'xml'. See 'plumb group echo --help'", "group", "echo", "a", "-o", "xml")]
    [InlineData("-o is text|json for 'plumb group echo', not 'sarif'. See 'plumb group echo --help'", "group", "echo", "a", "-o", "sarif")]
    public async Task Bad_usage_is_one_line_that_says_what_and_where_to_look_and_exits_with_2(string line, params string[] args)
    {
        Assert.Equal(2, await RunAsync(args));
        Assert.Equal($"plumb: {line}\n", _error.ToString());
        Assert.Equal("", _out.ToString());
        Assert.Null(_echo.Called);
    }

    [Fact]
    public async Task Help_is_data_and_goes_to_standard_output_even_when_an_argument_is_missing()
    {
        Assert.Equal(0, await RunAsync("group", "echo", "--help"));
        Assert.Equal("", _error.ToString());
        Assert.Equal(
            """
            Says a word back.

            Usage
              plumb group echo WORD [options]

            Arguments
              WORD  what to say

            Options
              --times TIMES           how often
              -o, --output text|json  text, or json for machines
              -h, --help              this help

            Examples
              plumb group echo hi  says hi

            Exit codes
              0  done
              2  bad usage, a missing prerequisite, or something that could not be done; one line on standard
                 error says which

            """,
            _out.ToString());
    }

    [Fact]
    public async Task Without_arguments_the_program_says_what_it_can_do()
    {
        Assert.Equal(0, await RunAsync());
        Assert.Contains("  group  things to try", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_argument_that_begins_with_an_at_sign_is_not_a_file()
    {
        Assert.Equal(0, await RunAsync("group", "echo", "@/etc/passwd"));
        Assert.Equal("@/etc/passwd", _echo.Called!.Value.Word);
    }

    [Fact]
    public async Task A_command_that_opts_in_has_the_formats_that_a_pipeline_reads_and_help_and_completion_show_them()
    {
        var report = new Echo { HasReport = true };
        Assert.Equal(1, await RunAsync(report, "group", "echo", "hello", "-o", "sarif"));
        Assert.Contains("\"ruleId\": \"echo/hello\"", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync(report, "group", "echo", "hello", "-o", "junit"));
        Assert.Contains("<testsuite name=\"plumb echo\" tests=\"2\"", _out.ToString(), StringComparison.Ordinal);

        await RunAsync(report, "group", "echo", "--help");
        Assert.Contains("-o, --output text|json|sarif|junit  text, or json, sarif", _out.ToString(), StringComparison.Ordinal);
        var words = CompletionEntry.Of([report]).Single(entry => entry.Path == "echo").Words;
        Assert.Equal(["text", "json", "sarif", "junit"], words.Single(word => word.Text == "-o").Values);
    }

    private Task<int> RunAsync(params string[] args) => RunAsync(_echo, args);

    private Task<int> RunAsync(Echo echo, params string[] args)
    {
        _out.NewLine = _error.NewLine = "\n";
        var terminal = new Terminal(_out, _error, outputIsTerminal: false, errorIsTerminal: false, () => 80, colour: true);
        return new CommandLine([new CommandGroup("group", "things to try", "Things.", echo)], terminal, TimeProvider.System, new PlumbHome("/nowhere"))
            .RunAsync(args, TestContext.Current.CancellationToken);
    }

    private sealed class Echo : CliCommand
    {
        private readonly Argument<string> _word = new("word") { Description = "what to say" };
        private readonly Option<int> _times = new("--times") { Description = "how often", DefaultValueFactory = _ => 1 };

        public (string Word, int Times, bool Json)? Called { get; private set; }

        public bool HasReport { get; init; }

        public override IReadOnlyList<OutputFormat> Formats => HasReport ? OutputFormats.Report : base.Formats;

        public override string Name => "echo";

        public override string Summary => "say it";

        public override string Description => "Says a word back.";

        public override IReadOnlyList<Example> Examples => [new("plumb group echo hi", "says hi")];

        public override IReadOnlyList<Option> Options => [_times];

        public override IReadOnlyList<Argument> Arguments => [_word];

        public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
        {
            Called = (call.Get(_word)!, call.Get(_times), call.Json);
            if (HasReport)
            {
                var finding = Finding.Of("echo", Called.Value.Word, Severity.Warning, new Subject("Word", Called.Value.Word), "said");
                return Task.FromResult(call.Answer(new CheckReport("echo", Plumb.Core.Outcome.Fail, "said", default, default, [finding], ["the rest"], "say more?"), () => { }, () => { }));
            }
            return Task.FromResult(call.Get(_times) == 0 ? ExitCode.Inconclusive : ExitCode.Pass);
        }
    }
}
