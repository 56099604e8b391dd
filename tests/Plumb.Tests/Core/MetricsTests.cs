using System.Text;
using Plumb.Core.Metrics;
using Xunit;

namespace Plumb.Tests.Core;

public sealed class MetricsTests
{
    private readonly MetricRegistry _registry = new();

    [Fact]
    public void A_counter_without_labels_is_exposed_as_zero_before_the_first_event()
    {
        _registry.Counter("payments_total", "Payments taken.");
        Assert.Equal("# HELP payments_total Payments taken.\n# TYPE payments_total counter\npayments_total 0\n", _registry.Text());
    }

    [Fact]
    public void Label_values_and_help_are_escaped()
    {
        _registry.Gauge("pods", "Back\\slash and\nline.", "name").With("a\"b\\c\nd").Set(1.5);
        Assert.Equal("# HELP pods Back\\\\slash and\\nline.\n# TYPE pods gauge\npods{name=\"a\\\"b\\\\c\\nd\"} 1.5\n", _registry.Text());
    }

    [Fact]
    public void Buckets_are_cumulative_and_a_value_on_a_bound_belongs_to_it()
    {
        var seconds = _registry.Histogram("request_seconds", "Duration.", [0.1, 1], "code");
        foreach (var value in (double[])[0.05, 0.1, 0.5, 1, 7])
        {
            seconds.With("200").Observe(value);
        }
        Assert.Equal(
            """
            # HELP request_seconds Duration.
            # TYPE request_seconds histogram
            request_seconds_bucket{code="200",le="0.1"} 2
            request_seconds_bucket{code="200",le="1"} 4
            request_seconds_bucket{code="200",le="+Inf"} 5
            request_seconds_sum{code="200"} 8.65
            request_seconds_count{code="200"} 5

            """,
            _registry.Text());
    }

    [Fact]
    public void Values_that_are_no_ordinary_number_are_written_as_Prometheus_reads_them() =>
        Assert.Equal(["+Inf", "-Inf", "NaN", "1E-05", "0"],
            new[] { double.PositiveInfinity, double.NegativeInfinity, double.NaN, 1e-5, 0 }.Select(ExpositionWriter.Number));

    [Fact]
    public async Task No_count_is_lost_when_many_threads_count()
    {
        var counter = _registry.Counter("n_total", "N.", "thread");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                counter.With("same").Add();
            }
        })));
        Assert.Equal(80_000, counter.With("same").Value);
    }

    [Fact]
    public void A_label_that_holds_an_identifier_cannot_fill_the_memory()
    {
        var counter = _registry.Counter("n_total", "N.", "id");
        for (var i = 0; i < MetricFamily.MaxSeries + 50; i++)
        {
            counter.With($"{i}").Add();
        }
        Assert.Equal(50, counter.With(MetricFamily.Overflow).Value);
    }

    [Fact]
    public void A_wrong_name_a_wrong_label_a_second_registration_and_a_falling_counter_are_bugs()
    {
        var counter = _registry.Counter("a_total", "A.");
        Assert.Throws<ArgumentException>(() => _registry.Counter("a_total", "Again."));
        Assert.Throws<ArgumentException>(() => _registry.Counter("1a", "A."));
        Assert.Throws<ArgumentException>(() => _registry.Counter("b", "B.", "__name"));
        Assert.Throws<ArgumentException>(() => _registry.Histogram("c", "C.", [1], "le"));
        Assert.Throws<ArgumentException>(() => _registry.Histogram("d", "D.", [2, 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => counter.Add(-1));
    }

    [Fact]
    public void A_sample_can_carry_its_own_time()
    {
        var text = new StringBuilder();
        new ExpositionWriter(text).Sample("cpu_seconds_total", 1, [("pod", "a")], timestampMs: 1700000000123);
        Assert.Equal("cpu_seconds_total{pod=\"a\"} 1 1700000000123\n", text.ToString());
    }

    [Fact]
    public async Task Promtool_reads_the_exposition_without_a_complaint()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/promtool"), "promtool is not installed (Debian: apt-get install prometheus)");
        _registry.Counter("http_requests_total", "Requests.", "path").With("/a\"b\\c\nd").Add();
        _registry.Histogram("http_request_duration_seconds", "Duration.", Histogram.RequestSeconds, "path").With("/").Observe(0.2);
        _registry.Gauge("temperature_celsius", "Temperature.").Set(double.NaN);
        using var promtool = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("/usr/bin/promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false })!;
        await promtool.StandardInput.WriteAsync(_registry.Text());
        promtool.StandardInput.Close();
        var complaints = await promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("", 0), (complaints, promtool.ExitCode));
    }
}
