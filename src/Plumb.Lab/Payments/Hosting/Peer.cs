using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Plumb.Lab.Payments.Faults;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>Another service's answer, or why there is none.</summary>
/// <param name="Status">0 when no attempt brought an answer.</param>
/// <param name="Failure">One sentence for the log; null when there is an answer.</param>
internal sealed record PeerAnswer(int Status, byte[] Body, int Attempts, string? Failure)
{
    /// <summary>Nobody was reached, so nobody was burdened.</summary>
    public bool NotConnected { get; init; }

    public bool Success => Status is >= 200 and < 300;

    /// <summary>The body as <typeparamref name="T"/>; null when it is none.</summary>
    public T? Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>
/// Calls one other service: a time limit for each attempt, a few retries on another endpoint, and a budget that keeps retries from
/// becoming a storm of their own. Only idempotent requests may be sent through it: a lost answer is asked for again.
/// </summary>
internal sealed class Peer(string name, IReadOnlyList<Uri> endpoints, TimeSpan attemptTimeout, FaultSet faults, JsonLog log, TimeProvider time) : IDisposable
{
    private const int MaxAttempts = 3;
    private const int MaxResponseBytes = 1 << 20;
    private const double BudgetPerCall = 0.2;
    private const double BudgetLimit = 20;
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(25);

    private readonly HttpClient _client = NewClient();
    private readonly Lock _lock = new();
    private double _budget = BudgetLimit;
    private ulong _next;

    /// <summary>Where a service is: NAME_URL (several, with commas), what Kubernetes injects for a Service, or its name in DNS.</summary>
    public static (IReadOnlyList<Uri> Endpoints, string? Problem) Find(string name, Func<string, string?> env)
    {
        var variable = name.ToUpperInvariant().Replace('-', '_');
        if (env($"{variable}_URL") is { Length: > 0 } urls)
        {
            var list = new List<Uri>();
            foreach (var text in urls.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp)
                {
                    return ([], $"{variable}_URL holds \"{text}\", which is no http:// URL.");
                }

                list.Add(url);
            }

            return (list, null);
        }

        var host = env($"{variable}_SERVICE_HOST");
        var port = env($"{variable}_SERVICE_PORT") ?? ServiceSettings.DefaultPort.ToString(CultureInfo.InvariantCulture);
        return Uri.TryCreate($"http://{host ?? name}:{port}", UriKind.Absolute, out var address)
            ? ([address], null)
            : ([], $"{variable}_SERVICE_HOST \"{host}\" and {variable}_SERVICE_PORT \"{port}\" make no address.");
    }

    /// <summary>Sends a request until it has an answer that is worth keeping or the attempts are used up.</summary>
    /// <param name="body">JSON; null for none.</param>
    /// <param name="headers">Sent as they are.</param>
    public async Task<PeerAnswer> SendAsync(
        HttpMethod method, string path, byte[]? body, TraceContext trace, CancellationToken cancel, params (string Name, string Value)[] headers)
    {
        lock (_lock)
        {
            _budget = Math.Min(BudgetLimit, _budget + BudgetPerCall);
        }

        // Successive attempts of one call go to successive endpoints, whatever other calls do meanwhile.
        var first = Interlocked.Increment(ref _next);
        PeerAnswer? last = null;
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var endpoint = endpoints[(int)((first + (ulong)attempt) % (ulong)endpoints.Count)];
            last = await TryAsync(new HttpRequestMessage(method, new Uri(endpoint, path)), body, trace, headers, attempt, cancel);
            // 503 is "not now", with nothing done; other statuses are the answer.
            if (last.Failure is null && last.Status != 503)
            {
                return last;
            }

            // The budget guards a peer that is there and struggles; trying another address after a refused connection costs nobody anything.
            if (attempt == MaxAttempts || (!last.NotConnected && !TakeFromBudget()))
            {
                break;
            }

            log.Warn("peer_retry", $"{name} at {endpoint.Authority}: {last.Failure ?? "answered 503"}; trying again.", trace, ("peer", name), ("attempt", attempt));
            await Task.Delay(FirstBackOff * (1 << (attempt - 1)), time, cancel);
        }

        return last!;
    }

    public void Dispose() => _client.Dispose();

    private static HttpClient NewClient() => new(
        new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromMilliseconds(500),
            // Shorter than the drain of a server that stops: no request goes out on a connection that is about to be closed.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
            // A balancer below HTTP picks an endpoint for each connection, so new replicas get traffic only from new connections.
            PooledConnectionLifetime = TimeSpan.FromSeconds(15),
            MaxConnectionsPerServer = 64,
        })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MaxResponseBytes,
    };

    private async Task<PeerAnswer> TryAsync(
        HttpRequestMessage request, byte[]? body, TraceContext trace, (string Name, string Value)[] headers, int attempt, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(attemptTimeout);
        using (request)
        {
            if (body is not null)
            {
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            }

            if (faults.Get(FaultKind.DropTraceparent) is null)
            {
                request.Headers.TryAddWithoutValidation("traceparent", trace.Header);
                if (trace.State is not null)
                {
                    request.Headers.TryAddWithoutValidation("tracestate", trace.State);
                }
            }

            foreach (var (header, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }

            try
            {
                using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token);
                return new PeerAnswer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(limit.Token), attempt, null);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return new PeerAnswer(0, [], attempt, $"no answer within {attemptTimeout.TotalMilliseconds:0} ms");
            }
            catch (HttpRequestException problem)
            {
                return new PeerAnswer(0, [], attempt, problem.InnerException?.Message ?? problem.Message)
                {
                    NotConnected = problem.HttpRequestError == HttpRequestError.ConnectionError,
                };
            }
        }
    }

    private bool TakeFromBudget()
    {
        lock (_lock)
        {
            if (_budget < 1)
            {
                return false;
            }

            _budget--;
            return true;
        }
    }
}
