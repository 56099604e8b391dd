using System.Buffers;
using System.Text;

namespace Plumb.Cluster.Containers;

/// <summary>How an exec ended.</summary>
/// <param name="Failure">Why it could not even start; null when it ran.</param>
internal sealed record ExecResult(int Code, string Output, bool TimedOut = false, string? Failure = null);

/// <summary>A started container, until its first process has ended and everything of it is removed.</summary>
internal sealed class RunningContainer
{
    private readonly ContainerRuntime _runtime;
    private readonly TimeProvider _time;

    internal RunningContainer(
        ContainerRuntime runtime, ContainerSpec spec, ContainerCgroup cgroup, Spawned process, Task<(int Status, DateTimeOffset At)> exit, TimeProvider time)
    {
        _runtime = runtime;
        _time = time;
        Spec = spec;
        Cgroup = cgroup;
        Pid = process.Pid;
        StartedAt = time.GetUtcNow();
        Exited = FinishAsync(exit);
    }

    public ContainerSpec Spec { get; }
    public ContainerCgroup Cgroup { get; }

    /// <summary>The first process's id, as the machine sees it.</summary>
    public int Pid { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>Completes after the first process ended, its output was read, and its cgroup was counted and removed.</summary>
    public Task<ContainerExit> Exited { get; }

    public CgroupStats Stats() => Cgroup.Stats();

    /// <summary>Sends a signal to the first process; SIGKILL ends all of them, since the PID namespace ends with its first process.</summary>
    public void Signal(int signal)
    {
        if (Exited.IsCompleted)
        {
            return;
        }
        _ = Native.kill(Pid, signal);
        if (signal == Native.SigKill && !_runtime.IsIsolating)
        {
            _ = Native.kill(-Pid, signal);
        }
    }

    /// <summary>Starts a command in the container for somebody who stays with it, as <c>kubectl exec</c> does.</summary>
    /// <returns>The command, or the reason why it could not start, in the words of the container runtimes.</returns>
    public Task<(ContainerCommand? Command, string? Failure)> StartAsync(CommandRequest request) => _runtime.StartCommandAsync(this, request);

    /// <summary>Runs a command in the container and waits for it, at most for the time given.</summary>
    public async Task<ExecResult> ExecAsync(IReadOnlyList<string> command, TimeSpan? timeout, int maxOutputBytes, CancellationToken cancel)
    {
        var output = new CapturedOutput(maxOutputBytes);
        var (exit, pid, failure) = await _runtime.ExecAsync(this, command, output);
        if (exit is null)
        {
            return new ExecResult(-1, "", Failure: failure);
        }
        try
        {
            var (status, _) = await exit.WaitAsync(timeout ?? Timeout.InfiniteTimeSpan, _time, cancel);
            return new ExecResult(ExitCode(status).Code, output.Text);
        }
        catch (TimeoutException)
        {
            _ = Native.kill(-pid, Native.SigKill);
            return new ExecResult(-1, output.Text, TimedOut: true);
        }
        catch (OperationCanceledException)
        {
            _ = Native.kill(-pid, Native.SigKill);
            throw;
        }
    }

    /// <summary>The exit code as shells and Kubernetes count it, and the signal.</summary>
    internal static (int Code, int? Signal) ExitCode(int waitStatus)
    {
        var signal = waitStatus & 0x7F;
        return signal == 0 ? ((waitStatus >> 8) & 0xFF, null) : (128 + signal, signal);
    }

    private async Task<ContainerExit> FinishAsync(Task<(int Status, DateTimeOffset At)> exit)
    {
        var (status, at) = await exit;
        if (!_runtime.IsIsolating)
        {
            _ = Native.kill(-Pid, Native.SigKill);
        }
        var oomKills = Cgroup.OomKills();
        await Cgroup.RemoveAsync(_time, CancellationToken.None);
        var (code, signal) = ExitCode(status);
        return new ContainerExit(code, signal, at, oomKills);
    }

    private sealed class CapturedOutput(int limit) : IOutputSink
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public string Text => Encoding.UTF8.GetString(_bytes.WrittenSpan);

        public void Write(ReadOnlySpan<byte> data, bool isStandardError)
        {
            _bytes.Write(data[..Math.Min(limit - _bytes.WrittenCount, data.Length)]);
        }

        public void Complete()
        {
        }
    }
}
