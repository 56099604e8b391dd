using System.Buffers;
using System.IO.Pipelines;

namespace Plumb.Platform.Kubernetes;

/// <summary>Lines of a stream as bytes, each at most <paramref name="limit"/> long. What follows the last newline is no line: it was cut off.</summary>
internal sealed class LineReader(Stream stream, int limit) : IAsyncDisposable
{
    private readonly PipeReader _pipe = PipeReader.Create(stream);

    /// <summary>True when the stream ended within a line.</summary>
    public bool WasCutOff { get; private set; }

    /// <returns>The next line without its newline; null at the end.</returns>
    /// <exception cref="InvalidDataException">A line is longer than the limit.</exception>
    public async ValueTask<byte[]?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var read = await _pipe.ReadAsync(cancellation);
            if (read.Buffer.PositionOf((byte)'\n') is { } newline)
            {
                var line = read.Buffer.Slice(0, newline).ToArray();
                _pipe.AdvanceTo(read.Buffer.GetPosition(1, newline));
                return line;
            }
            if (read.Buffer.Length > limit)
            {
                throw new InvalidDataException($"a line is longer than {limit} bytes");
            }
            _pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                WasCutOff = !read.Buffer.IsEmpty;
                return null;
            }
        }
    }

    public ValueTask DisposeAsync() => _pipe.CompleteAsync();
}
