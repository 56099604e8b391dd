namespace Plumb.Core.Metrics;

/// <summary>A family of numbers that only grow.</summary>
public sealed class Counter : MetricFamily<CounterSeries>
{
    internal Counter(string name, string help, string[] labelNames)
        : base(name, help, labelNames)
    {
        if (labelNames.Length == 0)
        {
            // A counter without labels is exposed as 0 before the first event: a missing series is no data, not zero.
            With();
        }
    }

    /// <summary>Adds one to the series without labels; with labels use <c>With(…).Add()</c>.</summary>
    public void Add(double amount = 1) => With().Add(amount);

    private protected override CounterSeries NewSeries() => new();

    internal override void Write(ExpositionWriter writer)
    {
        writer.Family(Name, MetricType.Counter, Help);
        foreach (var (labels, series) in Series())
        {
            writer.Sample(Name, series.Value, labels);
        }
    }
}

/// <summary>One number that only grows.</summary>
public sealed class CounterSeries
{
    private readonly AtomicDouble _value = new();

    public double Value => _value.Value;

    /// <param name="amount">Not negative: a counter that falls reads as a restart.</param>
    public void Add(double amount = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        _value.Add(amount);
    }
}
