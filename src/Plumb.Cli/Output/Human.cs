using System.Globalization;

namespace Plumb.Cli.Output;

/// <summary>Numbers as a person reads them. JSON output has the plain numbers with their units in the names.</summary>
internal static class Human
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>840 ms · 1.24 s · 48 s · 3 m 12 s · 2 h 5 m · 4 d 3 h: three significant digits at most.</summary>
    public static string Duration(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
        {
            return "-" + Duration(duration.Negate());
        }
        return duration switch
        {
            { TotalMilliseconds: < 999.5 } => Format($"{duration.TotalMilliseconds:0} ms"),
            { TotalSeconds: < 9.995 } => Format($"{duration.TotalSeconds:0.00} s"),
            { TotalSeconds: < 59.95 } => Format($"{duration.TotalSeconds:0.0} s"),
            _ => WholeSeconds(TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds))),
        };
    }

    /// <summary>512 B · 1.2 MiB · 38 GiB, in powers of 1024.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1023.5 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return unit == 0 || Math.Abs(value) >= 9.95 ? Format($"{value:0} {Units[unit]}") : Format($"{value:0.0} {Units[unit]}");
    }

    private static string WholeSeconds(TimeSpan rounded) => rounded switch
    {
        { TotalMinutes: < 60 } => Format($"{rounded.Minutes} m {rounded.Seconds} s"),
        { TotalHours: < 24 } => Format($"{rounded.Hours} h {rounded.Minutes} m"),
        _ => Format($"{rounded.Days} d {rounded.Hours} h"),
    };

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
