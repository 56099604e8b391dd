namespace Plumb.Core.Metrics;

/// <summary>The data model's rules for names (https://prometheus.io/docs/concepts/data_model/): a wrong one is a bug in the program.</summary>
internal static class MetricName
{
    public static void Require(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':'))
        {
            throw new ArgumentException($"'{name}' is no metric name: letters, digits, _ and :, not starting with a digit.", nameof(name));
        }
    }

    public static void RequireLabel(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || name.StartsWith("__", StringComparison.Ordinal)
            || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ArgumentException($"'{name}' is no label name: letters, digits and _, not starting with a digit or __.", nameof(name));
        }
    }
}
