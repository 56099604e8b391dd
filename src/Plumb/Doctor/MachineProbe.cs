using System.ComponentModel;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;

namespace Plumb.Doctor;

/// <summary>Finds the facts, and leaves the machine as it was.</summary>
public sealed class MachineProbe(PlumbHome home, bool consoleBuilt)
{
    private static readonly TimeSpan ProgramLimit = TimeSpan.FromSeconds(10);

    // kubectl is often a wrapper that is slow at its first start; its version matters less than the wait.
    private static readonly TimeSpan ShortLimit = TimeSpan.FromSeconds(3);

    public async Task<MachineFacts> CollectAsync(CancellationToken cancellation)
    {
        var sdks = SdksAsync(cancellation);
        var namespaces = NamespacesAsync(cancellation);
        var postgres = ToolAsync(Find("postgres", NewestPostgres()), ProgramLimit, cancellation, "--version");
        var prometheus = ToolAsync(Find("prometheus"), ProgramLimit, cancellation, "--version");
        var busybox = ToolAsync(Find("busybox"), ProgramLimit, cancellation);
        var node = ToolAsync(Find("node"), ProgramLimit, cancellation, "--version");
        var npm = ToolAsync(Find("npm"), ProgramLimit, cancellation, "--version");
        var kubectl = ToolAsync(Find("kubectl"), ShortLimit, cancellation, "version", "--client");
        var homeProblem = HomeProblem();
        var (v1, v2) = Cgroups(await File.ReadAllLinesAsync("/proc/self/mountinfo", cancellation));
        return new MachineFacts(
            RuntimeInformation.OSDescription, Environment.IsPrivilegedProcess, await sdks, v1, v2, await namespaces,
            await OverlayAsync(cancellation), Loopback(), home.Path, homeProblem, DiskFree(), await MemoryAvailableAsync(cancellation), consoleBuilt,
            await postgres, await prometheus, await busybox, await node, await npm, await kubectl);
    }

    /// <summary>Controllers by hierarchy, from the lines of /proc/self/mountinfo (proc(5)).</summary>
    internal static (IReadOnlySet<string> V1, IReadOnlySet<string>? V2) Cgroups(IEnumerable<string> mounts)
    {
        var v1 = new HashSet<string>();
        HashSet<string>? v2 = null;
        foreach (var line in mounts)
        {
            // … mount point … - type source super-options
            var halves = line.Split(" - ", 2);
            var (mount, file) = (halves[0].Split(' '), halves.Length > 1 ? halves[1].Split(' ') : []);
            if (file is ["cgroup", _, var options])
            {
                v1.UnionWith(options.Split(',').Where(option => option is not ("rw" or "ro") && !option.Contains('=', StringComparison.Ordinal)));
            }
            else if (file is ["cgroup2", ..] && mount.Length > 4)
            {
                var controllers = Path.Combine(mount[4], "cgroup.controllers");
                v2 = [.. File.Exists(controllers) ? File.ReadAllText(controllers).Split(default(char[]), StringSplitOptions.RemoveEmptyEntries) : []];
            }
        }
        return (v1, v2);
    }

    /// <summary>The first word of a text that looks like a version, without what distributions append to it (2.42.0+ds).</summary>
    internal static string? VersionIn(string text) =>
        text.Split([' ', '\n', '\t', ',', '(', ')'], StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.StartsWith('v') ? word[1..] : word)
            .Where(word => word.Contains('.', StringComparison.Ordinal) && char.IsAsciiDigit(word[0]))
            .Select(word => string.Concat(word.TakeWhile(character => char.IsAsciiDigit(character) || character == '.')).TrimEnd('.'))
            .FirstOrDefault();

    private static string? Find(string program, string? otherwise = null) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists) ?? otherwise;

    /// <summary>Debian keeps the server out of PATH: /usr/lib/postgresql/15/bin/postgres.</summary>
    private static string? NewestPostgres() =>
        !Directory.Exists("/usr/lib/postgresql") ? null : Directory.GetDirectories("/usr/lib/postgresql")
            .OrderByDescending(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(directory => Path.Combine(directory, "bin", "postgres")).FirstOrDefault(File.Exists);

    private static async Task<Tool> ToolAsync(string? path, TimeSpan limit, CancellationToken cancellation, params string[] arguments)
    {
        if (path is null)
        {
            return Tool.Missing;
        }
        var ran = await ProcessRunner.RunAsync(new ProcessRequest(path, arguments, limit), cancellation);
        return new Tool(path, ran.IsOk ? VersionIn(ran.Value.Output + ran.Value.Error) : null);
    }

    private static async Task<IReadOnlyList<string>> SdksAsync(CancellationToken cancellation)
    {
        var ran = await ProcessRunner.RunAsync(new ProcessRequest("dotnet", ["--list-sdks"], ProgramLimit), cancellation);
        return ran.IsOk ? [.. ran.Value.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])] : [];
    }

    private static async Task<string?> NamespacesAsync(CancellationToken cancellation)
    {
        var ran = await ProcessRunner.RunAsync(new ProcessRequest("unshare", ["--pid", "--mount", "--fork", "true"], ProgramLimit), cancellation);
        return !ran.IsOk ? ran.Problem.What : ran.Value.ExitCode == 0 ? null : ran.Value.LastLine;
    }

    private static async Task<bool> OverlayAsync(CancellationToken cancellation) =>
        (await File.ReadAllLinesAsync("/proc/filesystems", cancellation)).Any(line => line.EndsWith("\toverlay", StringComparison.Ordinal))
        || Directory.Exists("/sys/module/overlay");

    private static string? Loopback()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Parse("127.77.0.1"), 0);
            listener.Start();
            return null;
        }
        catch (SocketException error)
        {
            return $"no port can be opened on 127.77.0.1: {error.Message}";
        }
    }

    private string? HomeProblem()
    {
        if (File.Exists(home.File("state.db")))
        {
            var opened = StateStore.Open(home);
            opened.Value?.Dispose();
            return opened.Problem?.What;
        }
        var probe = Path.Combine(NearestDirectory(), $".plumb-doctor-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return refused.Message;
        }
    }

    private long DiskFree()
    {
        try
        {
            return new DriveInfo(NearestDirectory()).AvailableFreeSpace;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or Win32Exception)
        {
            return 0;
        }
    }

    /// <summary>The state directory, or what exists above it: on the same disk, and what would have to be writable.</summary>
    private string NearestDirectory()
    {
        var at = home.Path;
        while (!Directory.Exists(at) && Path.GetDirectoryName(at) is { } parent)
        {
            at = parent;
        }
        return at;
    }

    private static async Task<long> MemoryAvailableAsync(CancellationToken cancellation)
    {
        var line = (await File.ReadAllLinesAsync("/proc/meminfo", cancellation)).FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line is not null && long.TryParse(line.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes * 1024 : 0;
    }
}
