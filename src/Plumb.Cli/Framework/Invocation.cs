using System.CommandLine;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Framework;

/// <summary>One call of a command: what was asked, and where to answer.</summary>
/// <param name="Json">True with <c>-o json</c>: one JSON document on standard output and nothing else there.</param>
internal sealed record Invocation(ParseResult Parsed, Terminal Terminal, bool Json, TimeProvider Time, PlumbHome Home)
{
    /// <summary>The value of one of the command's own options; its default when it was not given.</summary>
    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T? Get<T>(Argument<T> argument) => Parsed.GetValue(argument);

    /// <summary>Opens the state. The caller disposes it; opening loads SQLite, so a command that needs no state does not ask.</summary>
    public Result<StateStore> OpenState() => StateStore.Open(Home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));

    /// <summary>Says on standard error what could not be done.</summary>
    /// <returns>Exit code 2.</returns>
    public int Fail(Problem problem)
    {
        Terminal.Problem(problem);
        return ExitCode.Error;
    }
}
