namespace Plumb.Logs.Sources;

/// <summary>One stream of log lines, as a file that can be read at any place and twice.</summary>
/// <param name="Name">As the user knows it: a path, a pod, "standard input".</param>
/// <param name="Path">What is read: the file itself, or a temporary copy of what can only be read once.</param>
/// <param name="Service">The service that the name suggests; a line's own field is better.</param>
/// <param name="Pod">The pod that wrote it, where the name says so.</param>
/// <param name="Damage">Why the end of it is missing; null when it is whole.</param>
/// <param name="Container">Whose log it is, when it was read from a cluster.</param>
public sealed record LogSource(string Name, string Path, long Bytes, string Service, string? Pod, string? Damage = null, PodContainer? Container = null);

/// <summary>A container of a pod.</summary>
public sealed record PodContainer(string Namespace, string Pod, string Name)
{
    public override string ToString() => $"{Namespace}/{Pod}/{Name}";
}

/// <summary>All that is read in one run. Temporary copies go when it is disposed.</summary>
public sealed class LogSources(IReadOnlyList<LogSource> sources, IReadOnlyList<string> skipped, string? temporaryFolder) : IDisposable
{
    public IReadOnlyList<LogSource> All { get; } = sources;

    /// <summary>Files of a directory that are no logs, with the reason.</summary>
    public IReadOnlyList<string> Skipped { get; } = skipped;

    public long Bytes => All.Sum(source => source.Bytes);

    public void Dispose()
    {
        if (temporaryFolder is not null && Directory.Exists(temporaryFolder))
        {
            Directory.Delete(temporaryFolder, recursive: true);
        }
    }
}
