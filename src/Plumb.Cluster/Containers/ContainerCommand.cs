using System.Net.Sockets;

namespace Plumb.Cluster.Containers;

/// <param name="HasInput">False: its standard input is empty.</param>
/// <param name="Terminal">The command gets a terminal of that size, which is its input and output; null: pipes.</param>
internal sealed record CommandRequest(IReadOnlyList<string> Command, bool HasInput, TerminalSize? Terminal);

/// <summary>
/// A command that runs in a container, with somebody who feeds and reads it. Nothing is buffered here: a slow reader makes the command
/// wait. Disposing of it ends the command: a hangup where it has a terminal, SIGKILL to its process group otherwise.
/// </summary>
internal sealed class ContainerCommand : IAsyncDisposable
{
    /// <summary>How long a command may tidy up after its terminal is gone.</summary>
    private static readonly TimeSpan HangupGrace = TimeSpan.FromSeconds(2);

    /// <summary>What a pipe holds at most (/proc/sys/fs/pipe-max-size).</summary>
    private const int MaxPipeBytes = 1024 * 1024;

    private readonly int _pid;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private readonly OutputEnd _output;
    private readonly OutputEnd? _errors;
    private readonly Lock _gate = new();
    private Socket? _input;
    private bool _isClosed;

    /// <param name="inputFd">The write end of its standard input; -1: it has none, or a terminal.</param>
    /// <param name="containerExit">Ends the command too.</param>
    public ContainerCommand(Spawned process, int inputFd, Task<(int Status, DateTimeOffset At)> exit, Task containerExit, TimeProvider time)
    {
        (_pid, _time) = (process.Pid, time);
        _output = new OutputEnd(process.OutFd);
        _errors = process.ErrFd < 0 ? null : new OutputEnd(process.ErrFd);
        _input = HasTerminal ? _output.Socket : inputFd < 0 ? null : Wrap(inputFd);
        Exited = WaitAsync(exit, containerExit);
    }

    /// <summary>Completes with the exit code when the command's first process has ended; what it wrote may still have to be read.</summary>
    public Task<int> Exited { get; }

    private bool HasTerminal => _errors is null;

    /// <returns>How many bytes were read; 0 when nothing more will come. What its background processes write after its end is not waited for.</returns>
    public async ValueTask<int> ReadAsync(bool isStandardError, byte[] buffer, CancellationToken cancel)
    {
        if ((isStandardError ? _errors : _output) is not { } end)
        {
            return 0;
        }
        if (!_ended.IsCancellationRequested || HasTerminal)
        {
            // A terminal's last output is on its way for a moment after the end, but then the terminal ends by itself.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, HasTerminal ? CancellationToken.None : _ended.Token);
            try
            {
                return await end.Socket.ReceiveAsync(buffer, either.Token);
            }
            catch (SocketException)
            {
                // The last program on a terminal has closed it.
                return 0;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // The command has ended meanwhile: what it wrote before is in the pipe already.
            }
        }
        return end.ReadRest(buffer);
    }

    /// <summary>Feeds the command, and waits while it does not read. Input for a command that takes none is dropped.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        try
        {
            if (_input is { } input && data.Length > 0)
            {
                await input.SendAsync(data, cancel);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            CloseInput();
        }
    }

    /// <summary>The command reads the end of its input. A terminal has none: there, Ctrl-D is a character like any other.</summary>
    public void CloseInput()
    {
        if (!HasTerminal)
        {
            _input?.Dispose();
            _input = null;
        }
    }

    public void Resize(TerminalSize size)
    {
        lock (_gate)
        {
            if (HasTerminal && !_isClosed)
            {
                PseudoTerminal.Resize(_output.Fd, size);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        CloseInput();
        lock (_gate)
        {
            _isClosed = true;
            _output.Socket.Dispose();
            _errors?.Socket.Dispose();
        }
        if (HasTerminal && !Exited.IsCompleted)
        {
            // The kernel has told the session: SIGHUP.
            await Task.WhenAny(Exited, Task.Delay(HangupGrace, _time));
        }
        Kill();
    }

    private void Kill()
    {
        if (!_ended.IsCancellationRequested)
        {
            _ = Native.kill(-_pid, Native.SigKill);
        }
    }

    private async Task<int> WaitAsync(Task<(int Status, DateTimeOffset At)> exit, Task containerExit)
    {
        if (await Task.WhenAny(exit, containerExit) == containerExit)
        {
            Kill();
        }
        var (status, _) = await exit;
        await _ended.CancelAsync();
        return RunningContainer.ExitCode(status).Code;
    }

    /// <summary>
    /// Waits for the descriptor with the runtime's own epoll, which no thread blocks for. .NET has that for sockets only, and wraps pipes
    /// in one for the same reason; a terminal works in the same way.
    /// </summary>
    private static Socket Wrap(int fd) => new(new SafeSocketHandle(fd, ownsHandle: true));

    private sealed class OutputEnd(int fd)
    {
        private int _rest = MaxPipeBytes;

        public int Fd => fd;

        public Socket Socket { get; } = Wrap(fd);

        /// <summary>At most what a pipe holds, since a process in the background may write for ever.</summary>
        public int ReadRest(byte[] buffer)
        {
            var count = _rest <= 0 ? 0 : Math.Max(0, (int)Native.read(fd, buffer, buffer.Length));
            _rest -= count;
            return count;
        }
    }
}
