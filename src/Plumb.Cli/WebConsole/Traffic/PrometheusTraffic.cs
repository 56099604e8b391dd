using Plumb.Core;
using Plumb.Platform.Prometheus;

namespace Plumb.Cli.WebConsole.Traffic;

/// <summary>Reads the request charts from Prometheus, when a page asks and not otherwise; pages that ask at the same time share one answer.</summary>
internal sealed class PrometheusTraffic(Uri server, TrafficQueries queries, TimeProvider time) : ITrafficSource, IDisposable
{
    private const int Points = 180;
    private const int ShortestStep = 2;
    private static readonly TimeSpan SharedFor = TimeSpan.FromSeconds(2);

    private readonly PrometheusClient _prometheus = new(server);
    private readonly Lock _lock = new();
    private (int Minutes, long At, Task<TrafficView> View)? _last;

    public void Dispose() => _prometheus.Dispose();

    public Task<TrafficView> ReadAsync(int minutes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_last is not { } last || last.Minutes != minutes || time.GetElapsedTime(last.At) > SharedFor)
            {
                // Not the token of whoever came first: others wait for the same answer. The client limits the time itself.
                _last = last = (minutes, time.GetTimestamp(), AskAsync(minutes, CancellationToken.None));
            }

            return last.View.WaitAsync(cancellationToken);
        }
    }

    private async Task<TrafficView> AskAsync(int minutes, CancellationToken cancellationToken)
    {
        var step = Math.Max(ShortestStep, (int)Math.Ceiling(minutes * 60.0 / Points));
        // Whole steps: otherwise the same moment would be drawn at another place each time.
        var end = time.GetUtcNow().ToUnixTimeSeconds() / step * step;
        var start = end - (minutes * 60 / step * step);
        var asked = await Task.WhenAll(
            LineAsync("requests", queries.Rate(step)),
            LineAsync("errors", queries.Errors(step)),
            LineAsync("p50", queries.Quantile(0.5, step)),
            LineAsync("p95", queries.Quantile(0.95, step)),
            LineAsync("p99", queries.Quantile(0.99, step)));
        return asked.FirstOrDefault(a => !a.IsOk).Problem is { } problem
            ? new TrafficView(start, step, [], [], [], queries.Measured, problem)
            : new TrafficView(start, step, [asked[0].Value!], [asked[1].Value!], [asked[2].Value!, asked[3].Value!, asked[4].Value!], queries.Measured, null);

        async Task<Result<SeriesView>> LineAsync(string name, string query)
        {
            var answer = await _prometheus.QueryRangeAsync(query, start, end, step, cancellationToken);
            return answer.IsOk ? Line(name, answer.Value, start, end, step) : answer.Problem!;
        }
    }

    /// <summary>One value a step; where there is none, or none that is a number, null.</summary>
    internal static SeriesView Line(string name, IReadOnlyList<RangeSeries> answer, long start, long end, int step)
    {
        var samples = answer.Count == 0 ? null : answer[0].Samples;
        var values = new List<double?>((int)((end - start) / step) + 1);
        for (var at = start; at <= end; at += step)
        {
            values.Add(samples is not null && samples.TryGetValue(at, out var value) && double.IsFinite(value) ? value : null);
        }

        return new SeriesView(name, values);
    }
}
