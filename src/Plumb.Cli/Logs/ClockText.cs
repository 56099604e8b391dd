using System.Globalization;
using Plumb.Logs;

namespace Plumb.Cli.Logs;

/// <summary>How far a clock is off, with its bound, in one line.</summary>
internal static class ClockText
{
    public static string Of(ClockSkew skew) => string.Create(CultureInfo.InvariantCulture,
        $"Clock of {skew.Source}: {skew.EstimateMs:+0.0;-0.0} ms against {skew.Reference} (between {skew.LowMs:+0.0;-0.0} and {skew.HighMs:+0.0;-0.0}, from {skew.Requests} requests); times are corrected.");
}
