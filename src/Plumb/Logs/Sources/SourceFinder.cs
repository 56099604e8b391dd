using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Plumb.Core;

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
        var (file, damage) = await SpoolAsync(stream, cancellation);
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
            file.Position = 0;
            var (copy, damage) = await SpoolAsync(file, cancellation);
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

    private async Task<(string File, string? Damage)> SpoolAsync(Stream stream, CancellationToken cancellation)
    {
        _folder ??= Directory.CreateTempSubdirectory("plumb-logs-").FullName;
        var path = Path.Combine(_folder, $"{_sources.Count}.log");
        await using var copy = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        var head = new byte[2];
        var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        await using var whole = new Rejoined(head.AsMemory(0, length), stream);
        return (path, head.AsSpan(0, length) switch
        {
            [0x1f, 0x8b] => await UnpackAsync(whole, copy, cancellation),
            [0xff, 0xfe] => await TranscodeAsync(whole, Encoding.Unicode, copy, cancellation),
            [0xfe, 0xff] => await TranscodeAsync(whole, Encoding.BigEndianUnicode, copy, cancellation),
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
        var tail = new LastBytes(packed);
        await using var unpacked = new GZipStream(tail, CompressionMode.Decompress);
        try
        {
            var damage = await CopyAsync(unpacked, to, cancellation);
            // The last four bytes state the length of the last member (RFC 1952); a file that was cut short often ends without an error otherwise.
            return damage ?? (tail.Length % (1L << 32) == to.Length % (1L << 32) || tail.Members > 1 ? null : "the compressed file ends early; its last lines are missing");
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return $"the compressed file is damaged ({error.Message.TrimEnd('.')}); what follows is missing";
        }
    }

    private static async Task<string?> TranscodeAsync(Stream from, Encoding encoding, Stream to, CancellationToken cancellation)
    {
        await using var utf8 = Encoding.CreateTranscodingStream(from, encoding, Encoding.UTF8);
        await utf8.CopyToAsync(to, cancellation);
        return null;
    }

    /// <summary>The bytes that were looked at, and then the rest.</summary>
    private sealed class Rejoined(ReadOnlyMemory<byte> head, Stream rest) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _head = head;

        public override int Read(Span<byte> buffer)
        {
            if (_head.IsEmpty)
            {
                return rest.Read(buffer);
            }
            var taken = Math.Min(buffer.Length, _head.Length);
            _head.Span[..taken].CopyTo(buffer);
            _head = _head[taken..];
            return taken;
        }
    }

    /// <summary>Remembers the end of a gzip file while it passes.</summary>
    private sealed class LastBytes(Stream inner) : ReadOnlyStream
    {
        private readonly byte[] _last = new byte[4];

        /// <summary>Members begin with 1f 8b 08; two of them in one file is what log rotation by concatenation makes.</summary>
        public int Members { get; private set; }

        public override long Length => BinaryPrimitives.ReadUInt32LittleEndian(_last);

        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer);
            var seen = buffer[..read];
            for (var rest = seen; rest.IndexOf((ReadOnlySpan<byte>)[0x1f, 0x8b, 0x08]) is >= 0 and var at; rest = rest[(at + 3)..])
            {
                Members++;
            }
            if (read >= _last.Length)
            {
                seen[^4..].CopyTo(_last);
            }
            else
            {
                for (var i = 0; i < read; i++)
                {
                    _last.AsSpan(1).CopyTo(_last);
                    _last[^1] = seen[i];
                }
            }
            return read;
        }
    }
}
