using System.Runtime.InteropServices;
using Plumb.Cli.Output;

namespace Plumb.Cli.Framework;

/// <summary>
/// Ctrl-C, SIGTERM and a closed terminal ask the command to clean up and end. A second Ctrl-C ends the program at once, and says what that means.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _asked;

    public Interrupt(Terminal terminal) =>
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref _asked) == 1)
            {
                _source.Cancel();
            }
            else if (context.Signal == PosixSignal.SIGINT)
            {
                terminal.Problem(new Core.Problem("stopped before everything was cleaned up", "The next start does the rest"));
                Environment.Exit(128 + 2);
            }
        }))];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _source.Dispose();
    }
}
