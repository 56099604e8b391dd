using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Plumb.Core;

namespace Plumb.Recorder.Targets;

/// <summary>
/// A program in a cgroup of its own, which holds it and everything that it starts. The program's standard output goes to standard error, so that standard output has
/// the recording only. The cgroup goes when this is disposed; one that a killed predecessor left is removed at the next start.
/// </summary>
public sealed class TracedProgram : ITracedProgram
{
    private const string Prefix = "plumb-trace-";

    /// <summary>The shell joins the cgroup, then becomes the program: the first execve in the cgroup is the program's.</summary>
    private const string Script = "echo $$ > \"$0\" || exit 126; exec \"$@\" >&2";

    private readonly string _file;
    private readonly IReadOnlyList<string> _arguments;
    private Process? _process;

    private TracedProgram(string directory, string file, IReadOnlyList<string> arguments) => (Cgroup, _file, _arguments) = (directory, file, arguments);

    /// <summary>Directory of its cgroup.</summary>
    public string Cgroup { get; }

    /// <summary>Makes the cgroup; nothing runs before <see cref="Start"/>.</summary>
    public static Result<TracedProgram> Prepare(UnifiedHierarchy hierarchy, string program, IReadOnlyList<string> arguments)
    {
        if (Locate(program) is not { } file)
        {
            return new Problem($"there is no program '{program}' that can be run");
        }
        // Below our own cgroup, so that the program keeps the limits that we have.
        var parent = Path.Combine(hierarchy.Mount, Own());
        try
        {
            RemoveAbandoned(parent);
            var directory = Path.Combine(parent, Prefix + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            Directory.CreateDirectory(directory);
            return new TracedProgram(directory, file, arguments);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"no cgroup can be made in {parent}: {error.Message}", "Run it as root");
        }
    }

    public Problem? Start()
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (IEnumerable<string>)["-c", Script, Path.Combine(Cgroup, "cgroup.procs"), _file, .. _arguments])
        {
            start.ArgumentList.Add(argument);
        }
        try
        {
            _process = Process.Start(start);
            return null;
        }
        catch (Win32Exception error)
        {
            return new Problem($"/bin/sh cannot be started: {error.Message}");
        }
    }

    public int ProcessId => _process!.Id;

    public bool HasEnded => _process!.HasExited;

    /// <summary>128 + n when signal n killed it.</summary>
    public int ExitCode => _process!.ExitCode;

    public Task WaitAsync(CancellationToken cancellation) => _process!.WaitForExitAsync(cancellation);

    public void Kill() => _process!.Kill();

    public void Dispose()
    {
        _process?.Dispose();
        Remove(Cgroup);
    }

    private static string Own()
    {
        var line = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal));
        return line is null ? "" : line[3..].TrimStart('/');
    }

    internal static string? Locate(string program)
    {
        var candidates = program.Contains('/', StringComparison.Ordinal) ? [Path.GetFullPath(program)]
            : (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Select(directory => Path.Combine(directory, program));
        return candidates.FirstOrDefault(file => File.Exists(file) && (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None);
    }

    private static void RemoveAbandoned(string parent)
    {
        foreach (var directory in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            var isOurs = int.TryParse(Path.GetFileName(directory).AsSpan(Prefix.Length), CultureInfo.InvariantCulture, out var owner);
            if (isOurs && !Directory.Exists($"/proc/{owner}"))
            {
                Remove(directory);
            }
        }
    }

    private static void Remove(string directory)
    {
        try
        {
            // What the program left running goes on, one cgroup higher.
            foreach (var process in File.ReadAllLines(Path.Combine(directory, "cgroup.procs")))
            {
                File.WriteAllText(Path.Combine(Path.GetDirectoryName(directory)!, "cgroup.procs"), process);
            }
            Directory.Delete(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A process came or went meanwhile; an empty cgroup costs nothing, and the next start tries again.
        }
    }
}
