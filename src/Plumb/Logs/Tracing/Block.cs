using System.Runtime.InteropServices;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>What became of a line when it was read.</summary>
internal enum LineKind : byte
{
    /// <summary>Nothing can be done with it.</summary>
    Rejected,

    /// <summary>It has an id.</summary>
    InTrace,

    /// <summary>It has no id; perhaps it can be adopted.</summary>
    Orphan,

    /// <summary>It goes on with the line before it: a stack trace, or a line that the container runtime cut.</summary>
    Continuation,
}

/// <summary>One line in a block.</summary>
/// <param name="Start">Of its first byte in the block.</param>
/// <param name="Length">With its line break.</param>
[StructLayout(LayoutKind.Auto)]
internal record struct LineRecord(TraceKey Trace, long Ticks, int Start, int Length, int Step, LineKind Kind, LogLevel Level, bool ZoneMissing);

/// <summary>The lines that begin in one piece of a source. It is used again and again: its array is large.</summary>
internal sealed class Block
{
    private const int UsualLines = 4096;
    private LineRecord[] _lines = new LineRecord[UsualLines];
    private int _count;

    public int Source { get; private set; }

    /// <summary>Of the byte in the source that the lines' positions count from.</summary>
    public long Offset { get; private set; }

    public ReadOnlySpan<LineRecord> Lines => _lines.AsSpan(0, _count);

    public void Begin(int source, long offset) => (Source, Offset, _count) = (source, offset, 0);

    public ref LineRecord Add()
    {
        if (_count == _lines.Length)
        {
            Array.Resize(ref _lines, _lines.Length * 2);
        }
        return ref _lines[_count++];
    }
}

/// <summary>A piece of a source that is read at once.</summary>
/// <param name="Ticks">About when its first line was written.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Piece(int Source, long Offset, long Bytes, long Ticks);
