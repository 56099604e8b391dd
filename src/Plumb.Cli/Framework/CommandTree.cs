using System.CommandLine;

namespace Plumb.Cli.Framework;

/// <summary>The table of contents as System.CommandLine reads it. That library only parses; help, errors and running are ours.</summary>
internal sealed class CommandTree
{
    private readonly Dictionary<Command, CommandNode> _nodes = [];

    public CommandTree(IReadOnlyList<CommandNode> contents)
    {
        Root = new Command("plumb", "Checks whether it is true.") { Help, Format };
        foreach (var node in contents)
        {
            Root.Subcommands.Add(Build(node));
        }
    }

    public Command Root { get; }

    public Option<bool> Help { get; } = new("--help", "-h") { Description = "show this help", Recursive = true };

    public Option<string> Format { get; } = new("--output", "-o")
    {
        Description = "the format of the answer",
        Recursive = true,
        DefaultValueFactory = _ => "text",
    };

    /// <summary>The entry of the table of contents behind a parsed command; null for the program itself.</summary>
    public CommandNode? NodeOf(Command command) => _nodes.GetValueOrDefault(command);

    public ParseResult Parse(string[] args) =>
        // An argument that begins with @ is an argument, not a file to read arguments from.
        Root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>The words that lead to a command, without the program's name.</summary>
    public static IReadOnlyList<string> PathOf(ParseResult parsed)
    {
        var path = new List<string>();
        for (var at = parsed.CommandResult; at.Parent is System.CommandLine.Parsing.CommandResult parent; at = parent)
        {
            path.Insert(0, at.Command.Name);
        }
        return path;
    }

    private Command Build(CommandNode node)
    {
        var command = new Command(node.Name, node.Summary);
        _nodes.Add(command, node);
        foreach (var member in node.Members)
        {
            command.Subcommands.Add(Build(member));
        }
        if (node is CliCommand leaf)
        {
            // Without an action the parser would take a command that has members for a mere group.
            command.SetAction(_ => { });
            foreach (var option in leaf.Options)
            {
                command.Options.Add(option);
            }
            foreach (var argument in leaf.Arguments)
            {
                command.Arguments.Add(argument);
            }
        }
        return command;
    }
}
