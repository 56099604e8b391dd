using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Plumb.Core;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Targets;

namespace Plumb.Recorder.Ptrace;

/// <summary>
/// A recording without eBPF: each call of the traced threads stops twice, and this process looks. It needs no rights on a program that it starts itself, and it is slow.
/// One thread of its own does it all, because the kernel lets only the tracing thread ask; when that thread ends, the kernel lets everybody go.
/// </summary>
public sealed unsafe class PtraceRecording : ITracedProgram
{
    private const int SigTrap = 5;
    private const int SigCont = 18;
    private const int SigKill = 9;
    private const int SyscallStop = SigTrap | 0x80;
    private const int MostRounds = 100;

    /// <summary>How long a program's first instruction may take, and the ending.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan BellPause = TimeSpan.FromMilliseconds(10);

    private readonly (string File, IReadOnlyList<string> Arguments)? _program;
    private readonly int _target;
    private readonly bool _buffers;
    private readonly Dictionary<int, Tracee> _tracees = [];
    private readonly Queue<RecordedCall> _ring = new();
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _attached = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;
    private nint _tracer;
    private Problem? _problem;
    private volatile bool _stopping;
    private bool _waitsForExec;
    private ulong _position;
    private ulong _overwritten;
    private ulong _missing;
    private ulong _lostReturns;
    private ulong _compat;

    private PtraceRecording((string File, IReadOnlyList<string> Arguments)? program, int target, bool buffers)
    {
        (_program, _target, _buffers, _waitsForExec) = (program, target, buffers, program is not null);
        ProcessId = target;
    }

    /// <summary>False when this user may load eBPF programs on this machine.</summary>
    public static bool IsNeeded => !Kernel.LoadedPrograms.IsMachine || !HasRights();

    /// <summary>What a person should know who gets this in the place of eBPF.</summary>
    public static string Notice =>
        "eBPF needs root, or CAP_BPF and CAP_PERFMON, on x86-64; the calls are read with ptrace in its place, as strace does: the program stops twice at each call, which costs it about 20 µs, and CPU numbers are not known";

    public int ProcessId { get; private set; }

    public bool HasEnded => _ended.Task.IsCompleted;

    public int ExitCode { get; private set; }

    public ulong Backlog
    {
        get
        {
            lock (_gate)
            {
                return (ulong)_ring.Count;
            }
        }
    }

    public RecordingCounters Counters
    {
        get
        {
            lock (_gate)
            {
                return new RecordingCounters(_position, _overwritten, _lostReturns, 0, _compat);
            }
        }
    }

    /// <summary>A program that <see cref="Start"/> runs, with everything that it starts.</summary>
    public static Result<PtraceRecording> OfProgram(string program, IReadOnlyList<string> arguments, bool buffers) =>
        TracedProgram.Locate(program) is { } file ? new PtraceRecording((file, arguments), 0, buffers) : new Problem($"there is no program '{program}' that can be run");

    /// <summary>A process with its threads, from now on.</summary>
    public static Result<PtraceRecording> OfProcess(int processId, bool buffers)
    {
        var recording = new PtraceRecording(null, processId, buffers);
        return recording.Start() is { } problem ? problem : recording;
    }

    public Problem? Start()
    {
        _thread = new Thread(Trace) { IsBackground = true, Name = "ptrace" };
        _thread.Start();
        return _attached.Wait(Patience) ? _problem : new Problem("the program did not start in time");
    }

    /// <summary>Everything new since the last reading.</summary>
    public IReadOnlyList<RingEntry> ReadNew()
    {
        lock (_gate)
        {
            var entries = new List<RingEntry>(_ring.Count + 1);
            if (_missing > 0)
            {
                entries.Add(new RingEntry(null, _missing));
                _missing = 0;
            }
            entries.AddRange(_ring.Select(call => new RingEntry(call, 0)));
            _ring.Clear();
            return entries;
        }
    }

    /// <summary>Lets the threads go, and gives what was not read yet, with the calls that have not returned.</summary>
    public IReadOnlyList<RingEntry> Stop()
    {
        _stopping = true;
        while (_thread is { IsAlive: true } thread && _tracer != 0)
        {
            Bell.Ring(_tracer);
            if (thread.Join(BellPause))
            {
                break;
            }
        }
        return [.. ReadNew(), .. _tracees.Values.Select(tracee => tracee.InFlight).OfType<RecordedCall>().OrderBy(call => call.Position).Select(call => new RingEntry(call, 0))];
    }

    public Task WaitAsync(CancellationToken cancellation) => _ended.Task.WaitAsync(cancellation);

    public void Kill() => _ = PtraceNative.kill(ProcessId, SigKill);

    public void Dispose()
    {
        if (_thread is not null)
        {
            Stop();
        }
        _attached.Dispose();
    }

    private void Trace()
    {
        Bell.Install();
        _tracer = PtraceNative.pthread_self();
        _problem = _program is { } program ? Launch(program.File, program.Arguments) : Attach();
        _attached.Set();
        int status;
        while (_problem is null && !_stopping)
        {
            var thread = PtraceNative.waitpid(-1, &status, PtraceNative.WaitAll | PtraceNative.WaitOwnThread);
            if (thread > 0)
            {
                Handle(thread, status);
            }
            else if (Marshal.GetLastPInvokeError() != PtraceNative.EInterrupted)
            {
                break;
            }
        }
        _ended.TrySetResult();
    }

    private Problem? Launch(string file, IReadOnlyList<string> arguments)
    {
        var started = StoppedProgram.Start(file, arguments);
        if (!started.IsOk)
        {
            return started.Problem;
        }
        ProcessId = started.Value;
        const int Options = PtraceNative.GoodSyscallStops | PtraceNative.FollowFork | PtraceNative.FollowVfork | PtraceNative.FollowClone | PtraceNative.ReportExit;
        if (PtraceNative.ptrace(PtraceNative.Seize, ProcessId, 0, Options) < 0)
        {
            var problem = Refused(ProcessId);
            _ = PtraceNative.kill(ProcessId, SigKill);
            return problem;
        }
        _ = PtraceNative.kill(ProcessId, SigCont);
        return null;
    }

    /// <summary>All threads of a process that runs; while they are seized new ones may come.</summary>
    private Problem? Attach()
    {
        for (var (round, found) = (0, true); found && round < MostRounds; round++)
        {
            found = false;
            foreach (var thread in Threads())
            {
                if (_tracees.ContainsKey(thread))
                {
                    continue;
                }
                const int Options = PtraceNative.GoodSyscallStops | PtraceNative.FollowClone | PtraceNative.ReportExit;
                if (PtraceNative.ptrace(PtraceNative.Seize, thread, 0, Options) < 0)
                {
                    if (Marshal.GetLastPInvokeError() == PtraceNative.ENoProcess)
                    {
                        continue;
                    }
                    return Refused(thread);
                }
                found = true;
                _tracees[thread] = new Tracee(thread);
                _ = PtraceNative.ptrace(PtraceNative.Interrupt, thread, 0, 0);
            }
        }
        return _tracees.Count == 0 ? new Problem($"there is no process {_target}") : null;
    }

    private IEnumerable<int> Threads()
    {
        var directory = $"/proc/{_target}/task";
        return Directory.Exists(directory) ? [.. Directory.EnumerateDirectories(directory).Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))] : [];
    }

    private static Problem Refused(int thread) => Marshal.GetLastPInvokeError() == PtraceNative.EPerm
        ? new Problem($"process {thread} cannot be traced: it belongs to another user, is traced already, or this machine allows it for children only (kernel.yama.ptrace_scope)", "Start the program with 'plumb trace -- PROGRAM', or run it as root")
        : new Problem($"process {thread} cannot be traced: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    private void Handle(int thread, int status)
    {
        if ((status & 0xFF) != 0x7F)
        {
            // It exited or was killed.
            Finish(thread);
            ExitCode = thread == ProcessId ? (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F) : ExitCode;
            return;
        }
        var (signal, happened) = ((status >> 8) & 0xFF, status >> 16);
        var tracee = _tracees.TryGetValue(thread, out var known) ? known : _tracees[thread] = new Tracee(thread);
        if (signal == SyscallStop)
        {
            AtSyscall(tracee);
            Resume(thread, 0);
        }
        else if (happened == PtraceNative.EventStop)
        {
            // A job that was stopped stays so until somebody continues it.
            _ = PtraceNative.ptrace(signal == SigTrap || _waitsForExec ? PtraceNative.Syscall : PtraceNative.Listen, thread, 0, 0);
        }
        else
        {
            if (happened == PtraceNative.EventExit)
            {
                Finish(thread);
            }
            Resume(thread, happened == 0 ? signal : 0);
        }
    }

    private static void Resume(int thread, int signal) => _ = PtraceNative.ptrace(PtraceNative.Syscall, thread, 0, signal);

    private void AtSyscall(Tracee tracee)
    {
        var bytes = stackalloc byte[SyscallInfo.Bytes];
        if (PtraceNative.ptrace(PtraceNative.GetSyscallInfo, tracee.Thread, SyscallInfo.Bytes, (nint)bytes) <= 0)
        {
            return;
        }
        var info = new ReadOnlySpan<byte>(bytes, SyscallInfo.Bytes);
        var isNative = BinaryPrimitives.ReadUInt32LittleEndian(info[SyscallInfo.Machine..]) is SyscallInfo.X64 or SyscallInfo.Arm64;
        if (info[SyscallInfo.Operation] == SyscallInfo.Exit)
        {
            if (tracee.Return(BinaryPrimitives.ReadInt64LittleEndian(info[SyscallInfo.Returned..]), _buffers) is { } call)
            {
                Keep(call);
            }
        }
        else if (info[SyscallInfo.Operation] == SyscallInfo.Entry && !isNative)
        {
            lock (_gate)
            {
                _compat++;
            }
        }
        else if (info[SyscallInfo.Operation] == SyscallInfo.Entry && IsWanted(info))
        {
            ulong position;
            lock (_gate)
            {
                position = ++_position;
            }
            tracee.Enter(position, info, _buffers);
        }
    }

    /// <summary>The shell that becomes the program is not part of it.</summary>
    private bool IsWanted(ReadOnlySpan<byte> info)
    {
        if (_waitsForExec && CallTable.Of(BinaryPrimitives.ReadUInt16LittleEndian(info[SyscallInfo.Number..])).Name is "execve" or "execveat")
        {
            _waitsForExec = false;
        }
        return !_waitsForExec;
    }

    private void Finish(int thread)
    {
        if (_tracees.Remove(thread, out var tracee) && tracee.End() is { } call)
        {
            Keep(call);
        }
    }

    private void Keep(RecordedCall call)
    {
        lock (_gate)
        {
            if (_ring.Count >= Recording.Capacity)
            {
                _ring.Dequeue();
                _overwritten++;
                _missing++;
            }
            _lostReturns += call.State == CallState.ReturnLost ? 1u : 0u;
            _ring.Enqueue(call);
        }
    }

    private static bool HasRights()
    {
        // CAP_SYS_ADMIN alone, or CAP_PERFMON and CAP_BPF (include/uapi/linux/capability.h).
        const ulong Admin = 1ul << 21;
        const ulong Both = (1ul << 38) | (1ul << 39);
        var line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("CapEff:", StringComparison.Ordinal)) : null;
        return line is not null && ulong.Parse(line[7..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var held && ((held & Admin) != 0 || (held & Both) == Both);
    }
}
