using Plumb.Platform.Files;

namespace Plumb.Logs.Sources;

/// <summary>A file from a place on, as it grows. Reading waits for more; a file that became shorter (rotated, truncated) is read from its beginning.</summary>
internal sealed class TailStream(string path, long from, TimeProvider time) : ReadOnlyStream
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly FileStream _file = OpenAt(path, from);

    public override int Read(Span<byte> buffer) => _file.Read(buffer);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_file.Length < _file.Position)
            {
                _file.Position = 0;
            }
            if (await _file.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                return read;
            }
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }

    private static FileStream OpenAt(string path, long from)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        file.Position = from;
        return file;
    }
}
