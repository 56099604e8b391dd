using System.CommandLine;
using System.Text.RegularExpressions;
using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Recorder.Filters;
using Plumb.Recorder.Masking;

namespace Plumb.Cli.Tracing;

/// <summary>What is to be seen of a recording.</summary>
/// <param name="Statistics">Numbers in the place of the calls.</param>
internal sealed record TraceView(CallFilter Filter, Privacy Privacy, bool Statistics);

/// <summary>The options that choose what is shown of calls, live or saved.</summary>
internal sealed class ViewOptions
{
    private readonly Option<string?> _calls = new("--syscall") { Description = "show only these calls and groups, separated by commas; groups: file, desc, network, process, memory, signal", HelpName = "NAMES" };
    private readonly Option<string?> _errors = new("--errno") { Description = "show only calls that failed so: ENOENT,EACCES or any", HelpName = "NAMES" };
    private readonly Option<string?> _path = new("--path") { Description = "show only calls about these files and peers; * and ? stand for anything", HelpName = "GLOB" };
    private readonly Option<string?> _atLeast = new("--min-duration") { Description = "show only calls that took so long or have not returned: 200us, 10ms, 1.5s", HelpName = "TIME" };
    private readonly Option<string?> _process = new("--process") { Description = "show only this process or thread: its number, or its name with * and ?", HelpName = "PATTERN" };
    private readonly Option<bool> _statistics = new("--stats") { Description = "show counts, errors and times by call, thread, file and peer in the place of the calls" };
    private readonly Option<string[]> _redact = new("--redact") { Description = "mask what matches this pattern in paths, arguments and buffers; can be repeated", HelpName = "REGEX", Arity = ArgumentArity.OneOrMore };

    public IReadOnlyList<Option> All => [_calls, _errors, _path, _atLeast, _process, _statistics, _redact];

    /// <param name="buffers">What is read and written may be seen, too.</param>
    public Result<TraceView> Read(Invocation call, bool buffers)
    {
        var patterns = new List<Regex>();
        foreach (var text in call.Get(_redact) ?? [])
        {
            var pattern = Privacy.Pattern(text);
            if (!pattern.IsOk)
            {
                return pattern.Problem;
            }
            patterns.Add(pattern.Value);
        }
        var filter = CallFilter.Parse(call.Get(_calls), call.Get(_errors), call.Get(_path), call.Get(_atLeast), call.Get(_process));
        return filter.IsOk ? new TraceView(filter.Value, new Privacy(buffers, patterns), call.Get(_statistics)) : filter.Problem;
    }
}
