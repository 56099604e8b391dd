using System.CommandLine;

namespace Plumb.Cli.Framework;

/// <summary>How to call a command, and what that does.</summary>
internal sealed record Example(string Command, string What);

/// <summary>An entry in the table of contents: a command, or a group of them.</summary>
internal abstract class CommandNode
{
    /// <summary>The word on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>One line without a full stop, for lists.</summary>
    public abstract string Summary { get; }

    /// <summary>What it does, needs and leaves alone, in sentences.</summary>
    public abstract string Description { get; }

    /// <summary>The entries below this one, in the order of the help.</summary>
    public virtual IReadOnlyList<CommandNode> Members => [];
}

/// <summary>Commands that belong together: <c>plumb experiment …</c>.</summary>
internal sealed class CommandGroup(string name, string summary, string description, params IReadOnlyList<CommandNode> members) : CommandNode
{
    public override string Name => name;

    public override string Summary => summary;

    public override string Description => description;

    public override IReadOnlyList<CommandNode> Members => members;
}

/// <summary>One command. It may have members too, when it is the usual case of them: <c>plumb cost</c> and <c>plumb cost backtest</c>. Its options and arguments are fields, which <see cref="Options"/> and <see cref="Arguments"/> list in the order of the help.</summary>
internal abstract class CliCommand : CommandNode
{
    /// <summary>What the exit codes of a command mean that measures something.</summary>
    protected static readonly IReadOnlyList<(int Code, string Meaning)> VerdictExitCodes =
    [
        (0, "pass: measured, and as it should be"),
        (1, "fail: measured, and not as it should be"),
        (2, "error: bad usage, a missing prerequisite, or a source that could not be read"),
        (3, "inconclusive: too little was measured to say"),
    ];

    /// <summary>What the exit codes of a command mean that does or shows something.</summary>
    protected static readonly IReadOnlyList<(int Code, string Meaning)> PlainExitCodes =
    [
        (0, "done"),
        (2, "bad usage, a missing prerequisite, or something that could not be done; one line on standard error says which"),
    ];

    /// <summary>At least one; the first is the one to try.</summary>
    public abstract IReadOnlyList<Example> Examples { get; }

    public virtual IReadOnlyList<(int Code, string Meaning)> ExitCodes => PlainExitCodes;

    public virtual IReadOnlyList<Option> Options => [];

    public virtual IReadOnlyList<Argument> Arguments => [];

    /// <summary>The formats of <c>-o</c>. A command whose answer is a <see cref="Core.CheckReport"/> opts in to <see cref="OutputFormats.Report"/>.</summary>
    public virtual IReadOnlyList<OutputFormat> Formats => OutputFormats.Usual;

    /// <summary>Runs it. The result is the exit code (<see cref="Core.ExitCode"/>).</summary>
    /// <param name="cancellation">Cancelled by Ctrl-C and by SIGTERM; a command cleans up and then returns.</param>
    public abstract Task<int> RunAsync(Invocation call, CancellationToken cancellation);
}
