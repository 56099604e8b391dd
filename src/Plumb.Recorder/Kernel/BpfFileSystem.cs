using System.Text;
using Plumb.Core;

namespace Plumb.Recorder.Kernel;

/// <summary>
/// Where maps and links get a name that outlives this process: the machine's own bpf file system, or one that we mount for us alone. An own one goes again with the last
/// directory in it.
/// </summary>
public static unsafe class BpfFileSystem
{
    /// <summary>Where systemd, and everybody, mounts it.</summary>
    private const string Usual = "/sys/fs/bpf";
    private const string Own = "/run/plumb/bpf";
    private const string Folder = "plumb";
    private const int Lazily = 2;

    /// <summary>Each of our directories, in the usual place and in our own.</summary>
    internal static IEnumerable<string> Directories()
    {
        foreach (var root in (string[])[Path.Combine(Usual, Folder), Own])
        {
            if (IsMounted(root == Own ? Own : Usual) && Directory.Exists(root))
            {
                foreach (var directory in Directory.EnumerateDirectories(root))
                {
                    yield return directory;
                }
            }
        }
    }

    /// <summary>A directory for objects; it may be there already, with what a predecessor pinned.</summary>
    internal static Result<string> Prepare(string name)
    {
        try
        {
            using var turn = TakeTurn();
            var root = Path.Combine(Usual, Folder);
            if (!IsMounted(Usual))
            {
                root = Own;
                if (!IsMounted(Own) && MountOwn() is { } problem)
                {
                    return problem;
                }
            }
            var directory = Path.Combine(root, name);
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return directory;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"no bpf file system can be used: {error.Message.TrimEnd('.')}", "Run it as root");
        }
    }

    /// <summary>Takes away a directory with what is pinned in it, and our own mount when it was the last.</summary>
    internal static void Remove(string directory)
    {
        try
        {
            using var turn = TakeTurn();
            Pins.Clear(directory);
            Directory.Delete(directory);
            if (directory.StartsWith(Own + "/", StringComparison.Ordinal) && !Directory.EnumerateDirectories(Own).Any())
            {
                fixed (byte* target = Encoding.UTF8.GetBytes(Own + "\0"))
                {
                    _ = Native.umount2(target, Lazily);
                }
                Directory.Delete(Own);
                Directory.Delete(Path.GetDirectoryName(Own)!);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody else makes or removes something there at the same time; the next start tries again.
        }
    }

    /// <summary>Between looking whether anybody else uses our mount and taking it away, nobody may begin to use it. Who has the turn makes a few system calls and lets go.</summary>
    private static LockFile TakeTurn() => LockFile.Take("/run/plumb.lock");

    /// <summary>Held as long as the process of a recorder runs.</summary>
    internal static Result<LockFile> Claim(string name)
    {
        try
        {
            return LockFile.TryTake($"/run/plumb-{name}.lock") is { } claim ? claim
                : new Problem($"a flight recorder named '{name}' runs on this machine already", "One is enough: 'plumb trace pod/NAME' reads its rings");
        }
        catch (IOException error)
        {
            return new Problem($"no flight recorder can run here: {error.Message.TrimEnd('.')}", "Run it as root");
        }
    }

    private static Problem? MountOwn()
    {
        Directory.CreateDirectory(Own, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        fixed (byte* source = "plumb\0"u8)
        fixed (byte* type = "bpf\0"u8)
        fixed (byte* data = "mode=0700\0"u8)
        fixed (byte* target = Encoding.UTF8.GetBytes(Own + "\0"))
        {
            return Native.mount(source, target, type, 0, data) == 0 ? null : LoadedPrograms.Refused($"mount a bpf file system at {Own}", Native.LastError, null);
        }
    }

    private static bool IsMounted(string place) => File.ReadLines("/proc/self/mountinfo").Any(line =>
        line.Split(" - ", 2) is [var left, var right] && right.StartsWith("bpf ", StringComparison.Ordinal) && left.Split(' ') is [_, _, _, _, var at, ..] && at == place);
}
