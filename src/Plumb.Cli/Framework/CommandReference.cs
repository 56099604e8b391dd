using System.Text;

namespace Plumb.Cli.Framework;

/// <summary>docs/commands.md, made from the table of contents.</summary>
internal static class CommandReference
{
    public static string Markdown(IReadOnlyList<CommandNode> contents)
    {
        var text = new StringBuilder("# Commands\n\nMade from the program's own help by a test; change the command and run `UPDATE_GOLDEN=1 ./test unit`.\n\n");
        text.Append("| command | what it does |\n|---|---|\n");
        foreach (var (path, node) in Flat("", contents).Where(entry => entry.Node is CliCommand))
        {
            text.Append("| [`plumb ").Append(path).Append("`](#plumb-").Append(path.Replace(' ', '-')).Append(") | ").Append(node.Summary).Append(" |\n");
        }
        foreach (var (path, node) in Flat("", contents).Where(entry => entry.Node is CliCommand))
        {
            using var help = new StringWriter { NewLine = "\n" };
            new HelpText(help, Output.Terminal.UsualWidth, heading => heading).Write(contents, node, path.Split(' '));
            text.Append("\n## plumb ").Append(path).Append("\n\n```text\n").Append(help).Append("```\n");
        }
        return text.ToString();
    }

    /// <summary>Every entry with the words that lead to it.</summary>
    public static IEnumerable<(string Path, CommandNode Node)> Flat(string parent, IReadOnlyList<CommandNode> nodes)
    {
        foreach (var node in nodes)
        {
            var path = $"{parent} {node.Name}".Trim();
            yield return (path, node);
            foreach (var below in Flat(path, node.Members))
            {
                yield return below;
            }
        }
    }
}
