namespace Plumb.Core.Metrics;

/// <summary>A family of numbers that go up and down.</summary>
public sealed class Gauge : MetricFamily<GaugeSeries>
{
    internal Gauge(string name, string help, string[] labelNames)
        : base(name, help, labelNames)
    {
    }

    public void Set(double value) => With().Set(value);

    public void Add(double amount) => With().Add(amount);

    private protected override GaugeSeries NewSeries() => new();

    internal override void Write(ExpositionWriter writer)
    {
        writer.Family(Name, MetricType.Gauge, Help);
        foreach (var (labels, series) in Series())
        {
            writer.Sample(Name, series.Value, labels);
        }
    }
}

/// <summary>One number that goes up and down.</summary>
public sealed class GaugeSeries
{
    private readonly AtomicDouble _value = new();

    public double Value => _value.Value;

    public void Set(double value) => _value.Set(value);

    public void Add(double amount) => _value.Add(amount);
}
