using System.Text;
using Plumb.Core;
using Plumb.Logs.Sources;

namespace Plumb.Tests.Logs;

/// <summary>A temporary directory of log files.</summary>
internal sealed class LogFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("plumb-logs-test-").FullName;

    public LogFolder With(string name, params string[] lines) => With(name, Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));

    public LogFolder With(string name, byte[] content)
    {
        File.WriteAllBytes(System.IO.Path.Combine(Path, name), content);
        return this;
    }

    public async Task<LogSources> OpenAsync()
    {
        using var finder = new SourceFinder();
        var problem = await finder.AddAsync(Path, () => Stream.Null, CancellationToken.None);
        return problem is null ? finder.Finish() : throw new InvalidOperationException(problem.What);
    }

    public static async Task<Result<LogSources>> OpenAsync(string path, Stream? standardInput = null)
    {
        using var finder = new SourceFinder();
        var problem = await finder.AddAsync(path, () => standardInput ?? Stream.Null, CancellationToken.None);
        return problem is null ? finder.Finish() : problem;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
