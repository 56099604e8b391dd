using System.Text;
using Plumb.Core;
using Plumb.Platform.Files;

namespace Plumb.Logs.Sources;

/// <summary>Turns what the user named (files, directories, patterns, - for standard input) into sources. What can be read only once is copied to a temporary file.</summary>
public sealed class SourceFinder : IDisposable
{
    /// <summary>More files than this are a mistake in the pattern.</summary>
    public const int MostFiles = 20_000;

    /// <summary>Bytes that standard input and compressed files may have unpacked; the rest of the disk is not ours.</summary>
    public const long MostSpooledBytes = 32L << 30;

    private const int ProbeBytes = 4096;
    private readonly List<LogSource> _sources = [];
    private readonly List<string> _skipped = [];
    private readonly HashSet<string> _seen = [];
    private string? _folder;
    private long _spooled;
    private bool _handedOver;

    /// <summary>Adds what stands at a path.</summary>
    /// <returns>Why it cannot be read; null when it can.</returns>
    public async Task<Problem?> AddAsync(string path, Func<Stream> standardInput, CancellationToken cancellation)
    {
        if (path == "-")
        {
            await using var input = standardInput();
            await AddStreamAsync(new LogSource("standard input", "", 0, "", null), input, cancellation);
            return null;
        }
        try
        {
            if (Directory.Exists(path))
            {
                return await AddAllAsync(Directory.EnumerateFiles(path, "*", Below), cancellation);
            }
            if (!File.Exists(path) && path.AsSpan().ContainsAny('*', '?'))
            {
                return await AddMatchesAsync(path, cancellation);
            }
            return File.Exists(path) ? await AddFileAsync(path, named: true, cancellation)
                : new Problem($"there is no file or directory '{path}'", "Name log files, directories, patterns in quotes, or - for standard input");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"'{path}' cannot be read: {error.Message}", "What cannot be read is no evidence; nothing was judged");
        }
    }

    /// <summary>Adds what can be read only once, such as a pod's log.</summary>
    /// <param name="source">What it is called and whose it is; where it is kept and how long it is follows from reading it.</param>
    public async Task AddStreamAsync(LogSource source, Stream stream, CancellationToken cancellation)
    {
        var head = new byte[2];
        var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        var (file, damage) = await SpoolAsync(head.AsMemory(0, length), stream, cancellation);
        _sources.Add(source with { Path = file, Bytes = new FileInfo(file).Length, Damage = damage });
    }

    /// <summary>Says that something was not read, and why.</summary>
    public void Skip(string what) => _skipped.Add(what);

    /// <summary>The sources, in the order of their names: the same input gives the same output.</summary>
    public LogSources Finish()
    {
        _handedOver = true;
        return new LogSources([.. _sources.OrderBy(source => source.Name, StringComparer.Ordinal)], _skipped, _folder);
    }

    public void Dispose()
    {
        if (!_handedOver && _folder is not null && Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static EnumerationOptions Below => new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };

    private async Task<Problem?> AddMatchesAsync(string pattern, CancellationToken cancellation)
    {
        var folder = Path.GetDirectoryName(pattern) is { Length: > 0 } parent ? parent : ".";
        var deep = folder.EndsWith("**", StringComparison.Ordinal);
        folder = deep ? Path.GetDirectoryName(folder) is { Length: > 0 } above ? above : "." : folder;
        if (folder.AsSpan().ContainsAny('*', '?') || !Directory.Exists(folder))
        {
            return new Problem($"there is no directory '{folder}'", "A pattern may have * and ? in its last part, and ** as the part before it");
        }
        var options = new EnumerationOptions { RecurseSubdirectories = deep, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false };
        return await AddAllAsync(Directory.EnumerateFiles(folder, Path.GetFileName(pattern), options), cancellation);
    }

    private async Task<Problem?> AddAllAsync(IEnumerable<string> files, CancellationToken cancellation)
    {
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            if (await AddFileAsync(file, named: false, cancellation) is { } problem)
            {
                return problem;
            }
        }
        return null;
    }

    private async Task<Problem?> AddFileAsync(string path, bool named, CancellationToken cancellation)
    {
        if (!_seen.Add(Path.GetFullPath(path)))
        {
            return null;
        }
        if (_sources.Count >= MostFiles)
        {
            return new Problem($"there are more than {MostFiles} files", "Name a smaller part of them");
        }
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, useAsync: false);
        var head = new byte[ProbeBytes];
        // A file that can be sought answers at once; a pipe may keep one waiting.
        var length = file.CanSeek ? file.ReadAtLeast(head, ProbeBytes, throwOnEndOfStream: false) : await file.ReadAtLeastAsync(head, ProbeBytes, throwOnEndOfStream: false, cancellation);
        var (service, pod) = SourceName.OfFile(path);
        // A pipe or a device has no length that one could rely on.
        if (!file.CanSeek || head.AsSpan(0, length) is [0x1f, 0x8b, ..] or [0xff, 0xfe, ..] or [0xfe, 0xff, ..])
        {
            var (copy, damage) = await SpoolAsync(head.AsMemory(0, length), file, cancellation);
            _sources.Add(new LogSource(path, copy, new FileInfo(copy).Length, service, pod, damage));
        }
        else if (!named && head.AsSpan(0, length).Contains((byte)0))
        {
            _skipped.Add($"{path}: binary");
        }
        else if (length > 0 || named)
        {
            _sources.Add(new LogSource(path, path, file.Length, service, pod));
        }
        return null;
    }

    /// <param name="head">What was read of it already, two bytes at least where there are as many.</param>
    private async Task<(string File, string? Damage)> SpoolAsync(ReadOnlyMemory<byte> head, Stream rest, CancellationToken cancellation)
    {
        _folder ??= Directory.CreateTempSubdirectory("plumb-logs-").FullName;
        var path = Path.Combine(_folder, $"{_sources.Count}.log");
        await using var copy = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        await using var whole = new RejoinedStream(head, rest);
        return (path, head.Span switch
        {
            [0x1f, 0x8b, ..] => await UnpackAsync(whole, copy, cancellation),
            [0xff, 0xfe, ..] => await TranscodeAsync(whole, Encoding.Unicode, copy, cancellation),
            [0xfe, 0xff, ..] => await TranscodeAsync(whole, Encoding.BigEndianUnicode, copy, cancellation),
            _ => await CopyAsync(whole, copy, cancellation),
        });
    }

    private async Task<string?> CopyAsync(Stream from, Stream to, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 16];
        while (await from.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            _spooled += read;
            if (_spooled > MostSpooledBytes)
            {
                return $"unpacked it is larger than {MostSpooledBytes >> 30} GiB; the rest was not read";
            }
            await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
        return null;
    }

    private async Task<string?> UnpackAsync(Stream packed, FileStream to, CancellationToken cancellation)
    {
        await using var unpacked = new WholeGzipStream(packed);
        try
        {
            return await CopyAsync(unpacked, to, cancellation);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return $"the compressed file is damaged ({error.Message.TrimEnd('.')}); what follows is missing";
        }
    }

    private async Task<string?> TranscodeAsync(Stream from, Encoding encoding, Stream to, CancellationToken cancellation)
    {
        await using var utf8 = Encoding.CreateTranscodingStream(from, encoding, Encoding.UTF8);
        return await CopyAsync(utf8, to, cancellation);
    }
}
