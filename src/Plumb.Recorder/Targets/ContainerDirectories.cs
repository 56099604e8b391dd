using System.Buffers;

namespace Plumb.Recorder.Targets;

/// <summary>Which cgroups are containers: those named by an id of 64 hexadecimal digits, alone or as PREFIX-ID.scope.</summary>
internal static class ContainerDirectories
{
    private const int IdCharacters = 64;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
    private const string Scope = ".scope";

    /// <summary>Kubernetes nests four deep, a node in a container a few more.</summary>
    private const int Deepest = 10;

    /// <param name="prefix">How the paths below the hierarchy's root begin.</param>
    public static IEnumerable<(string Directory, string Path)> Below(UnifiedHierarchy hierarchy, string prefix)
    {
        var above = Path.GetDirectoryName(prefix) ?? "/";
        var start = Path.Combine(hierarchy.Mount, above.TrimStart('/'));
        return Directory.Exists(start) ? Search(start, hierarchy.Mount, prefix, 0) : [];
    }

    public static bool IsName(ReadOnlySpan<char> name)
    {
        var id = name.EndsWith(Scope, StringComparison.Ordinal) ? name[..^Scope.Length] : name;
        return id.Length >= IdCharacters && !id[^IdCharacters..].ContainsAnyExcept(Digits);
    }

    private static IEnumerable<(string Directory, string Path)> Search(string directory, string mount, string prefix, int depth)
    {
        foreach (var below in Subdirectories(directory))
        {
            var path = below[mount.Length..];
            var isPart = path.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(path + "/", StringComparison.Ordinal);
            if (isPart && IsName(Path.GetFileName(below)))
            {
                yield return (below, path);
            }
            else if (isPart && depth < Deepest)
            {
                foreach (var found in Search(below, mount, prefix, depth + 1))
                {
                    yield return found;
                }
            }
        }
    }

    private static string[] Subdirectories(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            // It went away meanwhile.
            return [];
        }
    }
}
