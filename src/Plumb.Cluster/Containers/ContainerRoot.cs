using System.Runtime.InteropServices;

namespace Plumb.Cluster.Containers;

/// <summary>
/// Gives the calling thread a root directory of its own: an overlay whose lower layer is the machine's root and whose upper
/// layer belongs to the container. Runs on a dedicated thread after <c>unshare</c>; all its mounts live in that thread's mount
/// namespace and go with the container's last process.
/// </summary>
/// <param name="stateDirectory">The lab's own files, which no container may see.</param>
/// <param name="hostPaths">Directories of the machine that programs are in (this program, the .NET runtime), shown read-only wherever they are.</param>
internal sealed class ContainerRoot(string stateDirectory, IReadOnlyList<string> hostPaths)
{
    /// <summary>Where the old root stands for a moment, while volumes are bound from it.</summary>
    private const string OldRoot = "/.plumb-old-root";

    /// <summary>Directories of the machine that a container must not see: what users and other programs keep there.</summary>
    internal static readonly string[] HiddenDirectories = ["/tmp", "/var/tmp", "/run", "/root", "/home", "/mnt", "/media", "/srv"];

    private static readonly string[] DeviceLinks = ["/proc/self/fd", "/dev/fd", "/proc/self/fd/0", "/dev/stdin", "/proc/self/fd/1", "/dev/stdout", "/proc/self/fd/2", "/dev/stderr", "pts/ptmx", "/dev/ptmx"];

    private static readonly (string Name, uint Major, uint Minor)[] Devices =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

    private const uint CharacterDevice = 0x2000;
    private const int AtRecursive = 0x8000;
    private const ulong MountAttrRdOnly = 1;

    /// <summary>Null when the root is in place; otherwise what failed. The thread is of no other use afterwards in both cases.</summary>
    public string? Enter(ContainerSpec spec)
    {
        var root = Path.Combine(spec.Directory, "root");
        var upper = Path.Combine(spec.Directory, "upper");
        var work = Path.Combine(spec.Directory, "work");
        Directory.CreateDirectory(root);
        _ = Native.umask(0);
        if (Mount(null, "/", null, Native.MsRec | Native.MsPrivate, null) is { } failure)
        {
            return failure;
        }
        failure = Overlay(spec, root, upper, work);
        if (failure is not null)
        {
            return failure;
        }
        _ = Native.mkdir(Native.Text(root + OldRoot), 0x1C0);
        if (Native.syscall2(Native.SysPivotRoot, Native.Text(root), Native.Text(root + OldRoot)) != 0)
        {
            return Failed("pivot_root");
        }
        _ = Native.chdir(Native.Text("/"));
        failure = KernelFileSystems() ?? HostPrograms() ?? Volumes(spec);
        if (failure is not null)
        {
            return failure;
        }
        if (Native.umount2(Native.Text(OldRoot), Native.MntDetach) != 0)
        {
            return Failed("umount old root");
        }
        _ = Native.rmdir(Native.Text(OldRoot));
        _ = Native.umask(0x12);
        return spec.ReadOnlyRoot ? Mount(null, "/", null, Native.MsRemount | Native.MsBind | Native.MsRdOnly, null) : null;
    }

    private string? Overlay(ContainerSpec spec, string root, string upper, string work)
    {
        Directory.CreateDirectory(upper);
        Directory.CreateDirectory(work);
        Prepare(spec, upper);
        var failure = Mount("overlay", root, "overlay", 0, $"lowerdir=/,upperdir={upper},workdir={work}");
        if (failure is null)
        {
            return null;
        }
        // Some file systems (an overlay, NFS) cannot be an upper layer: then the container's own files live in memory.
        var layers = Path.Combine(spec.Directory, "layers");
        Directory.CreateDirectory(layers);
        if (Mount("tmpfs", layers, "tmpfs", 0, "mode=755") is { } noMemory)
        {
            return noMemory;
        }
        (upper, work) = (Path.Combine(layers, "upper"), Path.Combine(layers, "work"));
        Directory.CreateDirectory(upper);
        Directory.CreateDirectory(work);
        Prepare(spec, upper);
        return Mount("overlay", root, "overlay", 0, $"lowerdir=/,upperdir={upper},workdir={work}");
    }

    /// <summary>The upper layer before it is mounted: the container's own /etc files, and opaque directories over what is hidden.</summary>
    private void Prepare(ContainerSpec spec, string upper)
    {
        _ = Native.chown(Native.Text(upper), 0, 0);
        foreach (var hidden in Hidden)
        {
            var path = upper + hidden;
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
            if (hidden is "/tmp" or "/var/tmp")
            {
                File.SetUnixFileMode(path, (UnixFileMode)0x3FF);
            }
            _ = Native.setxattr(Native.Text(path), Native.Text("trusted.overlay.opaque"), "y"u8.ToArray(), 1, 0);
        }
        foreach (var (path, text) in spec.Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(upper + path)!);
            File.WriteAllText(upper + path, text);
            // A script starts with #!; everything else is text to read.
            File.SetUnixFileMode(upper + path, (UnixFileMode)(text.StartsWith("#!", StringComparison.Ordinal) ? 0x1ED : 0x1A4));
        }
    }

    private IEnumerable<string> Hidden =>
        HiddenDirectories.Any(hidden => stateDirectory.StartsWith(hidden + "/", StringComparison.Ordinal)) ? HiddenDirectories : HiddenDirectories.Append(stateDirectory);

    private static string? KernelFileSystems()
    {
        // /proc is mounted by the container's first process: before there is one, it would show this program's processes.
        var failure = Mount("tmpfs", "/dev", "tmpfs", Native.MsNoSuid, "mode=755,size=65536k");
        if (failure is not null)
        {
            return failure;
        }
        foreach (var (name, major, minor) in Devices)
        {
            if (Native.mknod(Native.Text($"/dev/{name}"), CharacterDevice | 0x1B6, (major << 8) | minor) != 0)
            {
                return Failed($"mknod /dev/{name}");
            }
        }
        for (var i = 0; i < DeviceLinks.Length; i += 2)
        {
            _ = Native.symlink(Native.Text(DeviceLinks[i]), Native.Text(DeviceLinks[i + 1]));
        }
        _ = Native.mkdir(Native.Text("/dev/pts"), 0x1ED);
        _ = Native.mkdir(Native.Text("/dev/shm"), 0x3FF);
        return Mount("devpts", "/dev/pts", "devpts", Native.MsNoSuid | Native.MsNoExec, "newinstance,ptmxmode=0666,mode=0620,gid=5")
            ?? Mount("shm", "/dev/shm", "tmpfs", Native.MsNoSuid | Native.MsNoDev | Native.MsNoExec, "mode=1777,size=65536k")
            ?? BindReadOnly(OldRoot + "/sys", "/sys");
    }

    /// <summary>Programs that stand below a hidden directory or on another partition.</summary>
    private string? HostPrograms()
    {
        foreach (var path in hostPaths)
        {
            MakeDirectories(path);
            if (BindReadOnly(OldRoot + path, path) is { } failure)
            {
                return failure;
            }
        }
        return null;
    }

    private static string? Volumes(ContainerSpec spec)
    {
        foreach (var bind in spec.Mounts)
        {
            var source = OldRoot + bind.Source;
            if (Directory.Exists(source))
            {
                MakeDirectories(bind.Target);
            }
            else
            {
                MakeDirectories(Path.GetDirectoryName(bind.Target)!);
                var made = Native.open(Native.Text(bind.Target), Native.OWrOnly | 0x40 | Native.OCloExec, 0x1A4);
                _ = made >= 0 ? Native.close(made) : 0;
            }
            var failure = bind.ReadOnly ? BindReadOnly(source, bind.Target) : Mount(source, bind.Target, null, Native.MsBind | Native.MsRec, null);
            if (failure is not null)
            {
                return failure;
            }
        }
        return null;
    }

    private static string? BindReadOnly(string source, string target)
    {
        if (Mount(source, target, null, Native.MsBind | Native.MsRec, null) is { } failure)
        {
            return failure;
        }
        // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
        return Native.syscallBytes(Native.SysMountSetattr, -100, Native.Text(target), AtRecursive, [MountAttrRdOnly, 0, 0, 0], 32) == 0
            ? null
            : Mount(null, target, null, Native.MsRemount | Native.MsBind | Native.MsRdOnly, null);
    }

    private static void MakeDirectories(string path)
    {
        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            _ = Native.mkdir(Native.Text(path[..slash]), 0x1ED);
        }
        _ = Native.mkdir(Native.Text(path), 0x1ED);
    }

    private static string? Mount(string? source, string target, string? type, ulong flags, string? data) =>
        Native.mount(source is null ? null : Native.Text(source), Native.Text(target), type is null ? null : Native.Text(type), flags, data is null ? null : Native.Text(data)) == 0
            ? null
            : Failed($"mount {target}");

    private static string Failed(string step) => $"{step}: {Marshal.GetPInvokeErrorMessage(Native.LastError).ToLowerInvariant()}";
}
