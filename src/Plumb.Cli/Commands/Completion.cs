using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Framework.Completion;
using Plumb.Core;

namespace Plumb.Cli.Commands;

internal sealed class Completion : CliCommand
{
    private readonly Argument<string> _shell = new("shell") { Description = "bash, zsh or fish" };

    public Completion() => _shell.AcceptOnlyFromAmong([.. CompletionScript.Shells]);

    public override string Name => "completion";

    public override string Summary => "print the completion script of a shell";

    public override string Description => "Prints a script that completes commands, options and their values with the Tab key. Load it in the shell's start-up file.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("source <(plumb completion bash)", "in ~/.bashrc"),
        new("source <(plumb completion zsh)", "in ~/.zshrc"),
        new("plumb completion fish | source", "in ~/.config/fish/config.fish"),
    ];

    public override IReadOnlyList<Argument> Arguments => [_shell];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        call.Terminal.Out.Write(CompletionScript.For(call.Get(_shell)!, Program.Contents));
        return Task.FromResult(ExitCode.Pass);
    }
}
