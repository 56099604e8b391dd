using Plumb.Core;

namespace Plumb.Cli.Output;

/// <summary>A meaning that colour adds to; never the only sign of it, the word is always there too.</summary>
internal sealed record Style(string Code)
{
    public static readonly Style Plain = new("");
    public static readonly Style Good = new("32");
    public static readonly Style Warn = new("33");
    public static readonly Style Bad = new("31");
    public static readonly Style Strong = new("1");
    public static readonly Style Faint = new("2");

    public string Around(string text) => Code.Length == 0 ? text : $"\u001b[{Code}m{text}\u001b[0m";

    public static Style Of(Outcome outcome) => outcome switch
    {
        Outcome.Pass => Good,
        Outcome.Inconclusive => Warn,
        _ => Bad,
    };

    public static Style Of(Severity severity) => severity switch
    {
        Severity.Info => Plain,
        Severity.Warning => Warn,
        _ => Bad,
    };
}
