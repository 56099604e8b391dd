using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Plumb.Experiments.Format;

namespace Plumb.Experiments.Measuring;

/// <summary>
/// The client that stands outside. Request n is meant to start at n times the interval whether or not earlier ones have been answered
/// (an open loop), and its time counts from then: a system that stalls is not asked less often, and no stall hides in the gaps.
/// </summary>
internal sealed class OutsideClient : IAsyncDisposable
{
    /// <summary>Requests of one run; at 50 a second that is half an hour.</summary>
    private const int RequestLimit = 100_000;

    private readonly ClientSettings _settings;
    private readonly RunClock _clock;
    private readonly HttpClient _http;
    private readonly byte[]? _body;
    private readonly Lock _lock = new();
    private readonly List<RequestFact> _requests = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random = new();
    private Task _pacing = Task.CompletedTask;
    private int _inFlight;

    public OutsideClient(ClientSettings settings, RunClock clock)
    {
        _settings = settings;
        _clock = clock;
        _body = settings.Body is { } body ? Encoding.UTF8.GetBytes(body.ToJsonString()) : null;
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = settings.Timeout,
            PooledConnectionLifetime = settings.NewConnections ? TimeSpan.Zero : Timeout.InfiniteTimeSpan,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>What was measured up to now, in the order of the intended starts.</summary>
    public IReadOnlyList<RequestFact> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests.OrderBy(request => request.AtMs)];
            }
        }
    }

    public void Start() => _pacing = Task.Run(PaceAsync);

    /// <summary>Sends no more, and waits for the answers that are still due (at most the time-out).</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _pacing;
        var deadline = _clock.Now + _settings.Timeout.TotalMilliseconds + 1000;
        while (Volatile.Read(ref _inFlight) > 0 && _clock.Now < deadline)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), _clock.Time);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pacing;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task PaceAsync()
    {
        var began = _clock.Now;
        for (var i = 0; i < RequestLimit && !_stop.IsCancellationRequested; i++)
        {
            var intended = began + (i * _settings.Interval.TotalMilliseconds);
            var wait = intended - _clock.Now;
            if (wait > 0)
            {
                try
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(wait), _clock.Time, _stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
            Interlocked.Increment(ref _inFlight);
            _ = SendAsync(intended);
        }
    }

    private async Task SendAsync(double intended)
    {
        var late = _clock.Now - intended;
        var trace = TraceId();
        int? status = null;
        string? failure;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(Math.Max(1, _settings.Timeout.TotalMilliseconds - late)), _clock.Time);
            using var request = Request(trace);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token);
            status = (int)answer.StatusCode;
            failure = answer.IsSuccessStatusCode ? null : $"status {status}";
        }
        catch (OperationCanceledException)
        {
            failure = "time-out";
        }
        catch (HttpRequestException error)
        {
            failure = Word(error);
        }
        var took = _clock.Now - intended;
        lock (_lock)
        {
            _requests.Add(new RequestFact(Math.Round(intended, 3), Math.Round(late, 3), Math.Round(took, 3), status, failure, failure is null ? null : trace));
        }
        Interlocked.Decrement(ref _inFlight);
    }

    private HttpRequestMessage Request(string trace)
    {
        var request = new HttpRequestMessage(new HttpMethod(_settings.Method), _settings.Url);
        if (_body is not null)
        {
            request.Content = new ByteArrayContent(_body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        request.Headers.TryAddWithoutValidation("traceparent", $"00-{trace}-{trace[..16]}-01");
        if (_settings.Method == "POST")
        {
            // Each request is a payment of its own; the key only keeps a server's own retries from paying twice.
            request.Headers.TryAddWithoutValidation("Idempotency-Key", trace);
        }
        foreach (var (name, value) in _settings.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }

    private string TraceId()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_lock)
        {
            _random.NextBytes(bytes);
        }
        return Convert.ToHexStringLower(bytes);
    }

    private static string Word(HttpRequestException error) => error.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "connection refused",
        SocketException { SocketErrorCode: SocketError.ConnectionReset } => "connection reset",
        IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } } => "connection reset",
        SocketException socket => socket.SocketErrorCode.ToString(),
        _ => error.HttpRequestError switch
        {
            HttpRequestError.ResponseEnded => "connection closed without an answer",
            HttpRequestError.NameResolutionError => "name does not resolve",
            var other => other.ToString(),
        },
    };
}
