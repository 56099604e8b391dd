using System.Globalization;

namespace Plumb.Cli.WebConsole.Traffic;

/// <summary>
/// How requests are counted here. The window is in seconds: at least four scrapes, so that one lost scrape is not a gap.
/// <c>Measured</c> tells the reader who counted and what that cannot show.
/// </summary>
internal sealed record TrafficQueries(string Total, string Failed, string DurationBuckets, int WindowSeconds, string Measured)
{
    private const string Quantiles = "Quantiles are interpolated inside histogram buckets and never exceed the highest one. A hatched gap is missing data, not zero.";

    /// <summary>What the lab's load generator saw: it counts also the requests that reached no pod, from their intended start.</summary>
    internal static TrafficQueries OfLoadGenerator { get; } = new(
        "load_requests_total", "load_requests_total{outcome!=\"ok\"}", "load_request_duration_seconds_bucket", 10,
        "Counted by the load generator, as a client sees it: latency from each request's intended start, errors with those that reached no pod. " + Quantiles);

    /// <summary>What services count themselves under the usual names; they cannot count a request that never reached them.</summary>
    internal static TrafficQueries OfServices { get; } = new(
        "http_requests_total", "http_requests_total{code=~\"5..\"}", "http_request_duration_seconds_bucket", 60,
        "Counted by the services themselves (all of them, added up): a request that reached no pod is not in here. " + Quantiles);

    internal string Rate(double step) => $"sum(rate({Total}[{Window(step)}]))";

    /// <summary>Zero when there were requests and no failed ones; nothing when there were no requests at all.</summary>
    internal string Errors(double step) =>
        $"(sum(rate({Failed}[{Window(step)}])) or 0 * {Rate(step)}) / {Rate(step)}";

    internal string Quantile(double quantile, double step) =>
        string.Create(CultureInfo.InvariantCulture, $"histogram_quantile({quantile}, sum by (le) (rate({DurationBuckets}[{Window(step)}])))");

    // A window shorter than the step would never look at what lies between two points.
    private string Window(double step) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(WindowSeconds, step):0}s");
}
