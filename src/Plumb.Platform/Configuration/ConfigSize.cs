using System.Globalization;

namespace Plumb.Platform.Configuration;

/// <summary>A number of bytes as a configuration has it, with its unit: 512KiB, 256MiB, 2GiB.</summary>
public static class ConfigSize
{
    private static readonly (string Unit, int Bits)[] Units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];

    /// <summary>Null when it is no size, or one of more bytes than a <see cref="long"/> holds.</summary>
    public static long? Parse(string text)
    {
        foreach (var (unit, bits) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal))
            {
                return long.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue >> bits
                    ? number << bits : null;
            }
        }
        return null;
    }

    /// <summary>In the largest unit that leaves no rest; reading it gives the same.</summary>
    /// <param name="bytes">Whole KiB.</param>
    public static string Written(long bytes)
    {
        var (unit, bits) = Array.Find(Units, one => bytes % (1L << one.Bits) == 0);
        return unit is null ? throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "not whole KiB") : FormattableString.Invariant($"{bytes >> bits}{unit}");
    }
}
