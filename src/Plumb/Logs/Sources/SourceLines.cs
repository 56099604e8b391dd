using Microsoft.Win32.SafeHandles;

namespace Plumb.Logs.Sources;

/// <summary>Open files of all sources, to read single lines and stretches again.</summary>
internal sealed class SourceLines : IDisposable
{
    /// <summary>Bytes of one line that are shown or judged.</summary>
    public const int MostBytes = 64 * 1024;

    public SourceLines(IReadOnlyList<LogSource> sources)
    {
        Sources = sources;
        Handles = new SafeFileHandle[sources.Count];
        for (var i = 0; i < Handles.Length; i++)
        {
            Handles[i] = File.OpenHandle(sources[i].Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Bytes += sources[i].Bytes;
        }
    }

    public IReadOnlyList<LogSource> Sources { get; }

    public SafeFileHandle[] Handles { get; }

    /// <summary>Of all sources together.</summary>
    public long Bytes { get; }

    /// <summary>The line that begins at an offset, without its line break.</summary>
    public byte[] At(int source, long offset, int atMost = MostBytes)
    {
        var buffer = new byte[Math.Min(4096, atMost)];
        var length = 0;
        while (true)
        {
            var read = RandomAccess.Read(Handles[source], buffer.AsSpan(length), offset + length);
            var newline = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            if (newline >= 0 || read == 0 || length + read >= atMost)
            {
                return buffer[..(newline >= 0 ? length + newline : length + read)];
            }
            length += read;
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, atMost));
            }
        }
    }

    /// <summary>The bytes of a stretch.</summary>
    public byte[] Stretch(int source, long offset, int length)
    {
        var buffer = new byte[length];
        var total = 0;
        while (total < length && RandomAccess.Read(Handles[source], buffer.AsSpan(total), offset + total) is > 0 and var read)
        {
            total += read;
        }
        return total == length ? buffer : buffer[..total];
    }

    public void Dispose()
    {
        foreach (var handle in Handles)
        {
            handle?.Dispose();
        }
    }
}
