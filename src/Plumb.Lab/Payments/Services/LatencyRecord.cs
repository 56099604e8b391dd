namespace Plumb.Lab.Payments.Services;

/// <summary>Latencies in buckets that grow by 2%, from 10 µs to over 100 s: quantiles within 2%, in constant memory.</summary>
internal sealed class LatencyRecord
{
    private const double FirstMs = 0.01;
    private const double Growth = 1.02;
    private const int Buckets = 840;
    private readonly long[] _counts = new long[Buckets];

    public long Count { get; private set; }

    /// <summary>The exact maximum in milliseconds; 0 before the first value.</summary>
    public double MaxMs { get; private set; }

    public void Add(TimeSpan latency)
    {
        var ms = latency.TotalMilliseconds;
        var bucket = ms <= FirstMs ? 0 : (int)Math.Ceiling(Math.Log(ms / FirstMs, Growth));
        _counts[Math.Min(bucket, Buckets - 1)]++;
        Count++;
        MaxMs = Math.Max(MaxMs, ms);
    }

    /// <summary>An upper bound of the quantile in milliseconds; null without values, because no data is not zero.</summary>
    public double? Quantile(double q)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(q * Count));
        long seen = 0;
        for (var i = 0; i < Buckets; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return Math.Round(Math.Min(FirstMs * Math.Pow(Growth, i), MaxMs), 3);
            }
        }

        return Math.Round(MaxMs, 3);
    }
}
