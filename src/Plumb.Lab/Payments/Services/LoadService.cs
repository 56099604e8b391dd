using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Plumb.Core.Metrics;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <param name="Rate">Requests a second that are meant to be sent.</param>
/// <param name="Dropped">Not sent because too many were in flight; they count as failed.</param>
/// <param name="P50Ms">From the intended start of a request to the end of its answer; null without requests.</param>
/// <param name="Failures">How many failed, by reason.</param>
internal sealed record LoadReport(
    string Target, double Rate, double ElapsedSeconds, long Sent, long Succeeded, long Failed, long Dropped,
    double? P50Ms, double? P90Ms, double? P99Ms, double MaxMs, IReadOnlyDictionary<string, long> Failures);

/// <param name="RequestsPerSecond">0 to 1000; 0 pauses.</param>
internal sealed record LoadRate(double RequestsPerSecond);

/// <param name="Rate">Requests a second.</param>
/// <param name="KeepAlive">False: each request opens its own connection, as the requests of many different clients do.</param>
internal sealed record LoadSettings(Uri Target, string Token, double Rate, TimeSpan Timeout, bool KeepAlive, int Accounts, int Seed);

/// <summary>
/// Sends payments at a constant rate, whether or not answers come. A client that waits for each answer sends less just when the system is
/// slow, and so hides the slowness; here latency counts from the moment a request was meant to start.
/// </summary>
internal sealed class LoadService : IService
{
    private const double MaxRate = 1000;
    private const int MaxInFlight = 1000;
    private const int MaxBehind = 2000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan PauseCheck = TimeSpan.FromMilliseconds(200);

    private readonly LoadSettings _settings;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly LatencyRecord _latencies = new();
    private readonly ConcurrentDictionary<string, long> _failures = new();
    private readonly Counter _requests;
    private readonly Histogram _durations;
    private readonly Gauge _wanted;
    private readonly CancellationTokenSource _stop = new();
    private long _sent;
    private long _succeeded;
    private long _failed;
    private long _dropped;
    private int _inFlight;
    private double _rate;
    private long _began;
    private Task _pacing = Task.CompletedTask;

    public LoadService(LoadSettings settings, MetricRegistry metrics, TimeProvider time)
    {
        (_settings, _time, _rate) = (settings, time, settings.Rate);
        _random = new Random(settings.Seed);
        _client = NewClient(settings);
        _requests = metrics.Counter("load_requests_total", "Requests by outcome: ok, failed, dropped.", "outcome");
        _durations = metrics.Histogram("load_request_duration_seconds", "Time from the intended start of a request to the end of its answer.", Histogram.RequestSeconds);
        _wanted = metrics.Gauge("load_requests_per_second_wanted", "The arrival rate that is set.");
        _wanted.Set(_rate);
        foreach (var outcome in new[] { "ok", "failed", "dropped" })
        {
            _requests.With(outcome);
        }

        Routes = [new Route("GET", "/report", _ => Task.FromResult(Reply.Json(200, Report(), PaymentsJson.Default.LoadReport))), new Route("PUT", "/rate", SetRateAsync)];
    }

    public IReadOnlyList<Route> Routes { get; }

    public Task StartAsync(CancellationToken cancel)
    {
        _began = _time.GetTimestamp();
        _pacing = Task.Run(() => PaceAsync(_stop.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Ends the sending, waits for the requests in flight (at most their time limit), and keeps the numbers.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _pacing;
        var deadline = _time.GetTimestamp();
        while (Volatile.Read(ref _inFlight) > 0 && _time.GetElapsedTime(deadline) < _settings.Timeout + Tick)
        {
            await Task.Delay(Tick, _time, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    public LoadReport Report()
    {
        lock (_lock)
        {
            return new LoadReport(
                _settings.Target.ToString(), Volatile.Read(ref _rate), Math.Round(_time.GetElapsedTime(_began).TotalSeconds, 3), Interlocked.Read(ref _sent), _succeeded, _failed,
                Interlocked.Read(ref _dropped), _latencies.Quantile(0.5), _latencies.Quantile(0.9), _latencies.Quantile(0.99), Math.Round(_latencies.MaxMs, 3),
                new SortedDictionary<string, long>(_failures, StringComparer.Ordinal));
        }
    }

    private static HttpClient NewClient(LoadSettings settings) => new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = settings.Timeout,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
            PooledConnectionLifetime = settings.KeepAlive ? TimeSpan.FromSeconds(15) : TimeSpan.Zero,
        })
    {
        BaseAddress = settings.Target,
        Timeout = settings.Timeout,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", settings.Token) },
    };

    private async Task<Reply> SetRateAsync(Call call)
    {
        try
        {
            var wanted = await JsonSerializer.DeserializeAsync(call.Http.Request.Body, PaymentsJson.Default.LoadRate, call.Cancel);
            if (wanted is not { RequestsPerSecond: >= 0 and <= MaxRate })
            {
                return Reply.Problem(400, "invalid_field", $"requestsPerSecond must be a number from 0 to {MaxRate}.", "requestsPerSecond");
            }

            Volatile.Write(ref _rate, wanted.RequestsPerSecond);
            _wanted.Set(wanted.RequestsPerSecond);
            return Reply.Json(200, wanted, PaymentsJson.Default.LoadRate);
        }
        catch (JsonException problem)
        {
            return Reply.Problem(400, "invalid_json", $"The body must be {{\"requestsPerSecond\": 20}}: {problem.Message}");
        }
    }

    private async Task PaceAsync(CancellationToken cancel)
    {
        var next = _time.GetTimestamp();
        try
        {
            while (true)
            {
                var rate = Volatile.Read(ref _rate);
                if (rate <= 0)
                {
                    await Task.Delay(PauseCheck, _time, cancel);
                    next = _time.GetTimestamp();
                    continue;
                }

                var interval = (long)(_time.TimestampFrequency / rate);
                for (var due = 0; next <= _time.GetTimestamp() && due < MaxBehind; due++, next += interval)
                {
                    Begin(next);
                }

                // A timer counts whole milliseconds; a request that starts late by one still counts its latency from when it was due.
                var wait = TimeSpan.FromSeconds((double)(next - _time.GetTimestamp()) / _time.TimestampFrequency);
                await Task.Delay(wait > ShortestWait ? wait < PauseCheck ? wait : PauseCheck : ShortestWait, _time, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    private void Begin(long intended)
    {
        Interlocked.Increment(ref _sent);
        if (Interlocked.Increment(ref _inFlight) > MaxInFlight)
        {
            Interlocked.Decrement(ref _inFlight);
            Interlocked.Increment(ref _dropped);
            _requests.With("dropped").Add();
            return;
        }

        _ = SendAsync(intended);
    }

    private async Task SendAsync(long intended)
    {
        string? failure;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/payments") { Content = NewPayment() };
            request.Headers.TryAddWithoutValidation("traceparent", TraceContext.New().Header);
            request.Headers.ConnectionClose = _settings.KeepAlive ? null : true;
            using var response = await _client.SendAsync(request, CancellationToken.None);
            failure = response.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"status {(int)response.StatusCode}");
        }
        catch (OperationCanceledException)
        {
            failure = "timeout";
        }
        catch (HttpRequestException problem)
        {
            failure = problem.InnerException?.Message ?? problem.Message;
        }

        var latency = _time.GetElapsedTime(intended);
        _durations.Observe(latency.TotalSeconds);
        _requests.With(failure is null ? "ok" : "failed").Add();
        lock (_lock)
        {
            _latencies.Add(latency);
            _ = failure is null ? _succeeded++ : _failed++;
        }

        if (failure is not null)
        {
            _failures.AddOrUpdate(failure, 1, static (_, count) => count + 1);
        }

        Interlocked.Decrement(ref _inFlight);
    }

    private ByteArrayContent NewPayment()
    {
        int from, to, amount;
        lock (_lock)
        {
            from = _random.Next(_settings.Accounts);
            to = (from + 1 + _random.Next(_settings.Accounts - 1)) % _settings.Accounts;
            amount = _random.Next(1, 10_000);
        }

        var payment = new PaymentRequest(amount, "EUR", string.Create(CultureInfo.InvariantCulture, $"account-{from:000}"), string.Create(CultureInfo.InvariantCulture, $"account-{to:000}"));
        var json = JsonSerializer.SerializeToUtf8Bytes(payment, PaymentsJson.Default.PaymentRequest);
        return new ByteArrayContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }
}
