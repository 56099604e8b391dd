using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>The part of every source that was written around a time.</summary>
/// <param name="Ranges">For each source from which byte to which.</param>
/// <param name="FirstTicks">Of the request that it is about: it is judged also where it lies at the edge.</param>
internal sealed record TimeSlice((long From, long To)[] Ranges, long FirstTicks, long LastTicks)
{
    private const long MostBytes = 16 << 20;
    private const long EnoughBytes = 3 << 20;
    private const int MostSteps = 24;
    private const int ProbeBytes = 8 * 1024;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(4);

    public long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (var (from, to) in Ranges)
            {
                bytes += to - from;
            }
            return bytes;
        }
    }

    /// <summary>A stretch around [first, last] that is large enough to learn from and small enough to read at once.</summary>
    public static TimeSlice Around(SourceLines files, long first, long last, DateTimeOffset now)
    {
        var finder = new Finder(files, now, first, last);
        var around = First.Ticks;
        var slice = finder.Slice(first - around, last + around);
        for (var step = 0; step < MostSteps && slice.Bytes < EnoughBytes && slice.Bytes < files.Bytes; step++)
        {
            around *= 2;
            var wider = finder.Slice(first - around, last + around);
            if (wider.Bytes > MostBytes)
            {
                return slice;
            }
            slice = wider;
        }
        for (var step = 0; step < MostSteps && slice.Bytes > MostBytes && around > TimeSpan.TicksPerMillisecond * 50; step++)
        {
            around /= 2;
            slice = finder.Slice(first - around, last + around);
        }
        return slice;
    }

    private sealed class Finder(SourceLines files, DateTimeOffset now, long first, long last)
    {
        private readonly LineScanner _scanner = new(now);
        private readonly byte[] _buffer = new byte[ProbeBytes];

        /// <summary>For each source the times that were read, by place: a wider slice asks for many of them again.</summary>
        private readonly Dictionary<long, long>[] _known = new Dictionary<long, long>[files.Sources.Count];

        public TimeSlice Slice(long from, long to)
        {
            var ranges = new (long From, long To)[files.Sources.Count];
            for (var source = 0; source < ranges.Length; source++)
            {
                ranges[source] = (Begin(source, from), End(source, to));
            }
            return new TimeSlice(ranges, first, last);
        }

        private long Begin(int source, long ticks) => Align(source, Search(source, ticks, firstAtOrAfter: true));

        private long End(int source, long ticks) => Align(source, Search(source, ticks, firstAtOrAfter: false));

        /// <summary>An offset before which all probed lines are older (or, for the end, not newer) than the time.</summary>
        private long Search(int source, long ticks, bool firstAtOrAfter)
        {
            var (low, high) = (0L, files.Sources[source].Bytes);
            while (high - low > ProbeBytes)
            {
                var middle = low + ((high - low) / 2);
                var at = Ticks(source, middle);
                // Where no time can be read nothing is cut off.
                if (at == 0)
                {
                    return firstAtOrAfter ? low : high;
                }
                if (firstAtOrAfter ? at < ticks : at <= ticks)
                {
                    low = middle;
                }
                else
                {
                    high = middle;
                }
            }
            return firstAtOrAfter ? low : high;
        }

        private long Ticks(int source, long offset)
        {
            var known = _known[source] ??= [];
            if (!known.TryGetValue(offset, out var ticks))
            {
                known[offset] = ticks = PiecePlan.Probe(files.Handles[source], offset, _buffer, _scanner, onlyFirst: true).First;
            }
            return ticks;
        }

        /// <summary>The beginning of the line that the offset lies in, or of the next one.</summary>
        private long Align(int source, long offset)
        {
            if (offset == 0 || offset >= files.Sources[source].Bytes)
            {
                return offset;
            }
            var part = _buffer.AsSpan(0, RandomAccess.Read(files.Handles[source], _buffer, offset - 1));
            var newline = part.IndexOf((byte)'\n');
            return newline < 0 ? offset : offset + newline;
        }
    }
}
