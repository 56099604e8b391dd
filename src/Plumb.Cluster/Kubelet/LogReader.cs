using System.Buffers;
using System.Globalization;
using System.Text;
using Plumb.Cluster.Api;

namespace Plumb.Cluster.Kubelet;

/// <summary>Reads logs in the CRI format as <c>kubectl logs</c> asks for them.</summary>
internal static class LogReader
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>A reader that follows looks again after this time at the latest, should it have missed a turn-over of the file.</summary>
    private static readonly TimeSpan FollowPatience = TimeSpan.FromSeconds(5);

    /// <param name="log">The writer, to follow it; null when the container has ended long ago.</param>
    public static async Task CopyAsync(string path, ContainerLog? log, LogRequest request, Stream output, TimeProvider time, CancellationToken cancel)
    {
        var sink = new Sink(request, output);
        var files = ContainerLog.FilesOf(path).Where(File.Exists).ToList();
        var (start, offset) = request.TailLines is { } lines ? await TailAsync(files, lines, cancel) : (0, 0L);
        for (var i = start; i < files.Count; i++)
        {
            var isLast = i == files.Count - 1;
            await using var file = new FileStream(files[i], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, useAsync: false);
            file.Position = i == start ? offset : 0;
            await ReadAsync(file, isLast && request.Follow ? log : null, sink, time, cancel);
        }
        await output.FlushAsync(cancel);
    }

    private static async Task ReadAsync(FileStream file, ContainerLog? follow, Sink sink, TimeProvider time, CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        var kept = 0;
        while (!sink.IsFull)
        {
            // Taken before reading: a write in between then ends the wait at once.
            var changed = follow?.Changed;
            var wasComplete = follow?.IsComplete ?? true;
            var count = await file.ReadAsync(buffer.AsMemory(kept), cancel);
            if (count == 0)
            {
                if (wasComplete)
                {
                    return;
                }
                await sink.FlushAsync(cancel);
                await WaitAsync(changed!, time, cancel);
                continue;
            }
            var end = kept + count;
            var used = await sink.LinesAsync(buffer.AsMemory(0, end), cancel);
            kept = end - used;
            buffer.AsSpan(used, kept).CopyTo(buffer);
            if (kept == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    private static async Task WaitAsync(Task changed, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            await changed.WaitAsync(FollowPatience, time, cancel);
        }
        catch (TimeoutException)
        {
            // Look again.
        }
    }

    /// <summary>Where the last lines begin: file and offset.</summary>
    private static async Task<(int File, long Offset)> TailAsync(List<string> files, long lines, CancellationToken cancel)
    {
        var seen = 0L;
        for (var i = files.Count - 1; i >= 0; i--)
        {
            // Logs are bounded by their turn-over size, so a file can be held whole.
            var bytes = await File.ReadAllBytesAsync(files[i], cancel);
            for (var at = bytes.Length - 1; at >= 0; at--)
            {
                if (bytes[at] == '\n' && ++seen > lines)
                {
                    return (i, at + 1);
                }
            }
        }
        return (0, 0);
    }

    private sealed class Sink(LogRequest request, Stream output)
    {
        private readonly ArrayBufferWriter<byte> _out = new();
        private long _left = request.LimitBytes ?? long.MaxValue;

        public bool IsFull => _left <= 0;

        /// <returns>Bytes used: whole lines only.</returns>
        public async ValueTask<int> LinesAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
        {
            var used = 0;
            while (!IsFull && data.Span[used..].IndexOf((byte)'\n') is var length and >= 0)
            {
                Line(data.Span.Slice(used, length));
                used += length + 1;
            }
            await FlushAsync(cancel);
            return used;
        }

        public async ValueTask FlushAsync(CancellationToken cancel)
        {
            if (_out.WrittenCount > 0)
            {
                await output.WriteAsync(_out.WrittenMemory, cancel);
                await output.FlushAsync(cancel);
                _out.ResetWrittenCount();
            }
        }

        private void Line(ReadOnlySpan<byte> line)
        {
            // time SP stream SP tag SP text
            var time = line.IndexOf((byte)' ');
            var stream = time < 0 ? -1 : line[(time + 1)..].IndexOf((byte)' ');
            if (stream < 0 || line.Length < time + stream + 5)
            {
                return;
            }
            var stamp = line[..time];
            if (request.Since is { } since
                && DateTimeOffset.TryParse(Encoding.ASCII.GetString(stamp), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at < since)
            {
                return;
            }
            var tag = line[time + stream + 2];
            var text = line[(time + stream + 4)..];
            if (request.Timestamps)
            {
                Append(stamp);
                Append(" "u8);
            }
            Append(text);
            if (tag == (byte)'F')
            {
                Append("\n"u8);
            }
        }

        private void Append(ReadOnlySpan<byte> bytes)
        {
            var take = (int)Math.Min(_left, bytes.Length);
            _out.Write(bytes[..take]);
            _left -= take;
        }
    }
}
