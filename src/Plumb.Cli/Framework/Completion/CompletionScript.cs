using System.Text;

namespace Plumb.Cli.Framework.Completion;

/// <summary>
/// Completion scripts that hold all words themselves: pressing Tab starts no program, so it never waits.
/// </summary>
internal static class CompletionScript
{
    public static readonly IReadOnlyList<string> Shells = ["bash", "zsh", "fish"];

    public static string For(string shell, IReadOnlyList<CommandNode> contents)
    {
        var entries = CompletionEntry.Of(contents);
        return shell switch
        {
            "bash" => Bash(entries),
            "zsh" => Zsh(entries),
            _ => Fish(entries),
        };
    }

    private static string Bash(IReadOnlyList<CompletionEntry> entries)
    {
        var text = new StringBuilder("# bash completion of plumb:   source <(plumb completion bash)\n_plumb() {\n")
            .Append("    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= word words=\n")
            .Append("    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n")
            .Append("        case \"${at:+$at }$word\" in\n            ").Append(Paths(entries)).Append(") at=\"${at:+$at }$word\" ;;\n        esac\n    done\n")
            .Append("    case \"$at:$prev\" in\n");
        foreach (var (entry, word) in entries.SelectMany(entry => entry.Words.Where(word => word.Values.Count > 0).Select(word => (entry, word))))
        {
            text.Append("        ").Append(Quote($"{entry.Path}:{word.Text}")).Append(") words=").Append(Quote(string.Join(' ', word.Values))).Append(" ;;\n");
        }
        text.Append("        *) case \"$at\" in\n");
        foreach (var entry in entries)
        {
            text.Append("            ").Append(Quote(entry.Path)).Append(") words=").Append(Quote(string.Join(' ', entry.Words.Select(word => word.Text)))).Append(" ;;\n");
        }
        return text.Append("        esac ;;\n    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F _plumb plumb\n").ToString();
    }

    private static string Zsh(IReadOnlyList<CompletionEntry> entries)
    {
        var text = new StringBuilder("#compdef plumb\n# zsh completion of plumb:   source <(plumb completion zsh)\n_plumb() {\n")
            .Append("    local at= word prev=${words[CURRENT-1]}\n    local -a next\n")
            .Append("    for word in ${words[2,CURRENT-1]}; do\n        case \"${at:+$at }$word\" in\n            ").Append(Paths(entries))
            .Append(") at=\"${at:+$at }$word\" ;;\n        esac\n    done\n    case \"$at:$prev\" in\n");
        foreach (var (entry, word) in entries.SelectMany(entry => entry.Words.Where(word => word.Values.Count > 0).Select(word => (entry, word))))
        {
            text.Append("        ").Append(Quote($"{entry.Path}:{word.Text}")).Append(") next=(").Append(string.Join(' ', word.Values.Select(Quote))).Append(") ;;\n");
        }
        text.Append("        *) case \"$at\" in\n");
        foreach (var entry in entries)
        {
            var words = entry.Words.Select(word => Quote(word.Text.Replace(":", "\\:", StringComparison.Ordinal) + (word.What.Length > 0 ? ":" + word.What : "")));
            text.Append("            ").Append(Quote(entry.Path)).Append(") next=(").Append(string.Join(' ', words)).Append(") ;;\n");
        }
        return text.Append("        esac ;;\n    esac\n    _describe plumb next || _files\n}\n(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\ncompdef _plumb plumb\n").ToString();
    }

    private static string Fish(IReadOnlyList<CompletionEntry> entries)
    {
        var text = new StringBuilder("# fish completion of plumb:   plumb completion fish | source\n")
            .Append("function __plumb_at\n    set -l at\n    for word in (commandline -opc)[2..-1]\n        switch (string trim -- \"$at $word\")\n            case ")
            .Append(string.Join(' ', entries.Where(entry => entry.Path.Length > 0).Select(entry => Quote(entry.Path))))
            .Append("\n                set at (string trim -- \"$at $word\")\n        end\n    end\n    test \"$at\" = \"$argv\"\nend\ncomplete -c plumb -f\n");
        foreach (var entry in entries)
        {
            foreach (var word in entry.Words)
            {
                var flag = word.Text.StartsWith("--", StringComparison.Ordinal) ? $"-l {word.Text[2..]}" : word.Text.StartsWith('-') ? $"-s {word.Text[1..]}" : $"-a {Quote(word.Text)}";
                text.Append("complete -c plumb -n ").Append(Quote($"__plumb_at {entry.Path}".TrimEnd())).Append(' ').Append(flag);
                text.Append(word.Values.Count > 0 ? $" -x -a {Quote(string.Join(' ', word.Values))}" : "");
                text.Append(word.What.Length > 0 ? $" -d {Quote(word.What)}" : "").Append('\n');
            }
        }
        return text.ToString();
    }

    private static string Paths(IReadOnlyList<CompletionEntry> entries) =>
        string.Join('|', entries.Where(entry => entry.Path.Length > 0).Select(entry => Quote(entry.Path)));

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
