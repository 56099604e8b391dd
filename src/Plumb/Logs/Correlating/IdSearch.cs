using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Correlating;

/// <summary>A line that has the searched id.</summary>
/// <param name="Offset">Of its first byte in the source.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FoundLine(int Source, long Offset);

/// <summary>What the search came to.</summary>
/// <param name="Lines">In the order of sources and offsets.</param>
/// <param name="Bytes">Bytes that were searched.</param>
/// <param name="Truncated">There were more lines than are kept.</param>
internal sealed record Found(List<FoundLine> Lines, long Bytes, bool Truncated);

/// <summary>Searches all sources for one id: pieces that stay in the processor's cache, on every processor, vectorised; nothing is parsed.</summary>
internal sealed class IdSearch(SourceLines files, IdForms id)
{
    /// <summary>Lines of one trace that are kept; a trace of more is a loop, not a request.</summary>
    public const int MostLines = 200_000;

    private const int PieceBytes = 128 * 1024;
    private const int RoundPieces = 32;
    private const int BackBytes = 64 * 1024;

    private readonly int _longest = Math.Max(36, id.Needle.Length) + 1;
    private readonly IReadOnlyList<LogSource> _sources = files.Sources;
    private readonly List<Round> _rounds = [];
    private long _bytes;
    private int _next;
    private int _kept;

    public Found Run(CancellationToken cancellation)
    {
        for (var source = 0; source < _sources.Count; source++)
        {
            for (long offset = 0; offset < _sources[source].Bytes; offset += (long)PieceBytes * RoundPieces)
            {
                _rounds.Add(new Round(source, offset));
            }
        }
        Workers.Run(_rounds.Count, () => Work(cancellation));
        cancellation.ThrowIfCancellationRequested();
        return Gather();
    }

    private void Work(CancellationToken cancellation)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(PieceBytes + (2 * _longest));
        while (Interlocked.Increment(ref _next) - 1 is var taken && taken < _rounds.Count && !cancellation.IsCancellationRequested)
        {
            Search(_rounds[taken], buffer);
        }
    }

    private void Search(Round round, byte[] buffer)
    {
        var size = _sources[round.Source].Bytes;
        var to = Math.Min(round.Offset + ((long)PieceBytes * RoundPieces), size);
        for (var offset = round.Offset; offset < to; offset += PieceBytes)
        {
            // A needle may lie across the border: each piece begins a little before its own start, and needs the letter after its end.
            var start = Math.Max(0, offset - _longest);
            var wanted = (int)(Math.Min(offset + PieceBytes + 1, size) - start);
            var read = Fill(files.Handles[round.Source], buffer.AsSpan(0, wanted), start);
            Interlocked.Add(ref _bytes, Math.Max(0, Math.Min(PieceBytes, read - (int)(offset - start))));
            Piece(round, buffer.AsSpan(0, read), start);
        }
    }

    private void Piece(Round round, ReadOnlySpan<byte> piece, long start)
    {
        for (var at = 0; id.Needle.IndexIn(piece, at) is >= 0 and var found;)
        {
            at = found + id.Needle.Length;
            // What ends with the piece belongs to the next one, which sees the letter behind it.
            if ((at < piece.Length || start + at == _sources[round.Source].Bytes) && id.StandsBefore(piece, at))
            {
                var newline = piece[..at].LastIndexOf((byte)'\n');
                var line = newline >= 0 || start == 0 ? start + newline + 1 : LineStart(files.Handles[round.Source], start);
                // Pieces overlap, so that a line may be found twice.
                if (round.Lines.Count == 0 || round.Lines[^1] < line)
                {
                    round.Lines.Add(line);
                    Interlocked.Increment(ref _kept);
                }
                if (Volatile.Read(ref _kept) >= MostLines)
                {
                    return;
                }
            }
        }
    }

    /// <summary>The lines in the order of sources and offsets, each once also where the id stands in it on both sides of a border.</summary>
    private Found Gather()
    {
        var lines = new List<FoundLine>();
        foreach (var round in _rounds)
        {
            foreach (var line in round.Lines)
            {
                if (lines.Count == 0 || lines[^1].Source < round.Source || lines[^1].Offset < line)
                {
                    lines.Add(new FoundLine(round.Source, line));
                }
            }
        }
        return new Found(lines, _bytes, _kept >= MostLines);
    }

    /// <summary>A stretch of a source that one thread searches, and where the lines with the id begin.</summary>
    private sealed class Round(int source, long offset)
    {
        public int Source { get; } = source;

        public long Offset { get; } = offset;

        public List<long> Lines { get; } = [];
    }

    private static long LineStart(SafeFileHandle handle, long before)
    {
        var buffer = new byte[BackBytes];
        while (before > 0)
        {
            var from = Math.Max(0, before - BackBytes);
            var part = buffer.AsSpan(0, Fill(handle, buffer.AsSpan(0, (int)(before - from)), from));
            if (part.LastIndexOf((byte)'\n') is >= 0 and var newline)
            {
                return from + newline + 1;
            }
            before = from;
        }
        return 0;
    }

    private static int Fill(SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length && RandomAccess.Read(handle, buffer[total..], offset + total) is > 0 and var read)
        {
            total += read;
        }
        return total;
    }
}
