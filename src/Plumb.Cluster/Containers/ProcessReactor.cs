using System.Collections.Concurrent;

namespace Plumb.Cluster.Containers;

/// <summary>
/// One thread that waits for all children and reads all their output. It waits for its own processes only, each by its own
/// pidfd, so it never takes an exit status away from System.Diagnostics.Process.
/// </summary>
internal sealed class ProcessReactor : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Buffers read from one pipe before the others get their turn.</summary>
    private const int ReadsPerTurn = 8;

    /// <summary>Buffers that a pipe holds at most (/proc/sys/fs/pipe-max-size is 1 MiB), and the end: a process left in the background may write for ever.</summary>
    private const int ReadsAtEnd = 17;

    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<Child> _added = new();
    private readonly List<Child> _children = [];
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly int[] _wake = new int[2];
    private volatile bool _stopped;

    public ProcessReactor(TimeProvider time)
    {
        _time = time;
        if (Native.pipe2(_wake, Native.OCloExec | Native.ONonBlock) != 0)
        {
            throw new InvalidOperationException($"Cannot make a pipe: {Native.Describe(Native.LastError)}.");
        }
        new Thread(Run, 256 * 1024) { IsBackground = true, Name = "containers" }.Start();
    }

    /// <summary>Takes over the process and the read ends of its output; -1: somebody else reads.</summary>
    public Task<(int Status, DateTimeOffset At)> Watch(int pid, int pidFd, int outFd, int errFd, IOutputSink? sink)
    {
        var child = new Child(pid, pidFd, outFd, errFd, sink);
        _added.Enqueue(child);
        Wake();
        return child.Exited.Task;
    }

    public void Dispose()
    {
        _stopped = true;
        Wake();
    }

    private void Wake() => _ = Native.write(_wake[1], [1], 1);

    private void Run()
    {
        while (!_stopped)
        {
            while (_added.TryDequeue(out var child))
            {
                _children.Add(child);
            }
            var fds = PollSet();
            if (Native.poll(fds, (ulong)fds.Length, -1) < 0)
            {
                continue;
            }
            if (fds[0].Returned != 0)
            {
                while (Native.read(_wake[0], _buffer, BufferBytes) == BufferBytes)
                {
                }
            }
            var at = 1;
            foreach (var child in _children.ToArray())
            {
                Serve(child, fds[at].Returned, fds[at + 1].Returned, fds[at + 2].Returned);
                at += 3;
            }
        }
        foreach (var child in _children)
        {
            Close(child);
        }
        _ = Native.close(_wake[0]);
        _ = Native.close(_wake[1]);
    }

    private Native.PollFd[] PollSet()
    {
        var fds = new Native.PollFd[1 + (_children.Count * 3)];
        fds[0] = new Native.PollFd { Fd = _wake[0], Events = Native.PollIn };
        for (var i = 0; i < _children.Count; i++)
        {
            var child = _children[i];
            fds[1 + (i * 3)] = new Native.PollFd { Fd = child.OutFd, Events = Native.PollIn };
            fds[2 + (i * 3)] = new Native.PollFd { Fd = child.ErrFd, Events = Native.PollIn };
            fds[3 + (i * 3)] = new Native.PollFd { Fd = child.PidFd, Events = Native.PollIn };
        }
        return fds;
    }

    private void Serve(Child child, short outEvents, short errEvents, short exitEvents)
    {
        if (outEvents != 0)
        {
            child.OutFd = Read(child, child.OutFd, false, ReadsPerTurn);
        }
        if (errEvents != 0)
        {
            child.ErrFd = Read(child, child.ErrFd, true, ReadsPerTurn);
        }
        if (exitEvents == 0 || Native.waitpid(child.Pid, out var status, 1) == 0)
        {
            return;
        }
        var at = _time.GetUtcNow();
        // What the process wrote before it ended is in the pipes already; a grandchild that still holds them open is not waited for.
        child.OutFd = Read(child, child.OutFd, false, ReadsAtEnd);
        child.ErrFd = Read(child, child.ErrFd, true, ReadsAtEnd);
        _children.Remove(child);
        Close(child);
        child.Sink?.Complete();
        child.Exited.TrySetResult((status, at));
    }

    /// <returns>The descriptor, or -1 when it has ended and is closed (poll ignores negative ones).</returns>
    private int Read(Child child, int fd, bool isError, int turns)
    {
        for (var turn = 0; fd >= 0 && turn < turns; turn++)
        {
            var count = Native.read(fd, _buffer, BufferBytes);
            if (count > 0)
            {
                child.Sink?.Write(_buffer.AsSpan(0, (int)count), isError);
                continue;
            }
            if (count < 0 && Native.LastError is Native.EAgain or Native.EIntr)
            {
                return fd;
            }
            _ = Native.close(fd);
            return -1;
        }
        return fd;
    }

    private static void Close(Child child)
    {
        foreach (var fd in new[] { child.OutFd, child.ErrFd, child.PidFd })
        {
            if (fd >= 0)
            {
                _ = Native.close(fd);
            }
        }
        (child.OutFd, child.ErrFd, child.PidFd) = (-1, -1, -1);
    }

    private sealed class Child(int pid, int pidFd, int outFd, int errFd, IOutputSink? sink)
    {
        public int Pid => pid;
        public int PidFd { get; set; } = pidFd;
        public int OutFd { get; set; } = outFd;
        public int ErrFd { get; set; } = errFd;
        public IOutputSink? Sink => sink;
        public TaskCompletionSource<(int Status, DateTimeOffset At)> Exited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
