using Microsoft.Win32.SafeHandles;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>
/// In which order the pieces of all sources are read: by time, so that the lines of one request, which stand in several sources, come close together and
/// a request can be closed long before the input ends. A look at the first lines of each piece tells its time.
/// </summary>
internal sealed class PiecePlan
{
    public const int PieceBytes = 1 << 20;
    private const int ProbeBytes = 16 * 1024;

    private PiecePlan(Piece[] pieces, long firstTicks, long lastTicks) => (Pieces, FirstTicks, LastTicks) = (pieces, firstTicks, lastTicks);

    public Piece[] Pieces { get; }

    public long FirstTicks { get; }

    /// <summary>Near the newest line of all sources.</summary>
    public long LastTicks { get; }

    /// <param name="ranges">Which bytes of each source; null is all of them.</param>
    public static PiecePlan Of(IReadOnlyList<LogSource> sources, SafeFileHandle[] handles, (long From, long To)[]? ranges, DateTimeOffset now)
    {
        var scanner = new LineScanner(now);
        var buffer = new byte[ProbeBytes];
        var pieces = new List<Piece>();
        var (earliest, last) = (0L, 0L);
        for (var source = 0; source < sources.Count; source++)
        {
            var (from, to) = ranges?[source] ?? (0, sources[source].Bytes);
            var (start, reached) = (0L, 0L);
            for (var offset = from; offset < to; offset += PieceBytes)
            {
                // Lines of one source are about in order; a piece is never read before the one in front of it.
                var (first, _) = Probe(handles[source], offset, buffer, scanner, onlyFirst: true);
                reached = Math.Max(reached, first);
                pieces.Add(new Piece(source, offset, Math.Min(PieceBytes, to - offset), reached));
                start = start == 0 ? first : start;
            }
            earliest = earliest == 0 || (start > 0 && start < earliest) ? start : earliest;
            last = Math.Max(last, Math.Max(reached, Probe(handles[source], Math.Max(from, to - ProbeBytes), buffer, scanner).Last));
        }
        return new PiecePlan(InTime(pieces), earliest, last);
    }

    /// <summary>In the order of time; pieces of the same time in the order of sources and places, in which they stand already.</summary>
    private static Piece[] InTime(List<Piece> pieces)
    {
        var order = new int[pieces.Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }
        Array.Sort(order, (one, other) => pieces[one].Ticks.CompareTo(pieces[other].Ticks) is not 0 and var before ? before : one.CompareTo(other));
        var sorted = new Piece[order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            sorted[i] = pieces[order[i]];
        }
        return sorted;
    }

    /// <summary>The first and the last time among the whole lines of a stretch; 0 where there is none.</summary>
    public static (long First, long Last) Probe(SafeFileHandle handle, long offset, byte[] buffer, LineScanner scanner, bool onlyFirst = false)
    {
        var part = buffer.AsSpan(0, RandomAccess.Read(handle, buffer, offset));
        if (offset > 0)
        {
            part = part[(part.IndexOf((byte)'\n') + 1)..];
        }
        var (first, last) = (0L, 0L);
        while (!part.IsEmpty && !(onlyFirst && first > 0))
        {
            var end = part.IndexOf((byte)'\n');
            var fields = new LineFields();
            scanner.Scan(end < 0 ? part : part[..end], Wanted.Time, ref fields);
            first = first == 0 ? fields.Ticks : first;
            last = fields.Ticks == 0 ? last : fields.Ticks;
            part = end < 0 ? default : part[(end + 1)..];
        }
        return (first, last);
    }
}
