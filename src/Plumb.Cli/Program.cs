using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Lab.Payments;
using Plumb.Platform.Storage;

namespace Plumb.Cli;

internal static class Program
{
    /// <summary>
    /// The table of contents: what stands here, in this order, is what help, completion and docs/commands.md show.
    /// The file of a command is its path: <c>plumb experiment run</c> is Commands/Experiment/Run.cs.
    /// </summary>
    public static IReadOnlyList<CommandNode> Contents =>
    [
        new Commands.Up(),
        new Commands.Status(),
        new Commands.Down(),
        new Commands.Kubeconfig(),
        new CommandGroup("lab", "break what the lab runs on, and repair it", "The lab's surroundings: its AWS, its logs, and scenes that break one thing for a check to find.",
            new Commands.Lab.Scenes(), new Commands.Lab.Break(), new Commands.Lab.Reset(), new Commands.Lab.Env()),
        new CommandGroup("experiment", "break something on purpose, and measure what it does",
            "Experiments in the Chaos Toolkit's open format: a hypothesis, a fault, an undo, and a client outside the cluster that measures.",
            new Commands.Experiment.List(), new Commands.Experiment.Show(), new Commands.Experiment.Run(), new Commands.Experiment.Undo()),
        new Commands.Cost.Check(),
        new CommandGroup("logs", "follow requests through the logs of all services",
            "Reads logs as they are (JSON, logfmt, plain text, syslog, Docker's and containerd's), finds the ids in them, and accounts for every line.",
            new Commands.Logs.Correlate(), new Commands.Logs.Traces(), new Commands.Logs.Coverage()),
        new Commands.Drift(),
        new Commands.Trace.Record(),
        new Commands.Console(),
        new Commands.Findings(),
        new Commands.Explain(),
        new Commands.Doctor(),
        new Commands.Config(),
        new Commands.Completion(),
        new Commands.Version(),
    ];

    private static async Task<int> Main(string[] args)
    {
        // A service of the lab's payments system is this program too. It goes past the command line, which it does not need and which costs start time and memory.
        if (args is ["payments", .. var service])
        {
            return await PaymentsProgram.RunAsync(service, CancellationToken.None);
        }
        var terminal = Terminal.OfProcess();
        using var interrupt = new Interrupt(terminal);
        var home = PlumbHome.OfProcess();
        try
        {
            if (args is ["--version"])
            {
                terminal.Line(BuildVersion.Text);
                return ExitCode.Pass;
            }
            return await new CommandLine(Contents, terminal, TimeProvider.System, home).RunAsync(args, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            return ExitCode.Error;
        }
        catch (StorageException error)
        {
            terminal.Problem(error.Problem);
            return ExitCode.Error;
        }
        catch (Exception error)
        {
            // The one catch: a bug, or an edge that no command knew. One line for the person, the rest for whoever mends it.
            var details = ErrorFile.Write(home, error, args, TimeProvider.System);
            terminal.Problem(new Problem($"unexpected error: {error.Message.ReplaceLineEndings(" ")}", details is null ? null : $"Details: {details}"));
            if (Environment.GetEnvironmentVariable("PLUMB_DEBUG") == "1")
            {
                terminal.Error.WriteLine(error);
            }
            return ExitCode.Error;
        }
    }
}
