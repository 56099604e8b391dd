using System.Globalization;

namespace Plumb.Cluster.Objects;

/// <summary>Kubernetes quantities: <c>200m</c>, <c>1.5</c>, <c>128Mi</c>, <c>1e3</c>.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1024m), ("Mi", 1048576m), ("Gi", 1073741824m), ("Ti", 1099511627776m), ("Pi", 1125899906842624m), ("Ei", 1152921504606846976m),
        ("n", 0.000000001m), ("u", 0.000001m), ("m", 0.001m), ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m), ("E", 1e18m),
    ];

    /// <summary>The value in units (cores, bytes); null when the text is no quantity.</summary>
    public static decimal? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }
        var match = Suffixes.FirstOrDefault(entry => text.EndsWith(entry.Suffix, StringComparison.Ordinal));
        var number = match.Suffix is null ? text : text[..^match.Suffix.Length];
        return decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value * (match.Suffix is null ? 1m : match.Factor) : null;
    }

    /// <summary>CPU in thousandths of a core, rounded up as the scheduler does; null when the text is no quantity.</summary>
    public static long? MilliCores(string? text) => Parse(text) is { } value ? (long)Math.Ceiling(value * 1000m) : null;

    /// <summary>Whole bytes (or pieces), rounded up.</summary>
    public static long? Whole(string? text) => Parse(text) is { } value ? (long)Math.Ceiling(value) : null;
}
