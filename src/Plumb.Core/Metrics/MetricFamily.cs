using System.Collections.Concurrent;

namespace Plumb.Core.Metrics;

/// <summary>One name with its series, one a combination of label values.</summary>
public abstract class MetricFamily
{
    /// <summary>
    /// More series than this in one family is a label that holds an identifier: it would fill the memory of this program and of Prometheus.
    /// Further combinations are counted together under the label value <see cref="Overflow"/>.
    /// </summary>
    public const int MaxSeries = 2_000;

    public const string Overflow = "_overflow";

    private protected MetricFamily(string name, string help, string[] labelNames)
    {
        MetricName.Require(name);
        foreach (var label in labelNames)
        {
            MetricName.RequireLabel(label);
        }
        Name = name;
        Help = help;
        LabelNames = labelNames;
    }

    public string Name { get; }

    public string Help { get; }

    public IReadOnlyList<string> LabelNames { get; }

    internal abstract void Write(ExpositionWriter writer);
}

/// <summary>The series of a family, found by label values without allocating on the hot path.</summary>
public abstract class MetricFamily<TSeries> : MetricFamily
    where TSeries : class
{
    private readonly ConcurrentDictionary<string[], TSeries> _series = new(LabelValuesComparer.Instance);
    private readonly ConcurrentDictionary<string[], TSeries>.AlternateLookup<ReadOnlySpan<string>> _bySpan;

    private protected MetricFamily(string name, string help, string[] labelNames)
        : base(name, help, labelNames) => _bySpan = _series.GetAlternateLookup<ReadOnlySpan<string>>();

    /// <summary>The series with these label values, in the order of the label names; it appears in the exposition from now on.</summary>
    public TSeries With(params ReadOnlySpan<string> labelValues)
    {
        if (labelValues.Length != LabelNames.Count)
        {
            throw new ArgumentException($"'{Name}' has {LabelNames.Count} labels, {labelValues.Length} values were given.", nameof(labelValues));
        }
        if (_bySpan.TryGetValue(labelValues, out var known))
        {
            return known;
        }
        var values = labelValues.ToArray();
        if (_series.Count >= MaxSeries)
        {
            Array.Fill(values, Overflow);
        }
        return _series.GetOrAdd(values, static (_, family) => family.NewSeries(), this);
    }

    /// <summary>Removes a series whose subject is gone (a deleted pod): a gauge that nobody sets any more would lie.</summary>
    public bool Remove(params ReadOnlySpan<string> labelValues) => _bySpan.TryRemove(labelValues, out _, out _);

    private protected abstract TSeries NewSeries();

    private protected IEnumerable<((string Name, string Value)[] Labels, TSeries Series)> Series() =>
        _series.OrderBy(pair => string.Join('\0', pair.Key), StringComparer.Ordinal)
            .Select(pair => (LabelNames.Zip(pair.Key).ToArray(), pair.Value));
}
