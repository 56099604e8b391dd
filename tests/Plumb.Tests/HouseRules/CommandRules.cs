using Plumb.Cli;
using Plumb.Cli.Framework;
using Xunit;

namespace Plumb.Tests.HouseRules;

public sealed class CommandRules
{
    private static IEnumerable<(string Path, CommandNode Node)> Nodes => CommandReference.Flat("", Program.Contents);

    [Fact]
    public void Every_command_is_documented() => Golden.Matches("docs/commands.md", CommandReference.Markdown(Program.Contents));

    [Fact]
    public void The_file_of_a_command_is_its_path()
    {
        foreach (var (path, node) in Nodes.Where(entry => entry.Node is CliCommand))
        {
            string[] words = [.. path.Split(' ').Select(word => string.Concat(word.Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..])))];
            // A command that has members stands in their folder under what it does (Cost/Check.cs, Trace/Record.cs): a class cannot have the name of a namespace.
            words = node.Members.Count > 0 ? [.. words, node.GetType().Name] : words;
            var file = $"src/Plumb.Cli/Commands/{string.Join('/', words)}.cs";
            Assert.True(File.Exists(Repository.PathOf(file)), $"'plumb {path}' belongs into {file}.");
            Assert.Equal($"Plumb.Cli.Commands.{string.Join('.', words)}", node.GetType().FullName);
        }
    }

    [Fact]
    public void Every_entry_says_what_it_is_for()
    {
        foreach (var (path, node) in Nodes)
        {
            Assert.True(node.Summary.Length is > 5 and < 90, $"'{path}': the summary is one line.");
            Assert.False(node.Summary.EndsWith('.'), $"'{path}': a summary has no full stop.");
            Assert.True(node.Description.EndsWith('.'), $"'{path}': a description is made of sentences.");
        }
    }

    [Fact]
    public void Every_command_has_examples_that_call_it_and_documented_options_and_exit_codes()
    {
        foreach (var (path, node) in Nodes)
        {
            if (node is CliCommand command)
            {
                Assert.NotEmpty(command.Examples);
                Assert.Contains(command.Examples, example => example.Command.Contains($"plumb {path}", StringComparison.Ordinal));
                Assert.All(command.Options, option => Assert.False(string.IsNullOrWhiteSpace(option.Description), $"'{path} {option.Name}' has no description."));
                Assert.All(command.Arguments, argument => Assert.False(string.IsNullOrWhiteSpace(argument.Description), $"'{path} {argument.Name}' has no description."));
                Assert.Contains(0, command.ExitCodes.Select(code => code.Code));
                Assert.Contains(2, command.ExitCodes.Select(code => code.Code));
            }
        }
    }

    [Fact]
    public void No_command_takes_a_name_that_means_something_everywhere()
    {
        var global = (string[])["--output", "-o", "--help", "-h", "--version"];
        foreach (var (path, node) in Nodes)
        {
            var taken = node is CliCommand command ? command.Options.SelectMany(option => option.Aliases.Append(option.Name)).Intersect(global) : [];
            Assert.True(!taken.Any(), $"'plumb {path}' redefines {string.Join(", ", taken)}.");
        }
    }
}
