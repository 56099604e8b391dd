using System.Globalization;
using System.Text;
using Plumb.Cli.WebConsole.Traffic;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>The request charts, computed by a real Prometheus from samples whose right answers are known.</summary>
public sealed class TrafficTests
{
    private const int PerSecond = 20;

    /// <summary>Seconds before now.</summary>
    private const int Began = 290, GapBegan = 200, GapEnded = 120, FailuresBegan = 60;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rates_errors_and_latency_are_right_and_a_gap_is_no_data()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        await using var prometheus = await RecordedPrometheus.StartAsync(Past(now), Cancel);
        using var traffic = new PrometheusTraffic(prometheus.Url, TrafficQueries.OfLoadGenerator, TimeProvider.System);
        var view = await traffic.ReadAsync(5, Cancel);
        Assert.Null(view.Problem);

        double? At(SeriesView series, int secondsAgo) => series.Values[(int)((now - secondsAgo - view.Start) / view.Step)];
        Assert.Equal(PerSecond, At(view.Rate[0], 240)!.Value, 0.5);
        // No failed request has been counted yet, so there is not even a series: that is no errors, not no data.
        Assert.Equal(0, At(view.Errors[0], 240));
        Assert.Equal(0.25, At(view.Errors[0], 30)!.Value, 0.02);
        // Every request took between 10 and 25 ms.
        Assert.All(view.Latency, line => Assert.InRange(At(line, 240)!.Value, 0.01, 0.025));
        SeriesView[] all = [view.Rate[0], view.Errors[0], .. view.Latency];
        Assert.All(all, line => Assert.Null(At(line, 150)));
        Assert.All(all, line => Assert.Equal(view.Rate[0].Values.Count, line.Values.Count));
    }

    [Fact]
    public async Task No_prometheus_is_a_problem_and_not_empty_charts()
    {
        using var traffic = new PrometheusTraffic(new Uri("http://127.0.0.1:1/"), TrafficQueries.OfServices, TimeProvider.System);
        var view = await traffic.ReadAsync(5, Cancel);
        Assert.NotNull(view.Problem);
        Assert.Contains("does not answer", view.Problem.What, StringComparison.Ordinal);
        Assert.Empty(view.Rate);
    }

    [Fact]
    public async Task A_prometheus_that_knows_no_requests_shows_no_data_and_not_zero()
    {
        await using var prometheus = await RecordedPrometheus.StartAsync($"# TYPE up gauge\nup 1 {TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}\n# EOF\n", Cancel);
        using var traffic = new PrometheusTraffic(prometheus.Url, TrafficQueries.OfServices, TimeProvider.System);
        var view = await traffic.ReadAsync(5, Cancel);
        Assert.Null(view.Problem);
        Assert.All(view.Rate[0].Values, Assert.Null);
        Assert.All(view.Errors[0].Values, Assert.Null);
    }

    private static string Past(long now)
    {
        var times = Enumerable.Range(0, Began).Select(i => Began - i).Where(ago => ago is > GapBegan or < GapEnded && ago % 2 == 0).ToList();
        var text = new StringBuilder();
        void Write(string name, int ago, double value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value} {now - ago}\n");
        int Total(int ago) => (Began - ago) * PerSecond;
        int Failed(int ago) => Math.Max(0, FailuresBegan - ago) * PerSecond / 4;

        text.Append("# TYPE load_requests counter\n");
        times.ForEach(ago => Write("load_requests_total{outcome=\"ok\"}", ago, Total(ago) - Failed(ago)));
        times.Where(ago => ago <= FailuresBegan).ToList().ForEach(ago => Write("load_requests_total{outcome=\"failed\"}", ago, Failed(ago)));
        text.Append("# TYPE load_request_duration_seconds histogram\n");
        times.ForEach(ago => Write("load_request_duration_seconds_bucket{le=\"0.01\"}", ago, 0));
        times.ForEach(ago => Write("load_request_duration_seconds_bucket{le=\"0.025\"}", ago, Total(ago)));
        times.ForEach(ago => Write("load_request_duration_seconds_bucket{le=\"+Inf\"}", ago, Total(ago)));
        times.ForEach(ago => Write("load_request_duration_seconds_count", ago, Total(ago)));
        times.ForEach(ago => Write("load_request_duration_seconds_sum", ago, Total(ago) * 0.015));
        return text.Append("# EOF\n").ToString();
    }
}
