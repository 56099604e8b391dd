using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Plumb.Cluster.Containers;

/// <param name="LabId">Short name that tells this lab's cgroups from another lab's; made from its state directory.</param>
/// <param name="StateDirectory">The lab's own files, without symbolic links on the way.</param>
internal sealed record ContainerRuntimeOptions(string LabId, string StateDirectory)
{
    /// <summary>Directories of the machine that containers may read although they stand below a hidden one (/home, /root, /tmp) or on another partition.</summary>
    public IReadOnlyList<string> HostPaths { get; init; } = [];

    /// <summary>Act as if this program were no root user: plain processes, nothing enforced.</summary>
    public bool Plain { get; init; }
}

/// <summary>
/// Starts containers. As root each is a set of Linux namespaces (mount, PID, IPC, host name) over an overlay of the machine's root,
/// in cgroups of its own; without root it is a plain process in its own session (<see cref="NodeCapabilities"/> says what that lacks).
/// </summary>
internal sealed class ContainerRuntime : IDisposable
{
    /// <summary>
    /// Not the PID namespace: a thread whose children go to another one cannot start threads, and the runtime may want to start one at
    /// any moment. <see cref="Spawner"/> takes that step for the one system call that needs it.
    /// </summary>
    private const int Namespaces = Native.CloneNewNs | Native.CloneNewIpc | Native.CloneNewUts;
    private const int LaunchStackBytes = 512 * 1024;

    /// <summary>Descriptors passed on are moved above those that the new process gets them as.</summary>
    private const int FirstFreeFd = 64;

    private const int FdDupCloExec = 1030;

    private readonly ContainerRuntimeOptions _options;
    private readonly TimeProvider _time;
    private readonly ProcessReactor _reactor;
    private readonly ContainerRoot _root;
    private readonly ConcurrentDictionary<string, byte> _hooked = new(StringComparer.Ordinal);

    public ContainerRuntime(ContainerRuntimeOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _reactor = new ProcessReactor(time);
        _root = new ContainerRoot(options.StateDirectory, options.HostPaths);
        IsIsolating = !options.Plain && Native.IsRoot && OnOwnThread(CanIsolate);
        Hierarchies = IsIsolating ? CgroupHierarchies.Detect() : CgroupHierarchies.None;
        LabCgroup = CgroupOf(options.LabId);
        HasPodAddresses = Hierarchies.Unified is not null && PodAddressHook.IsSupported();
    }

    /// <summary>True when containers get namespaces and a private root.</summary>
    public bool IsIsolating { get; }

    public CgroupHierarchies Hierarchies { get; }

    /// <summary>True when every pod gets ports of its own, because binds to "any address" become binds to the pod's address.</summary>
    public bool HasPodAddresses { get; }

    internal static string CgroupOf(string labId) => $"plumb-{labId}";

    /// <summary>The directory, below each cgroup hierarchy, that holds everything of this lab.</summary>
    public string LabCgroup { get; }

    /// <summary>Starts the container's first process.</summary>
    /// <returns>The running container, or the reason in the words of the container runtimes.</returns>
    public async Task<(RunningContainer? Container, string? Failure)> StartAsync(ContainerSpec spec, IOutputSink sink, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Directory.CreateDirectory(spec.Directory);
        var cgroup = new ContainerCgroup(Hierarchies, $"{LabCgroup}/pod{spec.PodUid}/{spec.Id}");
        try
        {
            if (!IsIsolating)
            {
                spec = PlainContainer.Of(spec, LabCgroup);
            }
            cgroup.Create(spec.Limits);
            if (HookAddress(spec) is { } refused)
            {
                return (null, refused);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (null, $"cannot make the container's {(IsIsolating ? "cgroup" : "files")}: {failure.Message}");
        }
        var (process, reason) = await LaunchAsync(() => IsIsolating ? Isolated(spec, cgroup) : Plain(spec));
        if (reason is not null)
        {
            await cgroup.RemoveAsync(_time, CancellationToken.None);
            return (null, reason);
        }
        return (new RunningContainer(this, spec, cgroup, process, _reactor.Watch(process.Pid, process.PidFd, process.OutFd, process.ErrFd, sink), _time), null);
    }

    /// <summary>Starts another process inside a running container, as <c>kubectl exec</c> does.</summary>
    /// <returns>The process, or the reason why it could not start.</returns>
    public async Task<(Task<(int Status, DateTimeOffset At)>? Exit, int Pid, string? Failure)> ExecAsync(
        RunningContainer container, IReadOnlyList<string> command, IOutputSink sink, int inputFd = -1)
    {
        var (process, reason) = await LaunchAsync(() => InContainer(container, command, inputFd));
        return reason is null ? (_reactor.Watch(process.Pid, process.PidFd, process.OutFd, process.ErrFd, sink), process.Pid, null) : (null, 0, reason);
    }

    /// <summary>Starts a command in a running container for somebody who stays with it.</summary>
    /// <returns>The command, or the reason why it could not start.</returns>
    public async Task<(ContainerCommand? Command, string? Failure)> StartCommandAsync(RunningContainer container, CommandRequest request)
    {
        int[] input = [-1, -1];
        if (request is { HasInput: true, Terminal: null } && Native.pipe2(input, Native.OCloExec) != 0)
        {
            return (null, $"pipe: {Native.Describe(Native.LastError)}");
        }
        var (process, reason) = await LaunchAsync(() => InContainer(container, request.Command, input[0], request.Terminal));
        CloseAll([input[0]]);
        if (reason is not null)
        {
            CloseAll([input[1]]);
            return (null, reason);
        }
        return (new ContainerCommand(process, input[1], _reactor.Watch(process.Pid, process.PidFd, -1, -1, null), container.Exited, _time), null);
    }

    /// <summary>
    /// Ends and removes what an earlier run of this lab left behind (after <c>kill -9</c>): every process in the lab's cgroups, then the
    /// cgroups. Mounts and namespaces go with their processes. Directories are the kubelet's.
    /// </summary>
    /// <returns>How many processes were still running.</returns>
    public async Task<int> RemoveLeftoversAsync(CancellationToken cancel)
    {
        var ended = IsIsolating ? 0 : PlainContainer.EndAll(LabCgroup);
        foreach (var top in Hierarchies.Roots.Select(root => Path.Combine(root, LabCgroup)).Where(Directory.Exists))
        {
            // Deepest first: a cgroup can be removed only when it has no children.
            foreach (var directory in Directory.EnumerateDirectories(top, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).Append(top))
            {
                ended += CountProcesses(directory);
                ContainerCgroup.KillAllIn(directory);
                await ContainerCgroup.RemoveDirectoryAsync(directory, _time, cancel);
            }
        }
        return ended;
    }

    /// <summary>Removes the pod's cgroups, once its containers are gone.</summary>
    public Task RemovePodAsync(string podUid)
    {
        _hooked.TryRemove(podUid, out _);
        return new ContainerCgroup(Hierarchies, $"{LabCgroup}/pod{podUid}").RemoveAsync(_time, CancellationToken.None);
    }

    public void Dispose()
    {
        _reactor.Dispose();
        foreach (var root in Hierarchies.Roots)
        {
            _ = Native.rmdir(Native.Text(Path.Combine(root, LabCgroup)));
        }
    }

    /// <summary>Once for each pod, when its cgroup is there and before its first process is.</summary>
    private string? HookAddress(ContainerSpec spec) =>
        HasPodAddresses && spec.PodAddress is { } address && _hooked.TryAdd(spec.PodUid, 0)
            ? PodAddressHook.Attach(Path.Combine(Hierarchies.Unified!, LabCgroup, $"pod{spec.PodUid}"), address)
            : null;

    private static bool CanIsolate()
    {
        Spawner.Prepare();
        return Native.unshare(Namespaces | Native.CloneNewPid) == 0;
    }

    private (Spawned, string?) Isolated(ContainerSpec spec, ContainerCgroup cgroup)
    {
        var own = Open(Spawner.OwnPidNamespace, 0);
        if (Native.unshare(Namespaces) != 0)
        {
            return (default, $"unshare: {Native.Describe(Native.LastError)}");
        }
        var input = Open("/dev/null", 0);
        var cgroups = OpenCgroups(cgroup);
        try
        {
            var host = Native.Text(spec.Hostname);
            if (spec.Hostname.Length > 0 && Native.sethostname(host, host.Length - 1) != 0)
            {
                return (default, $"sethostname: {Native.Describe(Native.LastError)}");
            }
            return _root.Enter(spec) is { } failure ? (default, failure) : Run(spec, spec.Command, new SpawnInput(input), cgroups, new SpawnStep(own, -1, null), Spawner.First(spec));
        }
        finally
        {
            CloseAll([own, input, .. cgroups]);
        }
    }

    private (Spawned, string?) InContainer(RunningContainer container, IReadOnlyList<string> command, int inputFd, TerminalSize? terminal = null)
    {
        var input = inputFd >= 0 ? inputFd : Open("/dev/null", 0);
        if (!IsIsolating)
        {
            _ = Native.unshare(Native.CloneFs);
            var plain = Run(container.Spec, [.. command.Select(word => PlainContainer.Translate(container.Spec, word))], input, terminal, [], SpawnStep.Here);
            CloseAll(inputFd >= 0 ? [] : [input]);
            return plain;
        }
        var cgroups = OpenCgroups(container.Cgroup);
        var target = (int)Native.syscall(Native.SysPidfdOpen, container.Pid, 0, 0, 0, 0);
        var own = Open(Spawner.OwnPidNamespace, 0);
        try
        {
            // A thread may enter a mount namespace only with a working directory of its own.
            return target < 0 || Native.unshare(Native.CloneFs) != 0 || Native.setns(target, Namespaces) != 0
                ? (default, "container is in CONTAINER_EXITED state")
                : Run(container.Spec, command, input, terminal, cgroups, new SpawnStep(own, target, container.Spec.User is { Uid: 0, Gid: 0, Groups.Count: 0 } ? null : container.Spec.User));
        }
        finally
        {
            CloseAll(inputFd >= 0 ? [own, target, .. cgroups] : [own, target, input, .. cgroups]);
        }
    }

    private static (Spawned, string?) Plain(ContainerSpec spec)
    {
        _ = Native.unshare(Native.CloneFs);
        var input = Open("/dev/null", 0);
        var started = Run(spec, spec.Command, new SpawnInput(input), [], Native.IsRoot ? SpawnStep.Here with { User = spec.User } : SpawnStep.Here);
        CloseAll([input]);
        return started;
    }

    private static (Spawned, string?) Run(ContainerSpec spec, IReadOnlyList<string> command, int input, TerminalSize? terminal, IReadOnlyList<int> cgroups, SpawnStep step)
    {
        if (terminal is null)
        {
            return Run(spec, command, new SpawnInput(input), cgroups, step);
        }
        var (fd, path, failure) = PseudoTerminal.Open(terminal.Value, spec.User.Uid);
        if (path is null)
        {
            return (default, failure);
        }
        var named = spec.Environment.Any(pair => pair.Key == "TERM") ? spec : spec with { Environment = [.. spec.Environment, KeyValuePair.Create("TERM", "xterm")] };
        var (process, reason) = Run(named, command, new SpawnInput(-1, path), cgroups, step);
        if (reason is not null)
        {
            CloseAll([fd]);
        }
        return (process with { OutFd = fd }, reason);
    }

    private static (Spawned, string?) Run(ContainerSpec spec, IReadOnlyList<string> command, SpawnInput input, IReadOnlyList<int> cgroups, SpawnStep step, FirstProcess? first = null)
    {
        if (Native.chdir(Native.Text(spec.WorkingDirectory)) != 0)
        {
            return (default, $"chdir to cwd (\"{spec.WorkingDirectory}\") set in config.json failed: {Native.Describe(Native.LastError)}");
        }
        if (Spawner.Missing(command[0], spec.Environment) is { } missing)
        {
            return (default, missing);
        }
        if (Native.IsRoot && first is null && !spec.Privileged)
        {
            Spawner.DropCapabilities();
        }
        return Spawner.Spawn(command, spec.Environment, input, cgroups, step, first);
    }

    private static List<int> OpenCgroups(ContainerCgroup cgroup) => [.. cgroup.ProcsFiles.Select(path => Open(path, Native.OWrOnly)).Where(fd => fd >= 0)];

    private static int Open(string path, int flags)
    {
        var fd = Native.open(Native.Text(path), flags | Native.OCloExec, 0);
        if (fd < 0 || fd >= FirstFreeFd)
        {
            return fd;
        }
        var high = Native.fcntl(fd, FdDupCloExec, FirstFreeFd);
        _ = Native.close(fd);
        return high;
    }

    private static void CloseAll(IEnumerable<int> fds)
    {
        foreach (var fd in fds.Where(fd => fd >= 0))
        {
            _ = Native.close(fd);
        }
    }

    private static int CountProcesses(string directory)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(directory, "cgroup.procs")).Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>
    /// A thread whose root or identity changed must never run anything else, nor start another thread, which would inherit both. So it
    /// ends right after the start, and its result is handed on by the thread that waited for it.
    /// </summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception on a bare thread would end the program; here it becomes the reason of the failed start.")]
    private static Task<(Spawned, string?)> LaunchAsync(Func<(Spawned, string?)> launch) => Task.Factory.StartNew(
        () =>
        {
            (Spawned, string?) result = default;
            var thread = new Thread(
                () =>
                {
                    try
                    {
                        result = launch();
                    }
                    catch (Exception failure)
                    {
                        result = (default, failure.Message);
                    }
                },
                LaunchStackBytes) { IsBackground = true, Name = "container start" };
            thread.Start();
            thread.Join();
            return result;
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static bool OnOwnThread(Func<bool> probe)
    {
        var result = false;
        var thread = new Thread(() => result = probe(), LaunchStackBytes);
        thread.Start();
        thread.Join();
        return result;
    }
}
