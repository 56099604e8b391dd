using Plumb.Cli.Framework;

namespace Plumb.Cli.WebConsole;

/// <summary>The pages, in the order of the program's table of contents: what the cluster does, then each capability that has a page.</summary>
internal static class Navigation
{
    private static readonly NavItem[] Always = [new("overview", "Overview"), new("events", "Events")];

    /// <summary>Which page shows what a group of commands does.</summary>
    private static readonly Dictionary<string, NavItem> Pages = new(StringComparer.Ordinal)
    {
        ["lab"] = new("scenes", "Scenes"),
        ["experiment"] = new("experiments", "Experiments"),
        ["cost"] = new("cost", "Cost"),
        ["logs"] = new("logs", "Logs"),
        ["drift"] = new("drift", "Drift"),
        ["trace"] = new("recordings", "Recordings"),
    };

    /// <param name="has">Whether a page can be served here: there are no experiments where none may be run.</param>
    internal static NavItem[] Of(IReadOnlyList<CommandNode> contents, Func<string, bool> has) =>
        [.. Always, .. contents.Where(node => Pages.ContainsKey(node.Name)).Select(node => Pages[node.Name]).Where(page => has(page.Id))];
}
