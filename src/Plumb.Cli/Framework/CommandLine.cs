using System.CommandLine;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Framework;

/// <summary>From arguments to an exit code: parse, help, usage errors, run.</summary>
internal sealed class CommandLine(IReadOnlyList<CommandNode> contents, Terminal terminal, TimeProvider time, PlumbHome home)
{
    public async Task<int> RunAsync(string[] args, CancellationToken cancellation)
    {
        var tree = new CommandTree(contents);
        var parsed = tree.Parse(args);
        var node = tree.NodeOf(parsed.CommandResult.Command);
        var path = CommandTree.PathOf(parsed);
        if (parsed.GetValue(tree.Help) || args.Length == 0)
        {
            new HelpText(terminal.Out, terminal.TextWidth, text => terminal.Paint(text, Style.Strong)).Write(contents, node, path);
            return ExitCode.Pass;
        }
        if (UsageError(tree, parsed, node) is { } wrong)
        {
            terminal.Problem(wrong with { Remedy = $"See '{string.Join(' ', ["plumb", .. path, "--help"])}'" });
            return ExitCode.Error;
        }
        var command = (CliCommand)node!;
        var asked = parsed.GetValue(tree.Format);
        if (OutputFormats.Of(asked) is not { } format || !command.Formats.Contains(format))
        {
            terminal.Problem(new Problem($"-o is {OutputFormats.Words(command.Formats)} for 'plumb {string.Join(' ', path)}', not '{asked}'", $"See 'plumb {string.Join(' ', path)} --help'"));
            return ExitCode.Error;
        }
        return await command.RunAsync(new Invocation(parsed, terminal, format, time, home), cancellation);
    }

    private Problem? UsageError(CommandTree tree, ParseResult parsed, CommandNode? node)
    {
        if (parsed.UnmatchedTokens is [var stray, ..])
        {
            var isOption = stray.StartsWith('-');
            var known = isOption ? OptionNames(tree, node) : (node is CliCommand ? [] : Members(node).Select(member => member.Name));
            var what = isOption ? "option" : node is CliCommand ? "argument" : "command";
            return new Problem($"there is no {what} '{stray}' here.{Nearest.Hint(stray, known)}");
        }
        if (node is not CliCommand)
        {
            return new Problem($"say which command: {string.Join(", ", Members(node).Select(member => member.Name))}");
        }
        // The parser's messages are sentences over several lines; here one line is one problem.
        return parsed.Errors is [var first, ..] ? new Problem(string.Join(' ', first.Message.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.')) : null;
    }

    private IReadOnlyList<CommandNode> Members(CommandNode? node) => node?.Members ?? contents;

    private static IEnumerable<string> OptionNames(CommandTree tree, CommandNode? node)
    {
        var own = node is CliCommand command ? command.Options : [];
        return own.Append(tree.Help).Append(tree.Format).SelectMany(option => option.Aliases.Prepend(option.Name));
    }
}
