using System.Globalization;
using System.Text.Json;
using Plumb.Core;

namespace Plumb.Platform.Prometheus;

/// <summary>One series of a range query: its labels, and its samples by time in Unix seconds. A missing time is missing data, not zero.</summary>
public sealed record RangeSeries(IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<double, double> Samples);

/// <summary>Asks a Prometheus server over its HTTP API (prometheus.io/docs/prometheus/latest/querying/api). Failures are values.</summary>
public sealed class PrometheusClient : IDisposable
{
    private const int MaxAnswerBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;

    /// <param name="server">The server's address, for instance <c>http://127.0.0.1:9090</c>.</param>
    public PrometheusClient(Uri server)
    {
        Server = new Uri(server.AbsoluteUri.TrimEnd('/') + "/");
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = Within, PooledConnectionLifetime = TimeSpan.FromMinutes(5), UseProxy = false })
        {
            BaseAddress = Server,
            Timeout = Within,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    public Uri Server { get; }

    public void Dispose() => _http.Dispose();

    /// <summary>Evaluates a query at each step. No series is an answer (nothing fits), not a failure.</summary>
    /// <param name="start">Unix seconds, as <paramref name="end"/>; both ends are evaluated.</param>
    /// <param name="step">Seconds.</param>
    public async Task<Result<IReadOnlyList<RangeSeries>>> QueryRangeAsync(string query, double start, double end, double step, CancellationToken cancellation)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"api/v1/query_range?query={Uri.EscapeDataString(query)}&start={start}&end={end}&step={step}");
        try
        {
            using var answer = await _http.GetAsync(path, cancellation);
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            using var json = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
            var root = json.RootElement;
            if (Text(root, "status") == "success" && root.GetProperty("data") is var data && Text(data, "resultType") == "matrix")
            {
                return data.GetProperty("result").EnumerateArray().Select(Series).ToList();
            }

            return new Problem($"Prometheus at {Server} refused the query: {Text(root, "error") ?? $"HTTP {(int)answer.StatusCode}"}", $"Try the query there: {query}");
        }
        catch (HttpRequestException e)
        {
            return new Problem($"Prometheus at {Server} does not answer: {e.Message}", "See whether it runs, and whether its address is the right one.");
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new Problem($"Prometheus at {Server} did not answer within {Within.TotalSeconds:0} s", "It may be starting or overloaded.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new Problem($"What answers at {Server} does not speak Prometheus' API", "See whether its address is the right one.");
        }
    }

    private static RangeSeries Series(JsonElement series)
    {
        var labels = series.GetProperty("metric").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString() ?? "", StringComparer.Ordinal);
        var samples = new Dictionary<double, double>();
        foreach (var sample in series.GetProperty("values").EnumerateArray())
        {
            samples[sample[0].GetDouble()] = Number(sample[1].GetString());
        }

        return new RangeSeries(labels, samples);
    }

    /// <summary>Prometheus writes values as text: also <c>NaN</c>, <c>+Inf</c>, <c>-Inf</c> and <c>5e-05</c>.</summary>
    private static double Number(string? text) => text switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text ?? "", NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
