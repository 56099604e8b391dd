namespace Plumb.Bench.Recorder;

/// <summary>A container's cgroup as a runtime makes it, and one as deep that is none, as of a system service.</summary>
internal sealed class BenchCgroups : IDisposable
{
    private readonly string _root;

    /// <param name="mount">Of the cgroup2 hierarchy.</param>
    public BenchCgroups(string mount)
    {
        _root = mount + Prefix.TrimEnd('/');
        Container = Directory.CreateDirectory(Path.Combine(_root, "pod", new string('a', 64))).FullName;
        Service = Directory.CreateDirectory(Path.Combine(_root, "system", "service")).FullName;
    }

    public string Prefix { get; } = $"/plumb-bench-{Environment.ProcessId}/";

    public string Container { get; }

    public string Service { get; }

    public void Dispose()
    {
        foreach (var directory in Directory.GetDirectories(_root, "*", SearchOption.AllDirectories).Append(_root).OrderByDescending(path => path.Length))
        {
            Directory.Delete(directory);
        }
    }
}
