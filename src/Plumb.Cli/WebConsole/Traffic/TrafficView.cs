using Plumb.Core;

namespace Plumb.Cli.WebConsole.Traffic;

/// <summary>
/// One line of a chart. <c>Values</c> has one entry a step from the view's start; null is "no data", which is not zero.
/// </summary>
internal sealed record SeriesView(string Name, IReadOnlyList<double?> Values);

/// <summary>
/// The request charts. <c>Problem</c> is set when Prometheus could not be read: then there are no series.
/// Start is in Unix seconds, the step in seconds; rate is requests a second, errors a share (0 to 1), latency seconds.
/// </summary>
internal sealed record TrafficView(double Start, double Step, IReadOnlyList<SeriesView> Rate, IReadOnlyList<SeriesView> Errors, IReadOnlyList<SeriesView> Latency, string Measured, Problem? Problem);

/// <summary>The seam to where request numbers come from.</summary>
internal interface ITrafficSource
{
    Task<TrafficView> ReadAsync(int minutes, CancellationToken cancellationToken);
}
