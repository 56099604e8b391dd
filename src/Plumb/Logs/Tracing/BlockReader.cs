using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>Reads the lines that begin in a piece of a source, and of each only what grouping needs. One for each thread.</summary>
internal sealed class BlockReader(IReadOnlyList<LogSource> sources, SafeFileHandle[] handles, StepTable steps, DateTimeOffset now)
{
    /// <summary>Bytes of a line that are read; the rest of a longer one is counted and not looked at.</summary>
    public const int LongestLine = 16 << 20;

    private const int Overhang = 64 * 1024;

    private readonly LineScanner _scanner = new(now);
    private readonly NameTable.Reader _names = new(steps.Names);
    private readonly StepTable.Reader _steps = new(steps);
    private readonly int[] _services = [.. sources.Select(source => steps.Names.Of(source.Service.Length > 0 ? source.Service : "unknown"))];
    private byte[] _buffer = new byte[PiecePlan.PieceBytes + Overhang];

    /// <summary>The text of the block that was read last.</summary>
    public ReadOnlySpan<byte> Text(LineRecord line) => _buffer.AsSpan(line.Start, line.Length);

    public void Read(Piece piece, long until, Block block)
    {
        var handle = handles[piece.Source];
        // One byte earlier, to see whether a line begins exactly here.
        var back = piece.Offset > 0 ? 1 : 0;
        var length = Fill(handle, 0, (int)Math.Min(piece.Bytes + back + Overhang, until - piece.Offset + back), piece.Offset - back);
        var at = 0;
        if (back == 1)
        {
            at = _buffer.AsSpan(0, length).IndexOf((byte)'\n') + 1;
            if (at == 0 || at > piece.Bytes)
            {
                // The whole piece lies inside one line, which belongs to the piece where it begins.
                block.Begin(piece.Source, piece.Offset);
                return;
            }
        }
        block.Begin(piece.Source, piece.Offset - back);
        var end = (int)piece.Bytes + back;
        var ticks = piece.Ticks;
        while (at < end && at < length)
        {
            var found = _buffer.AsSpan(at, length - at).IndexOf((byte)'\n');
            while (found < 0 && block.Offset + length < until && length - at < LongestLine)
            {
                var before = length;
                Grow(length * 2);
                length += Fill(handle, length, (int)Math.Min(_buffer.Length - length, until - block.Offset - length), block.Offset + length);
                if (length == before)
                {
                    break;
                }
                found = _buffer.AsSpan(at, length - at).IndexOf((byte)'\n');
            }
            var whole = found < 0 ? length - at : found + 1;
            if (found < 0 && block.Offset + length < until)
            {
                AddLongLine(handle, block.Offset + at, length - at, until, block, at);
                return;
            }
            Line(_buffer.AsSpan(at, found < 0 ? whole : found), at, whole, piece.Source, ref ticks, ref block.Add());
            at += whole;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Line(ReadOnlySpan<byte> text, int start, int length, int source, ref long ticks, ref LineRecord record)
    {
        var fields = new LineFields();
        _scanner.Scan(text, Wanted.Grouping, ref fields);
        if (fields.Form == LineForm.Unreadable || (!fields.HasTrace && fields.Ticks == 0 && fields.Form == LineForm.Text))
        {
            record = new LineRecord(default, ticks, start, length, 0, Continues(text) ? LineKind.Continuation : LineKind.Rejected, LogLevel.Unknown, false);
            return;
        }
        // A line without a time was written about when its neighbours were.
        ticks = fields.Ticks == 0 ? ticks : fields.Ticks;
        var service = fields.Service.IsEmpty ? _services[source] : _names.Of(fields.Service);
        var step = _steps.Of(new Step(service, Event(in fields), fields.Level == LogLevel.Error));
        record = new LineRecord(fields.Trace, ticks, start, length, step, fields.HasTrace ? LineKind.InTrace : LineKind.Orphan, fields.Level, fields.ZoneMissing && fields.Ticks != 0);
    }

    private int Event(in LineFields fields)
    {
        if (!fields.Event.IsEmpty)
        {
            return _names.Of(fields.Event.Length > EventName.Longest ? fields.Event[..EventName.Longest] : fields.Event);
        }
        Span<byte> name = stackalloc byte[EventName.Longest];
        return _names.Of(name[..EventName.Of(fields.Message, name)]);
    }

    /// <summary>The next line of a stack trace or of an indented text, as Java, Python, Go and .NET write them.</summary>
    private static bool Continues(ReadOnlySpan<byte> text) =>
        text.Length > 1 && !text.Contains((byte)0)
        && ((text[0] is (byte)' ' or (byte)'\t' && text.ContainsAnyExcept(" \t\r"u8))
            || text.StartsWith("Caused by:"u8) || text.StartsWith("Traceback "u8) || text.StartsWith("goroutine "u8) || text.StartsWith("--- End of"u8) || text.StartsWith("at "u8)
            || text.StartsWith("..."u8));

    /// <summary>A line that is longer than is read: counted to its end, whole, as rejected.</summary>
    private static void AddLongLine(SafeFileHandle handle, long offset, int known, long until, Block block, int at)
    {
        var buffer = new byte[PiecePlan.PieceBytes];
        long total = known;
        while (offset + total < until && RandomAccess.Read(handle, buffer, offset + total) is > 0 and var read)
        {
            var newline = buffer.AsSpan(0, read).IndexOf((byte)'\n');
            total += newline < 0 ? read : newline + 1;
            if (newline >= 0)
            {
                break;
            }
        }
        block.Add() = new LineRecord(default, 0, at, (int)Math.Min(total, int.MaxValue), 0, LineKind.Rejected, LogLevel.Unknown, false);
    }

    private int Fill(SafeFileHandle handle, int at, int wanted, long offset)
    {
        Grow(at + wanted);
        var total = 0;
        while (total < wanted && RandomAccess.Read(handle, _buffer.AsSpan(at + total, wanted - total), offset + total) is > 0 and var read)
        {
            total += read;
        }
        return total;
    }

    private void Grow(int length)
    {
        if (_buffer.Length < length)
        {
            Array.Resize(ref _buffer, Math.Max(length, _buffer.Length));
        }
    }
}
