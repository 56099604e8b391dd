using System.IO.Compression;

namespace Plumb.Platform.Files;

/// <summary>
/// Unpacks gzip to its end, or fails: <see cref="GZipStream"/> alone takes a file without its last bytes (checksum and length, RFC 1952) for a whole one. So a known
/// member is put behind the file. Whatever is missing is taken from that member, which then does not come out as it went in. What was unpacked before that member was
/// begun is the file's own and is given out in any case.
/// </summary>
public sealed class WholeGzipStream : ReadOnlyStream
{
    private const int BufferBytes = 1 << 16;
    private const string NoEnd = "the gzip data is cut off, or something else stands behind its end";

    private static readonly byte[] Mark = "\u0000plumb: the end of a gzip file\u0000"u8.ToArray();
    private static readonly byte[] MarkMember = Packed(Mark);

    private readonly FollowedStream _packed;
    private readonly GZipStream _unpacked;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;

    /// <summary>Where in the buffer ends what is known to be the file's.</summary>
    private int _certain;
    private int _end;
    private bool _ended;
    private InvalidDataException? _damage;

    /// <param name="packed">Is disposed with this.</param>
    public WholeGzipStream(Stream packed)
    {
        _packed = new FollowedStream(packed);
        _unpacked = new GZipStream(_packed, CompressionMode.Decompress);
    }

    /// <exception cref="InvalidDataException">The file is cut off, damaged, or goes on behind its end.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (!_ended && _certain == _start)
        {
            Fill();
        }
        var count = Math.Min(buffer.Length, _certain - _start);
        if (count == 0 && !buffer.IsEmpty && _damage is not null)
        {
            throw _damage;
        }
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unpacked.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>To be called when nothing certain is left.</summary>
    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _certain, _end) = (0, 0, _end - _start);
        var read = 0;
        try
        {
            // A buffer that is full of what is not certain is no mark: nothing is read into it, and it is judged.
            read = _unpacked.Read(_buffer.AsSpan(_end));
        }
        catch (InvalidDataException error)
        {
            // Behind the file's end the unpacker only says how little it understood of the mark.
            (_ended, _damage) = (true, _packed.IsInMark ? new InvalidDataException(NoEnd) : error);
            return;
        }
        _end += read;
        _certain = _packed.IsInMark ? 0 : _end;
        if (read > 0)
        {
            return;
        }
        _ended = true;
        if (_buffer.AsSpan(0, _end).EndsWith(Mark))
        {
            _certain = _end - Mark.Length;
        }
        else
        {
            _damage = new InvalidDataException(NoEnd);
        }
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
    private sealed class FollowedStream(Stream file) : ReadOnlyStream
    {
        private int? _inMark;

        /// <summary>The file was read to its end.</summary>
        public bool IsInMark => _inMark is not null;

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
