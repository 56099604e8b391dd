using System.Text;

namespace Plumb.Core.Metrics;

/// <summary>
/// The metrics that one program counts, written for Prometheus on each scrape. Thread-safe. A registry is an object, not a global:
/// two services in one process (or two tests) never share numbers.
/// </summary>
public sealed class MetricRegistry
{
    private readonly Lock _lock = new();
    private readonly List<MetricFamily> _families = [];

    /// <summary>A number that only grows (its name ends in <c>_total</c> by convention).</summary>
    public Counter Counter(string name, string help, params ReadOnlySpan<string> labelNames) =>
        Add(new Counter(name, help, labelNames.ToArray()));

    /// <summary>A number that goes up and down.</summary>
    public Gauge Gauge(string name, string help, params ReadOnlySpan<string> labelNames) =>
        Add(new Gauge(name, help, labelNames.ToArray()));

    /// <summary>A distribution in cumulative buckets.</summary>
    /// <param name="upperBounds">Ascending upper bounds in the metric's own unit, without +Inf (it is always added).</param>
    public Histogram Histogram(string name, string help, double[] upperBounds, params ReadOnlySpan<string> labelNames) =>
        Add(new Histogram(name, help, upperBounds, labelNames.ToArray()));

    /// <summary>All families in the order in which they were registered.</summary>
    public void Write(ExpositionWriter writer)
    {
        MetricFamily[] families;
        lock (_lock)
        {
            families = [.. _families];
        }
        foreach (var family in families)
        {
            family.Write(writer);
        }
    }

    /// <summary>The whole exposition as text.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        Write(new ExpositionWriter(text));
        return text.ToString();
    }

    private T Add<T>(T family)
        where T : MetricFamily
    {
        lock (_lock)
        {
            if (_families.Exists(known => known.Name == family.Name))
            {
                throw new ArgumentException($"The metric '{family.Name}' is registered already.", nameof(family));
            }
            _families.Add(family);
        }
        return family;
    }
}
