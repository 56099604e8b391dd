using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Kubernetes.Credentials;

namespace Plumb.Platform.Kubernetes;

/// <summary>One connection pool to one cluster: TLS, credential, time-outs, the few retries that cannot do a thing twice.</summary>
internal sealed class KubeTransport : IDisposable
{
    /// <summary>So that a changed address or a renewed client certificate is picked up.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    private readonly HttpClient _http;
    private readonly KubeTarget _target;
    private X509Certificate2? _certificate;

    public KubeTransport(KubeTarget target, KubeClientOptions options)
    {
        _target = target;
        Options = options;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            EnableMultipleHttp2Connections = true,
            // A dead path (a firewall that forgot us) is noticed by pings, also while only a silent watch is open.
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            AutomaticDecompression = DecompressionMethods.GZip,
            AllowAutoRedirect = false,
            UseCookies = false,
            SslOptions = TlsOptions(target.Tls),
        };
        if (target.Proxy is not null)
        {
            handler.Proxy = new WebProxy(target.Proxy);
        }
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
    }

    public KubeClientOptions Options { get; }

    public TimeProvider Time => Options.Time;

    public Uri Server => _target.Server;

    public void Dispose()
    {
        _http.Dispose();
        (_target.Credential as IDisposable)?.Dispose();
    }

    /// <summary>Sends and reads the whole answer. Anything but 2xx is an error.</summary>
    public async Task<KubeResult<byte[]>> SendAsync(HttpMethod method, string path, JsonNode? body, string? mediaType, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            var sent = await OnceAsync(method, path, body, mediaType, cancellation);
            if (sent.IsSuccess || attempt >= Options.RetryLimit || RetryDelay(method, sent.Error, attempt) is not { } delay)
            {
                return sent;
            }
            await Task.Delay(delay, Time, cancellation);
        }
    }

    /// <summary>Sends and returns as soon as the answer begins. The caller disposes the answer.</summary>
    public async Task<KubeResult<HttpResponseMessage>> OpenAsync(string path, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Options.RequestTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var opened = await AuthorizedAsync(HttpMethod.Get, path, null, null, either.Token);
            if (!opened.IsSuccess || opened.Value.IsSuccessStatusCode)
            {
                return opened;
            }
            using var refused = opened.Value;
            return KubeErrors.FromAnswer(refused.StatusCode, await ReadAsync(refused, either.Token), refused.Headers.RetryAfter);
        }
        catch (Exception error) when (Translate(error, cancellation) is { } translated)
        {
            return translated;
        }
    }

    /// <summary>The error for an exception of a request or of reading its answer; null when it is the caller's own cancellation or a bug.</summary>
    public KubeError? Translate(Exception error, CancellationToken caller) => error switch
    {
        OperationCanceledException => caller.IsCancellationRequested ? null : KubeErrors.Timeout(Server, Options.RequestTimeout),
        HttpRequestException or IOException => KubeErrors.FromException(error, Server),
        _ => null,
    };

    private async Task<KubeResult<byte[]>> OnceAsync(HttpMethod method, string path, JsonNode? body, string? mediaType, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Options.RequestTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var answered = await AuthorizedAsync(method, path, body, mediaType, either.Token);
            if (!answered.IsSuccess)
            {
                return answered.Error;
            }
            using var answer = answered.Value;
            var bytes = await ReadAsync(answer, either.Token);
            if (bytes.Length > Options.ResponseLimit)
            {
                return KubeErrors.BadResponse($"The answer to {path} is larger than {Options.ResponseLimit / 1024 / 1024} MiB.");
            }
            return answer.IsSuccessStatusCode ? bytes : KubeErrors.FromAnswer(answer.StatusCode, bytes, answer.Headers.RetryAfter);
        }
        catch (Exception error) when (Translate(error, cancellation) is { } translated)
        {
            return translated;
        }
    }

    /// <summary>One request with the credential of now; once more with a renewed one when the server answers 401.</summary>
    private async Task<KubeResult<HttpResponseMessage>> AuthorizedAsync(HttpMethod method, string path, JsonNode? body, string? mediaType, CancellationToken cancellation)
    {
        for (var renewed = false; ; renewed = true)
        {
            var identity = await _target.Credential.GetAsync(cancellation);
            if (!identity.IsSuccess)
            {
                return identity.Error;
            }
            _certificate = identity.Value.Certificate;
            // A server URL may have a path of its own (a proxy of many clusters), so the two are joined, not resolved.
            using var request = new HttpRequestMessage(method, new Uri(Server.AbsoluteUri.TrimEnd('/') + path));
            // .NET takes the name for SNI and for the certificate's check from here; an API server does not look at it.
            request.Headers.Host = _target.Tls.ServerName;
            request.Headers.Authorization = identity.Value.Authorization;
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            if (body is not null)
            {
                request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType ?? "application/json");
            }
            var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (answer.StatusCode != HttpStatusCode.Unauthorized || renewed || !_target.Credential.Renew())
            {
                return answer;
            }
            answer.Dispose();
        }
    }

    /// <summary>Reads one byte past the limit at most, so that a too large answer is known as such.</summary>
    private async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        using var buffer = new MemoryStream((int)Math.Min(answer.Content.Headers.ContentLength ?? 4096, Options.ResponseLimit));
        var chunk = new byte[16 * 1024];
        while (buffer.Length <= Options.ResponseLimit)
        {
            var count = await stream.ReadAsync(chunk, cancellation);
            if (count == 0)
            {
                break;
            }
            buffer.Write(chunk, 0, count);
        }
        return buffer.ToArray();
    }

    /// <summary>Null: not to be tried again. A write is repeated only when the server says that it did not take it (429 with Retry-After).</summary>
    private TimeSpan? RetryDelay(HttpMethod method, KubeError error, int attempt)
    {
        if (error.RetryAfter is { } asked && error.Kind is KubeErrorKind.TooManyRequests or KubeErrorKind.Server && (method == HttpMethod.Get || error.StatusCode == 429))
        {
            return asked < Options.RetryAfterLimit ? asked : Options.RetryAfterLimit;
        }
        return method == HttpMethod.Get && error is { Kind: KubeErrorKind.Unreachable, StatusCode: null } && attempt == 0 ? TimeSpan.FromMilliseconds(100) : null;
    }

    private SslClientAuthenticationOptions TlsOptions(KubeTls tls)
    {
        var options = new SslClientAuthenticationOptions
        {
            LocalCertificateSelectionCallback = (_, _, _, _, _) => _certificate!,
        };
        if (tls.SkipVerification)
        {
#pragma warning disable CA5359 // The kubeconfig says so in so many words (insecure-skip-tls-verify).
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (tls.Authorities is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(tls.Authorities);
        }
        return options;
    }
}
