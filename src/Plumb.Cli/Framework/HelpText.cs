using System.CommandLine;
using System.Text;

namespace Plumb.Cli.Framework;

/// <summary>The help of the program, a group or a command, from the same entries that the documentation is made from.</summary>
internal sealed class HelpText(TextWriter output, int width, Func<string, string> heading)
{
    private const int Indent = 2;

    public void Write(IReadOnlyList<CommandNode> contents, CommandNode? node, IReadOnlyList<string> path)
    {
        switch (node)
        {
            case CliCommand command:
                Command(command, path);
                break;
            case CommandGroup group:
                Paragraph(group.Description);
                Usage($"plumb {string.Join(' ', path)} COMMAND");
                Members(group.Members);
                break;
            default:
                Program(contents);
                break;
        }
    }

    /// <summary>The usage line without the program's name and path: arguments, then [options].</summary>
    public static string Synopsis(CliCommand command)
    {
        var parts = command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues > 0 ? argument.Name.ToUpperInvariant() : $"[{argument.Name.ToUpperInvariant()}]");
        return string.Join(' ', parts.Append("[options]"));
    }

    /// <summary>-n, --name VALUE</summary>
    public static string Names(Option option)
    {
        var names = string.Join(", ", option.Aliases.Append(option.Name).Distinct().OrderBy(name => name.Length));
        return option.ValueType == typeof(bool) ? names : $"{names} {option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant()}";
    }

    private void Program(IReadOnlyList<CommandNode> contents)
    {
        Paragraph("Plumb checks whether it is true. Tools report that their own step finished; Plumb measures, and says what it cannot see.");
        Usage("plumb COMMAND [options]");
        Members(contents);
        Heading("Start here");
        Rows([("plumb up", "the lab: a Kubernetes cluster of real processes, and a payments system on it"), ("plumb doctor", "what this machine has, and what is missing")]);
        Heading("Everywhere");
        Rows([("-o, --output json", "the answer as JSON"), ("-h, --help", "help, with examples"), ("--version", "the version"),
            ("PLUMB_HOME", "the directory for all state"), ("PLUMB_CONFIG", "the configuration file; otherwise plumb.yaml here, if it exists"),
            ("NO_COLOR", "no colour"), ("PLUMB_DEBUG=1", "show where an unexpected error came from")]);
        Heading("Exit codes");
        Rows([("0", "pass"), ("1", "fail"), ("2", "error, also bad usage"), ("3", "inconclusive")]);
    }

    private void Command(CliCommand command, IReadOnlyList<string> path)
    {
        Paragraph(command.Description);
        Usage($"plumb {string.Join(' ', path)} {Synopsis(command)}");
        if (command.Arguments.Count > 0)
        {
            Heading("Arguments");
            Rows(command.Arguments.Select(argument => (argument.Name.ToUpperInvariant(), argument.Description ?? "")));
        }
        if (command.Members.Count > 0)
        {
            Members(command.Members);
        }
        Heading("Options");
        Rows(command.Options.Where(option => !option.Hidden).Select(option => (Names(option), option.Description ?? ""))
            .Append(($"-o, --output {OutputFormats.Words(command.Formats)}", OutputFormats.What(command.Formats))).Append(("-h, --help", "this help")));
        Heading("Examples");
        Rows(command.Examples.Select(example => (example.Command, example.What)));
        Heading("Exit codes");
        Rows(command.ExitCodes.Select(code => ($"{code.Code}", code.Meaning)));
    }

    private void Members(IReadOnlyList<CommandNode> members)
    {
        Heading("Commands");
        Rows(members.Select(member => (member.Name, member.Summary)));
    }

    private void Usage(string usage)
    {
        Heading("Usage");
        Rows([(usage, "")]);
    }

    private void Heading(string text)
    {
        output.WriteLine();
        output.WriteLine(heading(text));
    }

    private void Paragraph(string text)
    {
        foreach (var line in Wrap(text, width))
        {
            output.WriteLine(line);
        }
    }

    private void Rows(IEnumerable<(string Left, string Right)> rows)
    {
        const int widestLeft = 36;
        var all = rows.ToArray();
        var left = Math.Min(widestLeft, all.Max(row => row.Left.Length)) + Indent;
        foreach (var row in all)
        {
            var lines = Wrap(row.Right, Math.Max(width - left - Indent, 20));
            var ownLine = row.Left.Length + Indent > left && row.Right.Length > 0;
            output.WriteLine($"{new string(' ', Indent)}{(ownLine ? row.Left : row.Left.PadRight(left) + lines[0])}".TrimEnd());
            foreach (var line in ownLine ? lines : lines.Skip(1))
            {
                output.WriteLine(new string(' ', left + Indent) + line);
            }
        }
    }

    private static List<string> Wrap(string text, int columns)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > columns)
            {
                lines.Add(line.ToString());
                line.Clear();
            }
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        lines.Add(line.ToString());
        return lines;
    }
}
