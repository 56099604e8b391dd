using System.CommandLine;
using System.CommandLine.Completions;

namespace Plumb.Cli.Framework.Completion;

/// <summary>A word that can come next.</summary>
/// <param name="Values">What can follow the word, when it is an option with a closed set of values.</param>
internal sealed record CompletionWord(string Text, string What, IReadOnlyList<string> Values);

/// <summary>One place in the command tree, with the words that can follow there.</summary>
/// <param name="Path">The words that lead there, separated by blanks; empty for the program itself.</param>
internal sealed record CompletionEntry(string Path, IReadOnlyList<CompletionWord> Words)
{
    /// <summary>Every place of the table of contents, the program itself first.</summary>
    public static IReadOnlyList<CompletionEntry> Of(IReadOnlyList<CommandNode> contents)
    {
        var entries = new List<CompletionEntry>
        {
            new("", [.. contents.Select(Word), .. Everywhere(OutputFormats.Usual), new CompletionWord("--version", "the version", [])]),
        };
        Add(entries, "", contents);
        return entries;
    }

    private static void Add(List<CompletionEntry> entries, string parent, IReadOnlyList<CommandNode> nodes)
    {
        foreach (var node in nodes)
        {
            var path = $"{parent} {node.Name}".Trim();
            if (node is CommandGroup group)
            {
                entries.Add(new CompletionEntry(path, [.. group.Members.Select(Word), .. Everywhere(OutputFormats.Usual)]));
            }
            if (node is CliCommand command)
            {
                var arguments = command.Arguments.SelectMany(argument => argument.GetCompletions(CompletionContext.Empty)).Select(item => new CompletionWord(item.Label, "", []));
                var options = command.Options.Where(option => !option.Hidden).Select(option => new CompletionWord(option.Name, option.Description ?? "",
                    option.ValueType == typeof(bool) ? [] : [.. option.GetCompletions(CompletionContext.Empty).Select(item => item.Label)]));
                entries.Add(new CompletionEntry(path, [.. node.Members.Select(Word), .. arguments, .. options, .. Everywhere(command.Formats)]));
            }
            Add(entries, path, node.Members);
        }
    }

    private static CompletionWord[] Everywhere(IReadOnlyList<OutputFormat> formats) =>
    [
        new("--output", OutputFormats.What(formats), [.. formats.Select(OutputFormats.Word)]),
        new("-o", OutputFormats.What(formats), [.. formats.Select(OutputFormats.Word)]),
        new("--help", "help, with examples", []),
    ];

    private static CompletionWord Word(CommandNode node) => new(node.Name, node.Summary, []);
}
