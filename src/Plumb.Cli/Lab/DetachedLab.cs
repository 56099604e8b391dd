using System.Diagnostics;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Lab;

/// <summary>Starts the lab as a process of its own that outlives this one, and relays its progress until it is ready.</summary>
internal sealed class DetachedLab(PlumbHome home, Terminal terminal, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>A new session without a terminal; its output goes to the log. exec keeps the process id that we wait for.</summary>
    private const string Script = "exec setsid \"$0\" \"$@\" </dev/null >>\"$PLUMB_LAB_LOG\" 2>&1";

    public string LogPath => home.File("lab.log");

    /// <returns>The lab once it is ready (or has failed to become so, which its state says); a problem when it ended instead.</returns>
    public async Task<Result<LabState>> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        Directory.CreateDirectory(home.Path);
        File.WriteAllText(LogPath, "");
        File.SetUnixFileMode(LogPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var word in (string[])["-c", Script, Environment.ProcessPath!, .. arguments])
        {
            start.ArgumentList.Add(word);
        }
        start.Environment["PLUMB_LAB_LOG"] = LogPath;
        start.Environment["PLUMB_HOME"] = home.Path;
        using var process = Process.Start(start)!;
        using var log = new StreamReader(new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        try
        {
            while (!process.HasExited)
            {
                var lines = Relay(log);
                if (LabState.Running(home) is { IsOk: true, Value: { Phase: not LabPhase.Starting } state } && state.Pid == process.Id)
                {
                    Relay(log);
                    return state;
                }
                await Task.Delay(lines ? TimeSpan.Zero : LookAgain, time, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            Signals.Terminate(process.Id);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
            await process.WaitForExitAsync(limit.Token);
            throw;
        }
        Relay(log);
        return new Problem($"the lab ended while it started (exit code {process.ExitCode})", $"Its log: {LogPath}");
    }

    private bool Relay(StreamReader log)
    {
        var any = false;
        while (log.ReadLine() is { } line)
        {
            // The lab's own table and hints go to its log too; here only its progress and problems are of interest.
            if (IsProgress(line))
            {
                terminal.Error.WriteLine(line);
            }
            any = true;
        }
        return any;
    }

    private static bool IsProgress(string line) => line.StartsWith("plumb:", StringComparison.Ordinal) || (line.Length > 9 && line[..9].TrimEnd().EndsWith('s') && char.IsDigit(line.TrimStart()[0]));
}
