using System.Buffers;
using System.Globalization;
using System.Text;

namespace Plumb.Core.Metrics;

/// <summary>The type of a metric family, as its <c># TYPE</c> line names it.</summary>
public enum MetricType
{
    Counter,
    Gauge,
    Histogram,
    Untyped,
}

/// <summary>
/// Writes the Prometheus text exposition format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
/// For values that are read at the moment of the scrape (cgroup files, process tables); values that a program counts itself live
/// in a <see cref="MetricRegistry"/>, which writes through this class too.
/// </summary>
public sealed class ExpositionWriter(StringBuilder text)
{
    /// <summary>The Content-Type of a response that holds this format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly SearchValues<char> EscapedInLabels = SearchValues.Create("\\\"\n");

    /// <summary>Starts a family. All samples of it must follow before the next family starts: the format demands it.</summary>
    public void Family(string name, MetricType type, string help)
    {
        MetricName.Require(name);
        text.Append("# HELP ").Append(name).Append(' ');
        text.Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
        text.Append("\n# TYPE ").Append(name).Append(' ').Append(Word(type)).Append('\n');
    }

    /// <summary>One sample.</summary>
    /// <param name="name">The family's name, or for a histogram that name with _bucket, _sum or _count.</param>
    /// <param name="timestampMs">Milliseconds since the Unix epoch; null lets the scraper stamp it, which is what almost every metric wants.</param>
    public void Sample(string name, double value, ReadOnlySpan<(string Name, string Value)> labels = default, long? timestampMs = null)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{');
            for (var i = 0; i < labels.Length; i++)
            {
                if (i > 0)
                {
                    text.Append(',');
                }
                text.Append(labels[i].Name).Append("=\"");
                AppendEscaped(labels[i].Value);
                text.Append('"');
            }
            text.Append('}');
        }
        text.Append(' ').Append(Number(value));
        if (timestampMs is { } stamp)
        {
            text.Append(' ').Append(stamp.ToString(CultureInfo.InvariantCulture));
        }
        text.Append('\n');
    }

    /// <summary>A number as Prometheus reads it: shortest form that reads back as the same double.</summary>
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private void AppendEscaped(string value)
    {
        if (!value.AsSpan().ContainsAny(EscapedInLabels))
        {
            text.Append(value);
            return;
        }
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append("\\\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append("\\n"),
                _ => text.Append(character),
            };
        }
    }

    private static string Word(MetricType type) => type switch
    {
        MetricType.Counter => "counter",
        MetricType.Gauge => "gauge",
        MetricType.Histogram => "histogram",
        _ => "untyped",
    };
}
