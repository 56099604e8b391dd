using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Plumb.Cluster.Containers;

/// <summary>
/// A container without namespaces sees the machine's files. So that it finds its volumes anyway, the paths at which they would be mounted
/// are replaced by the paths where they are: in its command, arguments, environment and own scripts. What a program reads from other files
/// is not changed, and a path that is built into a program is not found.
/// </summary>
internal static class PlainContainer
{
    /// <summary>Tells the processes of a lab after it was killed; there is no cgroup that would.</summary>
    public const string Mark = "PLUMB_LAB";

    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);

    /// <summary>The specification with the machine's paths in it. The container's own files are written.</summary>
    public static ContainerSpec Of(ContainerSpec spec, string lab)
    {
        var files = Path.Combine(spec.Directory, "files");
        var made = spec with { Mounts = [.. spec.Mounts, .. spec.Files.Keys.Select(path => new BindMount(files + path, path))] };
        foreach (var (path, text) in spec.Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(files + path)!);
            File.WriteAllText(files + path, Translate(made, text));
            File.SetUnixFileMode(files + path, (UnixFileMode)(text.StartsWith("#!", StringComparison.Ordinal) ? 0x1ED : 0x1A4));
        }
        return made with
        {
            Command = [.. spec.Command.Select(word => Translate(made, word))],
            Environment = [.. spec.Environment.Select(pair => KeyValuePair.Create(pair.Key, pair is { Key: "HOME", Value: "/root" } && !Native.IsRoot ? spec.Directory : Translate(made, pair.Value))),
                KeyValuePair.Create(Mark, lab)],
            WorkingDirectory = Translate(made, spec.WorkingDirectory),
        };
    }

    /// <summary>Replaces every mount's path where it stands as a path or as the beginning of one.</summary>
    public static string Translate(ContainerSpec spec, string text)
    {
        var targets = spec.Mounts.Where(mount => mount.Target != "/" && text.Contains(mount.Target, StringComparison.Ordinal))
            .GroupBy(mount => mount.Target.TrimEnd('/'), StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Source, StringComparer.Ordinal);
        if (targets.Count == 0)
        {
            return text;
        }
        // The longest first: a volume may be mounted below another one.
        var any = string.Join('|', targets.Keys.OrderByDescending(target => target.Length).Select(Regex.Escape));
        return Regex.Replace(text, $@"(?<![\w./-])({any})(?![\w.-])", match => targets[match.Value], RegexOptions.CultureInvariant, MatchLimit);
    }

    /// <summary>Ends what a killed lab left: every process of this user that carries the lab's mark.</summary>
    /// <returns>How many there were.</returns>
    public static int EndAll(string lab)
    {
        var ended = 0;
        var mark = Encoding.UTF8.GetBytes($"\0{Mark}={lab}\0");
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid)
                    && File.ReadAllBytes(Path.Combine(directory, "environ")).AsSpan().IndexOf(mark) >= 0 && Native.kill(pid, Native.SigKill) == 0)
                {
                    ended++;
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or it is somebody else's.
            }
        }
        return ended;
    }
}
