using System.Numerics;

namespace Plumb.Recorder.Statistics;

/// <summary>Durations in nanoseconds, in buckets whose width is at most 1/16 of their value: a quantile is right within 6.25%.</summary>
internal sealed class DurationHistogram
{
    private const int SubBits = 4;
    private const int Sub = 1 << SubBits;

    private readonly Dictionary<int, long> _buckets = [];

    public long Count { get; private set; }

    public ulong Max { get; private set; }

    public ulong Total { get; private set; }

    public void Add(ulong nanoseconds)
    {
        var bucket = Bucket(nanoseconds);
        _buckets[bucket] = _buckets.GetValueOrDefault(bucket) + 1;
        Count++;
        Total += nanoseconds;
        Max = Math.Max(Max, nanoseconds);
    }

    /// <summary>The upper bound of the bucket that holds it, at most <see cref="Max"/>; 0 when there is none.</summary>
    public ulong Quantile(double quantile)
    {
        var rank = (long)Math.Ceiling(quantile * Count);
        foreach (var (bucket, count) in _buckets.OrderBy(entry => entry.Key))
        {
            rank -= count;
            if (rank <= 0)
            {
                return Math.Min(Max, Upper(bucket));
            }
        }
        return Max;
    }

    private static int Bucket(ulong value)
    {
        if (value < Sub)
        {
            return (int)value;
        }
        var exponent = BitOperations.Log2(value);
        return ((exponent - SubBits + 1) << SubBits) + (int)((value >> (exponent - SubBits)) & (Sub - 1));
    }

    private static ulong Upper(int bucket)
    {
        if (bucket < Sub)
        {
            return (ulong)bucket;
        }
        var shift = (bucket >> SubBits) - 1;
        return (((ulong)(bucket & (Sub - 1)) + Sub + 1) << shift) - 1;
    }
}
