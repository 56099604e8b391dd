using System.Buffers;
using System.Globalization;
using System.Text;
using Plumb.Cluster.Containers;

namespace Plumb.Cluster.Kubelet;

/// <summary>
/// Writes a container's output as the CRI log format says: <c>time stream F|P text</c>, one line a line; a line longer than
/// <see cref="LineLimit"/> comes in parts, all but the last marked P.
/// </summary>
internal sealed class ContainerLog : IOutputSink, IDisposable
{
    public const int LineLimit = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly long _limitBytes;
    private readonly int _files;
    private readonly TimeProvider _time;
    private readonly ArrayBufferWriter<byte> _batch = new();
    private readonly ArrayBufferWriter<byte>[] _partial = [new(), new()];
    private FileStream? _file;
    private long _written;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ContainerLog(string path, long limitBytes, int files, TimeProvider time)
    {
        (_path, _limitBytes, _files, _time) = (path, limitBytes, files, time);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _file = Open();
    }

    public string FilePath => _path;

    /// <summary>True when the container has ended and nothing more will be written.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Completes when something is written, or the log completes, after this was read.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
            {
                return IsComplete ? Task.CompletedTask : _changed.Task;
            }
        }
    }

    public void Write(ReadOnlySpan<byte> data, bool isStandardError)
    {
        lock (_lock)
        {
            var rest = _partial[isStandardError ? 1 : 0];
            var stamp = Stamp();
            while (!data.IsEmpty)
            {
                var end = data.IndexOf((byte)'\n');
                var take = Math.Min(end < 0 ? data.Length : end, LineLimit - rest.WrittenCount);
                rest.Write(data[..take]);
                var isWhole = take == end;
                data = data[(isWhole ? take + 1 : take)..];
                if (isWhole || rest.WrittenCount == LineLimit)
                {
                    Line(stamp, isStandardError, isWhole, rest);
                }
            }
            Flush();
        }
    }

    public void Complete()
    {
        lock (_lock)
        {
            foreach (var isError in new[] { false, true })
            {
                var rest = _partial[isError ? 1 : 0];
                if (rest.WrittenCount > 0)
                {
                    Line(Stamp(), isError, isWhole: false, rest);
                }
            }
            Flush();
            IsComplete = true;
            _changed.TrySetResult();
            _file?.Dispose();
            _file = null;
        }
    }

    public void Dispose() => Complete();

    /// <summary>This log's files from the oldest to the one being written.</summary>
    public static IReadOnlyList<string> FilesOf(string path) =>
        [.. Enumerable.Range(1, 99).Select(n => $"{path}.{n}").TakeWhile(File.Exists).Reverse(), path];

    private void Line(byte[] stamp, bool isError, bool isWhole, ArrayBufferWriter<byte> text)
    {
        _batch.Write(stamp);
        _batch.Write(isError ? " stderr "u8 : " stdout "u8);
        _batch.Write(isWhole ? "F "u8 : "P "u8);
        _batch.Write(text.WrittenSpan);
        _batch.Write("\n"u8);
        text.ResetWrittenCount();
    }

    private void Flush()
    {
        if (_file is not null && _batch.WrittenCount > 0)
        {
            try
            {
                _file.Write(_batch.WrittenSpan);
                _written += _batch.WrittenCount;
                if (_written >= _limitBytes)
                {
                    Rotate();
                }
            }
            catch (IOException)
            {
                // A full disk must not stop the container: its newest output is lost, as with a real container engine.
            }
        }
        _batch.ResetWrittenCount();
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    private void Rotate()
    {
        _file!.Dispose();
        for (var n = _files - 1; n >= 1; n--)
        {
            var from = n == 1 ? _path : $"{_path}.{n - 1}";
            if (File.Exists(from))
            {
                File.Move(from, $"{_path}.{n}", overwrite: true);
            }
        }
        _file = Open();
    }

    private FileStream Open()
    {
        var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _written = file.Length;
        return file;
    }

    /// <summary>Nanoseconds as the format wants them; the clock here has hundreds of them.</summary>
    private byte[] Stamp() => Encoding.ASCII.GetBytes(_time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture) + "00Z");
}
