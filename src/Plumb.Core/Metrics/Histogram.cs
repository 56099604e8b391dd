namespace Plumb.Core.Metrics;

/// <summary>A family of distributions in cumulative buckets.</summary>
public sealed class Histogram : MetricFamily<HistogramSeries>
{
    /// <summary>Upper bounds in seconds that suit a request's duration: 1 ms to 10 s.</summary>
    public static readonly double[] RequestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly double[] _upperBounds;

    internal Histogram(string name, string help, double[] upperBounds, string[] labelNames)
        : base(name, help, labelNames)
    {
        if (labelNames.Contains("le"))
        {
            throw new ArgumentException("'le' is the histogram's own label.", nameof(labelNames));
        }
        for (var i = 0; i < upperBounds.Length; i++)
        {
            if (!double.IsFinite(upperBounds[i]) || (i > 0 && upperBounds[i] <= upperBounds[i - 1]))
            {
                throw new ArgumentException($"The bounds of '{name}' must be finite and ascending.", nameof(upperBounds));
            }
        }
        _upperBounds = [.. upperBounds];
    }

    public void Observe(double value) => With().Observe(value);

    private protected override HistogramSeries NewSeries() => new(_upperBounds);

    internal override void Write(ExpositionWriter writer)
    {
        writer.Family(Name, MetricType.Histogram, Help);
        foreach (var (labels, series) in Series())
        {
            var (buckets, sum) = series.Snapshot();
            var withBound = new (string Name, string Value)[labels.Length + 1];
            labels.CopyTo(withBound, 0);
            long cumulative = 0;
            for (var i = 0; i < buckets.Length; i++)
            {
                cumulative += buckets[i];
                withBound[^1] = ("le", ExpositionWriter.Number(i < _upperBounds.Length ? _upperBounds[i] : double.PositiveInfinity));
                writer.Sample(Name + "_bucket", cumulative, withBound);
            }
            writer.Sample(Name + "_sum", sum, labels);
            writer.Sample(Name + "_count", cumulative, labels);
        }
    }
}

/// <summary>One distribution.</summary>
public sealed class HistogramSeries
{
    private readonly Lock _lock = new();
    private readonly double[] _upperBounds;
    private readonly long[] _buckets;
    private double _sum;

    internal HistogramSeries(double[] upperBounds)
    {
        _upperBounds = upperBounds;
        _buckets = new long[upperBounds.Length + 1];
    }

    /// <summary>How many values were observed.</summary>
    public long Count
    {
        get
        {
            lock (_lock)
            {
                return _buckets.Sum();
            }
        }
    }

    /// <summary>Counts one value, in the metric's own unit. A value equal to a bound belongs to that bound's bucket (le = less or equal).</summary>
    public void Observe(double value)
    {
        var found = Array.BinarySearch(_upperBounds, value);
        // NaN sorts before every number; it belongs in no finite bucket, and Prometheus counts it in +Inf.
        var bucket = double.IsNaN(value) ? _upperBounds.Length : found >= 0 ? found : ~found;
        lock (_lock)
        {
            _buckets[bucket]++;
            _sum += value;
        }
    }

    /// <summary>Buckets and sum of the same moment: a scrape between two fields would show a count without its sum.</summary>
    internal (long[] Buckets, double Sum) Snapshot()
    {
        lock (_lock)
        {
            return ([.. _buckets], _sum);
        }
    }
}
