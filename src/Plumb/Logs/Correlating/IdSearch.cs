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
internal sealed record Found(IReadOnlyList<FoundLine> Lines, long Bytes, bool Truncated);

/// <summary>Searches all sources for one id: pieces that stay in the processor's cache, on every processor, vectorised; nothing is parsed.</summary>
internal sealed class IdSearch(IReadOnlyList<LogSource> sources, IdForms id)
{
    /// <summary>Lines of one trace that are kept; a trace of more is a loop, not a request.</summary>
    public const int MostLines = 200_000;

    private const int PieceBytes = 256 * 1024;
    private const int RoundPieces = 16;
    private const int BackBytes = 64 * 1024;

    private readonly int _longest = Math.Max(36, id.Needles.Max(needle => needle.Length)) + 1;
    private readonly List<FoundLine> _found = [];
    private long _bytes;
    private bool _truncated;

    public Found Run(CancellationToken cancellation)
    {
        var handles = sources.Select(source => File.OpenHandle(source.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)).ToArray();
        try
        {
            var pieces = new List<(int Source, long Offset)>();
            for (var source = 0; source < sources.Count; source++)
            {
                for (long offset = 0; offset < sources[source].Bytes; offset += (long)PieceBytes * RoundPieces)
                {
                    pieces.Add((source, offset));
                }
            }
            var next = -1;
            var workers = Math.Clamp(Math.Min(Environment.ProcessorCount, pieces.Count), 1, 8);
            Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation }, _ =>
            {
                var buffer = GC.AllocateUninitializedArray<byte>(PieceBytes + (2 * _longest));
                while (Interlocked.Increment(ref next) is var taken && taken < pieces.Count)
                {
                    cancellation.ThrowIfCancellationRequested();
                    Round(handles[pieces[taken].Source], pieces[taken].Source, pieces[taken].Offset, buffer);
                }
            });
        }
        finally
        {
            foreach (var handle in handles)
            {
                handle.Dispose();
            }
        }
        return new Found([.. _found.Distinct().OrderBy(line => line.Source).ThenBy(line => line.Offset)], _bytes, _truncated);
    }

    private void Round(SafeFileHandle handle, int source, long from, byte[] buffer)
    {
        var to = Math.Min(from + ((long)PieceBytes * RoundPieces), sources[source].Bytes);
        for (var offset = from; offset < to; offset += PieceBytes)
        {
            // A needle may lie across the border: each piece begins a little before its own start, and needs the letter after its end.
            var start = Math.Max(0, offset - _longest);
            var wanted = (int)(Math.Min(offset + PieceBytes + 1, sources[source].Bytes) - start);
            var read = Fill(handle, buffer.AsSpan(0, wanted), start);
            Interlocked.Add(ref _bytes, Math.Max(0, Math.Min(PieceBytes, read - (int)(offset - start))));
            foreach (var needle in id.Needles)
            {
                Piece(handle, source, buffer.AsSpan(0, read), start, needle);
            }
        }
    }

    private void Piece(SafeFileHandle handle, int source, ReadOnlySpan<byte> piece, long start, ReadOnlySpan<byte> needle)
    {
        var at = 0;
        while (piece[at..].IndexOf(needle) is >= 0 and var found)
        {
            var end = at + found + needle.Length;
            // What ends with the piece belongs to the next one, which sees the letter behind it.
            if ((end < piece.Length || start + end == sources[source].Bytes) && id.StandsBefore(piece, end))
            {
                var newline = piece[..end].LastIndexOf((byte)'\n');
                Add(new FoundLine(source, newline >= 0 || start == 0 ? start + newline + 1 : LineStart(handle, start)));
            }
            at = end;
        }
    }

    private void Add(FoundLine line)
    {
        lock (_found)
        {
            if (_found.Count < MostLines)
            {
                _found.Add(line);
            }
            else
            {
                _truncated = true;
            }
        }
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
