using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Plumb.Cluster.Containers;

/// <summary>A process that was started, with the read ends of its output. A process on a terminal has no others: <c>OutFd</c> is this program's end of it.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Spawned(int Pid, int PidFd, int OutFd, int ErrFd);

/// <param name="Script">Shell words before the command.</param>
/// <param name="Prefix">A program that becomes the command.</param>
internal sealed record FirstProcess(string Script, IReadOnlyList<string> Prefix);

/// <summary>Where the new process goes, and as whom; the one step that the calling thread takes back afterwards.</summary>
/// <param name="Own">This program's PID namespace, open; -1: the new process stays in it.</param>
/// <param name="Target">A process (pidfd) whose PID namespace is joined; -1: a new namespace.</param>
/// <param name="User">Null: the thread's own.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SpawnStep(int Own, int Target, ContainerUser? User)
{
    public static readonly SpawnStep Here = new(-1, -1, null);
}

/// <param name="Fd">An open file; it is not closed.</param>
/// <param name="Terminal">Path of a terminal, which is then the output too and controls the process; null: <paramref name="Fd"/>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SpawnInput(int Fd, string? Terminal = null);

/// <summary>
/// Starts a process from the calling thread with that thread's namespaces, root and identity. posix_spawn, not fork: managed
/// code cannot run in a forked child.
/// </summary>
internal static class Spawner
{
    private const short Flags = 0x04 | 0x08 | 0x80; // default signals, signal mask, new session
    private const int OpaqueBytes = 512;

    /// <summary>The shell moves itself into the cgroups, through descriptors that need no path inside the container, and becomes the command.</summary>
    private const string ShellPath = "/bin/sh";

    public const string OwnPidNamespace = "/proc/self/ns/pid";

    /// <summary>Capabilities that a container's root keeps, as the usual container engines do.</summary>
    private static readonly (int Number, string Name)[] KeptCapabilities =
    [
        (0, "chown"), (1, "dac_override"), (3, "fowner"), (4, "fsetid"), (5, "kill"), (6, "setgid"), (7, "setuid"), (8, "setpcap"),
        (10, "net_bind_service"), (13, "net_raw"), (18, "sys_chroot"), (27, "mknod"), (29, "audit_write"), (31, "setfcap"),
    ];

    private const int LastCapability = 40;
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    public static void DropCapabilities()
    {
        for (var capability = 0; capability <= LastCapability; capability++)
        {
            if (KeptCapabilities.All(kept => kept.Number != capability))
            {
                _ = Native.prctl(Native.PrCapBsetDrop, (ulong)capability, 0, 0, 0);
            }
        }
    }

    /// <summary>Null when the program can be run; otherwise the words of the container runtimes for why not.</summary>
    public static string? Missing(string program, IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            var path = Native.Text(program);
            if (Native.access(path, 0) != 0)
            {
                return $"exec: \"{program}\": stat {program}: no such file or directory";
            }
            return Directory.Exists(program) ? $"exec: \"{program}\": is a directory"
                : Native.access(path, 1) == 0 ? null : $"exec: \"{program}\": permission denied";
        }
        var search = environment.LastOrDefault(pair => pair.Key == "PATH").Value ?? DefaultPath;
        var found = search.Split(':').Any(directory => File.Exists($"{directory}/{program}") && Native.access(Native.Text($"{directory}/{program}"), 1) == 0);
        return found ? null : $"exec: \"{program}\": executable file not found in $PATH";
    }

    /// <summary>
    /// Words that go before the command when it is a container's first process: it mounts its own /proc, which only a process inside
    /// the new PID namespace can do, and then gives up what it must not keep.
    /// </summary>
    public static FirstProcess First(ContainerSpec spec)
    {
        List<string> words = spec.Privileged ? [] : [$"--bounding-set=-all{string.Concat(KeptCapabilities.Select(entry => $",+{entry.Name}"))}"];
        if (spec.User is { Uid: not 0 } or { Gid: not 0 } or { Groups.Count: > 0 })
        {
            var groups = spec.User.Groups.Count == 0 ? [spec.User.Gid] : spec.User.Groups;
            words.AddRange([$"--reuid={spec.User.Uid}", $"--regid={spec.User.Gid}", $"--groups={string.Join(',', groups)}"]);
        }
        return new FirstProcess("/bin/mount -n -t proc -o nosuid,nodev,noexec proc /proc && ", words.Count == 0 ? [] : ["/usr/bin/setpriv", .. words, "--"]);
    }

    /// <param name="input">What becomes standard input.</param>
    /// <param name="cgroupFds">Open cgroup.procs files; not closed.</param>
    public static (Spawned Process, string? Failure) Spawn(
        IReadOnlyList<string> command, IReadOnlyList<KeyValuePair<string, string>> environment, SpawnInput input, IReadOnlyList<int> cgroupFds, SpawnStep step,
        FirstProcess? first = null)
    {
        int[] outPipe = [-1, -1], errPipe = [-1, -1];
        if (input.Terminal is null && (Native.pipe2(outPipe, Native.OCloExec) != 0 || Native.pipe2(errPipe, Native.OCloExec) != 0))
        {
            return (default, $"pipe: {Native.Describe(Native.LastError)}");
        }
        var (actions, attributes) = (new byte[OpaqueBytes], new byte[OpaqueBytes]);
        _ = Native.posix_spawn_file_actions_init(actions);
        _ = Native.posix_spawnattr_init(attributes);
        Redirect(actions, input, outPipe[1], errPipe[1], cgroupFds);
        Signals(attributes);
        var words = Words(first is null ? command : [.. first.Prefix, .. command], environment, cgroupFds.Count, first?.Script ?? "");
        var argv = Pointers(words.Skip(1));
        var envp = Pointers(environment.Where(IsShellName).Select(pair => $"{pair.Key}={pair.Value}"));
        var error = SpawnThere(step, Native.Text(words[0]), actions, attributes, argv, envp, out var pid);
        Free(argv);
        Free(envp);
        _ = Native.posix_spawn_file_actions_destroy(actions);
        _ = Native.close(outPipe[1]);
        _ = Native.close(errPipe[1]);
        if (error != 0)
        {
            _ = Native.close(outPipe[0]);
            _ = Native.close(errPipe[0]);
            return (default, $"exec {words[0]}: {Native.Describe(error)}");
        }
        _ = Native.fcntl(outPipe[0], 4, Native.ONonBlock);
        _ = Native.fcntl(errPipe[0], 4, Native.ONonBlock);
        var pidFd = (int)Native.syscall(Native.SysPidfdOpen, pid, 0, 0, 0, 0);
        return (new Spawned(pid, pidFd, outPipe[0], errPipe[0]), null);
    }

    /// <summary>Runs the critical step once without effect, so that nothing in it is done for the first time later.</summary>
    public static void Prepare()
    {
        var own = Native.open(Native.Text(OwnPidNamespace), Native.OCloExec, 0);
        _ = SpawnThere(new SpawnStep(own, -1, new ContainerUser(0, 0, [])), Native.Text("/nonexistent"), new byte[OpaqueBytes], new byte[OpaqueBytes], [0], [0], out _, spawn: false);
        _ = Native.close(own);
    }

    /// <summary>
    /// From entering the PID namespace to leaving it, this thread cannot start threads, and one that it did start would belong to the
    /// container. So nothing here allocates, and nothing is compiled or called for the first time (<see cref="Prepare"/>): either could make
    /// the runtime start one. The system calls change this thread only; the C library's setuid would change the whole program.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static int SpawnThere(
        SpawnStep step, byte[] path, byte[] actions, byte[] attributes, nint[] argv, nint[] envp, out int pid, bool spawn = true)
    {
        const int notPermitted = 1;
        pid = 0;
        uint[]? groups = step.User is null ? null : step.User.Groups.Count == 0 ? [step.User.Gid] : [.. step.User.Groups];
        var (uid, gid, keep) = ((nint)(step.User?.Uid ?? 0), (nint)(step.User?.Gid ?? 0), (nint)(-1));
        if (step.Own >= 0 && (step.Target < 0 ? Native.unshare(Native.CloneNewPid) : Native.setns(step.Target, Native.CloneNewPid)) != 0)
        {
            return notPermitted;
        }
        var error = 0;
        if (groups is not null
            && (Native.syscallGroups(Native.SysSetGroups, groups.Length, groups) != 0
                || Native.syscall(Native.SysSetResGid, gid, gid, 0, 0, 0) != 0
                // The saved identity stays root's, so that this thread can come back; exec gives the new process none of it.
                || Native.syscall(Native.SysSetResUid, uid, uid, 0, 0, 0) != 0))
        {
            error = notPermitted;
        }
        if (error == 0 && spawn)
        {
            error = Native.posix_spawn(out pid, path, actions, attributes, argv, envp);
        }
        if (groups is not null)
        {
            _ = Native.syscall(Native.SysSetResUid, keep, 0, 0, 0, 0);
        }
        if (step.Own >= 0)
        {
            _ = Native.setns(step.Own, Native.CloneNewPid);
        }
        return error;
    }

    /// <summary>The program's path, then its arguments from argv[0] on.</summary>
    private static List<string> Words(IReadOnlyList<string> command, IReadOnlyList<KeyValuePair<string, string>> environment, int cgroups, string script)
    {
        var joins = string.Concat(Enumerable.Range(3, cgroups).Select(fd => $"echo 0 >&{fd} && "));
        var closes = string.Concat(Enumerable.Range(3, cgroups).Select(fd => $" {fd}>&-"));
        // It joins last: what is done in the cgroup is the container's, and so are the system calls that a recorder sees there.
        List<string> words = [ShellPath, "sh", "-c", $"{script}{joins}exec \"$@\"{closes}", "sh"];
        // A shell drops variables whose names it could not assign to; env(1) hands them on.
        var odd = environment.Where(pair => !IsShellName(pair)).Select(pair => $"{pair.Key}={pair.Value}").ToList();
        if (odd.Count > 0)
        {
            words.AddRange(["/usr/bin/env", .. odd]);
        }
        words.AddRange(command);
        return words;
    }

    private static bool IsShellName(KeyValuePair<string, string> pair) =>
        pair.Key.Length > 0 && !char.IsAsciiDigit(pair.Key[0]) && pair.Key.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');

    private static void Redirect(byte[] actions, SpawnInput input, int outFd, int errFd, IReadOnlyList<int> cgroupFds)
    {
        // The new process leads a session without a terminal; the first one that it opens becomes its controlling terminal.
        _ = input.Terminal is { } terminal
            ? Native.posix_spawn_file_actions_addopen(actions, 0, Native.Text(terminal), Native.ORdWr, 0)
            : Native.posix_spawn_file_actions_adddup2(actions, input.Fd, 0);
        _ = Native.posix_spawn_file_actions_adddup2(actions, input.Terminal is null ? outFd : 0, 1);
        _ = Native.posix_spawn_file_actions_adddup2(actions, input.Terminal is null ? errFd : 0, 2);
        for (var i = 0; i < cgroupFds.Count; i++)
        {
            _ = Native.posix_spawn_file_actions_adddup2(actions, cgroupFds[i], 3 + i);
        }
    }

    private static void Signals(byte[] attributes)
    {
        var (all, none) = (new byte[128], new byte[128]);
        _ = Native.sigfillset(all);
        _ = Native.sigemptyset(none);
        _ = Native.posix_spawnattr_setsigdefault(attributes, all);
        _ = Native.posix_spawnattr_setsigmask(attributes, none);
        _ = Native.posix_spawnattr_setflags(attributes, Flags);
    }

    /// <summary>Text pointers with a null at the end, as the C library takes them.</summary>
    private static nint[] Pointers(IEnumerable<string> texts) => [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

    private static void Free(nint[] pointers)
    {
        foreach (var pointer in pointers)
        {
            Marshal.FreeCoTaskMem(pointer);
        }
    }
}
