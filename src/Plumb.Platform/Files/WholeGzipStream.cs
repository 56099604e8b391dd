using System.IO.Compression;

namespace Plumb.Platform.Files;

/// <summary>
/// Unpacks gzip to its end, or fails: <see cref="GZipStream"/> alone takes a file without its last bytes (checksum and length, RFC 1952) for a whole one. So a known
/// member is put behind the file. Whatever is missing is taken from that member, which then does not come out as it went in.
/// </summary>
public sealed class WholeGzipStream : Stream
{
    private const int BufferBytes = 1 << 16;

    private static readonly byte[] Mark = "\u0000plumb: the end of a gzip file\u0000"u8.ToArray();
    private static readonly byte[] MarkMember = Packed(Mark);

    private readonly GZipStream _unpacked;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private bool _ended;

    /// <param name="packed">Is disposed with this.</param>
    public WholeGzipStream(Stream packed) => _unpacked = new GZipStream(new FollowedStream(packed), CompressionMode.Decompress);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="InvalidDataException">The file is cut off, damaged, or goes on behind its end.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (!_ended && _end - _start <= Mark.Length)
        {
            Fill();
        }
        // The mark's length is held back: it may be the mark.
        var count = Math.Min(buffer.Length, _end - _start - (_ended ? 0 : Mark.Length));
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unpacked.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var read = _unpacked.Read(_buffer.AsSpan(_end));
        _end += read;
        if (read > 0)
        {
            return;
        }
        if (!_buffer.AsSpan(0, _end).EndsWith(Mark))
        {
            throw new InvalidDataException("the gzip data is cut off, or something else stands behind its end");
        }
        (_end, _ended) = (_end - Mark.Length, true);
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return packed.ToArray();
    }

    /// <summary>The file, and then the marking member.</summary>
    private sealed class FollowedStream(Stream file) : Stream
    {
        private int? _inMark;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (_inMark is null && file.Read(buffer) is > 0 and var read)
            {
                return read;
            }
            var at = _inMark ?? 0;
            var count = Math.Min(buffer.Length, MarkMember.Length - at);
            MarkMember.AsSpan(at, count).CopyTo(buffer);
            _inMark = at + count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                file.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
