using System.CommandLine;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Framework;

/// <summary>One call of a command: what was asked, and where to answer.</summary>
/// <param name="Format">What <c>-o</c> asks for; one that the command has.</param>
internal sealed record Invocation(ParseResult Parsed, Terminal Terminal, OutputFormat Format, TimeProvider Time, PlumbHome Home)
{
    /// <summary>True with <c>-o json</c>: one JSON document on standard output and nothing else there.</summary>
    public bool Json => Format == OutputFormat.Json;

    /// <summary>The value of one of the command's own options; its default when it was not given.</summary>
    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T? Get<T>(Argument<T> argument) => Parsed.GetValue(argument);

    /// <summary>Opens the state. The caller disposes it; opening loads SQLite, so a command that needs no state does not ask.</summary>
    public Result<StateStore> OpenState() => StateStore.Open(Home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));

    /// <summary>
    /// Keeps what was found where 'plumb findings' shows it. Opening the store costs more than a search, and a report without findings has nothing that
    /// anybody would look up. A store that cannot be written is told, and changes no verdict.
    /// </summary>
    public void Keep(CheckReport report)
    {
        if (report.Findings.Count == 0)
        {
            return;
        }
        var opened = OpenState();
        if (!opened.IsOk)
        {
            Terminal.Problem(opened.Problem with { What = $"the findings are not stored: {opened.Problem.What}" });
            return;
        }
        using var store = opened.Value;
        store.Findings.Save(report);
    }

    /// <summary>Writes the report in the format that was asked for; text and JSON are the command's own, because it has more to say than the report.</summary>
    /// <returns>The report's exit code.</returns>
    public int Answer(CheckReport report, Action text, Action json)
    {
        switch (Format)
        {
            case OutputFormat.Json:
                json();
                break;
            case OutputFormat.Sarif:
                Terminal.Json(SarifReport.Of(report), CoreJson.Indented.JsonObject);
                break;
            case OutputFormat.Junit:
                Terminal.Line(JunitReport.Of(report));
                break;
            default:
                text();
                break;
        }
        return ExitCode.Of(report.Outcome);
    }

    /// <summary>Says on standard error what could not be done.</summary>
    /// <returns>Exit code 2.</returns>
    public int Fail(Problem problem)
    {
        Terminal.Problem(problem);
        return ExitCode.Error;
    }
}
