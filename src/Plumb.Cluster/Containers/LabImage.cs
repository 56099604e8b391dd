using System.IO.Enumeration;

namespace Plumb.Cluster.Containers;

/// <summary>
/// An "image" of the lab: a name that stands for a program of this machine. There is no registry and nothing is downloaded.
/// </summary>
/// <param name="Pattern">Image names it answers to, with <c>*</c>; for instance <c>postgres:*</c>. A name without a tag has the tag <c>latest</c>.</param>
/// <param name="Entrypoint">Program and first arguments; a pod's <c>command</c> replaces it. Empty: <see cref="DefaultArgs"/>, or the pod's <c>args</c>, are the command.</param>
internal sealed record LabImage(string Pattern, IReadOnlyList<string> Entrypoint)
{
    /// <summary>Arguments after the entrypoint; a pod's <c>args</c> (or <c>command</c>) replace them.</summary>
    public IReadOnlyList<string> DefaultArgs { get; init; } = [];

    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>Directories that come first in PATH.</summary>
    public IReadOnlyList<string> Path { get; init; } = [];

    /// <summary>Numeric user that the program runs as when the pod says nothing; 0 is root.</summary>
    public uint User { get; init; }

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>The signal that asks the program to end: SIGTERM unless it needs another (PostgreSQL: SIGINT).</summary>
    public int StopSignal { get; init; } = Native.SigTerm;

    /// <summary>A file that must be there for the image to exist on this machine; null: always there.</summary>
    public string? Needs { get; init; }

    /// <summary>The package that brings <see cref="Needs"/>.</summary>
    public string? Package { get; init; }

    /// <summary>Gives the program a directory that outlives its containers, at /var/cache/plumb.</summary>
    public bool HasCache { get; init; }

    /// <summary>Small files of its own by absolute path in the container, such as an entrypoint script.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    public bool Matches(string image) => FileSystemName.MatchesSimpleExpression(Pattern, Normalize(image), ignoreCase: false);

    /// <summary><c>docker.io/library/busybox</c> and <c>busybox</c> both become <c>busybox:latest</c>.</summary>
    public static string Normalize(string image)
    {
        var name = image;
        foreach (var prefix in new[] { "docker.io/library/", "docker.io/" })
        {
            name = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
        }
        var digest = name.IndexOf('@', StringComparison.Ordinal);
        name = digest > 0 ? name[..digest] : name;
        return name.LastIndexOf(':') > name.LastIndexOf('/') ? name : name + ":latest";
    }
}
