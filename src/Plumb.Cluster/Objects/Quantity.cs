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

    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    /// <summary>
    /// The text as the API writes it back: no fraction, the largest suffix that loses nothing (<c>1000m</c> is <c>1</c>, <c>1.5Gi</c> is
    /// <c>1536Mi</c>), the family of suffixes kept; null when it is no quantity.
    /// </summary>
    public static string? Canonical(string text)
    {
        if (Parse(text) is not { } value || text[0] == ' ' || text[^1] == ' ')
        {
            return null;
        }
        if (text.EndsWith('i') && Math.Abs(value) >= 1024)
        {
            return WithSuffix(Math.Ceiling(value), 1024m, BinarySuffixes, 0);
        }
        var nanos = Math.Sign(value) * Math.Ceiling(Math.Abs(value) * 1_000_000_000m);
        if (nanos == 0)
        {
            return "0";
        }
        var exponent = text.IndexOfAny(['e', 'E']);
        if (exponent > 0 && exponent < text.Length - 1)
        {
            return WithExponent(nanos);
        }
        return WithSuffix(nanos, 1000m, DecimalSuffixes, 0);
    }

    /// <summary>True when only the suffix is at fault: the server says so in its own words.</summary>
    public static bool IsWrongSuffix(string text) => text.Length > 0 && char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '+' or '-');

    private static string WithSuffix(decimal value, decimal step, string[] suffixes, int start)
    {
        var at = start;
        while (at < suffixes.Length - 1 && value != 0 && value % step == 0)
        {
            value /= step;
            at++;
        }
        return decimal.Truncate(value).ToString(CultureInfo.InvariantCulture) + suffixes[at];
    }

    private static string WithExponent(decimal nanos)
    {
        var exponent = -9;
        while (nanos % 1000m == 0)
        {
            nanos /= 1000m;
            exponent += 3;
        }
        var digits = decimal.Truncate(nanos).ToString(CultureInfo.InvariantCulture);
        return exponent == 0 ? digits : $"{digits}e{exponent}";
    }
}
