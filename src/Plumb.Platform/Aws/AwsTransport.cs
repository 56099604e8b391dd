using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using Amazon;

namespace Plumb.Platform.Aws;

/// <summary>One request as a service describes it.</summary>
/// <param name="Operation">The API's name of it, for instance <c>DescribeSecurityGroups</c>.</param>
/// <param name="PathAndQuery">Encoded, from the first slash.</param>
internal sealed record AwsCall(AwsService Service, string? Region, string Operation, HttpMethod Method, string PathAndQuery, byte[] Body, string? ContentType = null, string? Target = null)
{
    /// <summary>The IAM action that allows it, where it is not service and operation.</summary>
    public string Permission { get; init; } = $"{Service.Prefix}:{Operation}";
}

/// <summary>One connection pool: endpoints, signing, time-outs, and the retries that AWS asks its clients for.</summary>
internal sealed class AwsTransport : IDisposable
{
    /// <summary>So that a changed address is picked up.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(10);

    /// <summary>A refused or broken connection is tried once more; what refuses twice is not there.</summary>
    private const int ConnectionAttempts = 2;

    private readonly AwsOptions _options;
    private readonly AwsSettings _settings;
    private readonly AwsCredential _credential;
    private readonly HttpClient _http;
    private readonly Random _jitter = new();
    private int _requests;

    public AwsTransport(AwsOptions options, AwsSettings settings)
    {
        (_options, _settings, _credential) = (options, settings, new AwsCredential(options, settings));
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            AutomaticDecompression = DecompressionMethods.GZip,
            AllowAutoRedirect = false,
            UseCookies = false,
            // A signature belongs to one moment; a proxy of the environment is still honoured, as the AWS command line does.
            PreAuthenticate = false,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("plumb");
    }

    public AwsOptions Options => _options;

    public int Requests => Volatile.Read(ref _requests);

    public void Dispose() => _http.Dispose();

    public Uri Endpoint(AwsService service, string region)
    {
        if (_settings.Endpoint(service) is { } configured)
        {
            return configured;
        }
        var suffix = RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix;
        return new Uri($"https://{service.Prefix}.{region}.{suffix}/");
    }

    /// <summary>Sends until there is an answer that a later try would not change.</summary>
    public async Task<AwsResult<byte[]>> SendAsync(AwsCall call, CancellationToken cancellation)
    {
        if (call.Region is not { } region)
        {
            return new AwsError(AwsErrorKind.Configuration, $"no AWS region is configured, and {call.Service.Name} is asked region by region", "Set AWS_REGION, or pass --region");
        }
        var keys = await _credential.GetAsync(cancellation);
        if (!keys.IsOk)
        {
            return keys.Error;
        }
        for (var attempt = 1; ; attempt++)
        {
            var answer = await OnceAsync(call, region, keys.Value, cancellation);
            if (answer.IsOk || !MayHelp(answer.Error, attempt))
            {
                return answer.IsOk ? answer : await ExplainAsync(answer.Error, call, attempt, cancellation);
            }
            // Full jitter: clients that were throttled together must not come back together.
            var ceiling = Math.Min(_options.RetryDelayLimit.TotalMilliseconds, _options.RetryDelay.TotalMilliseconds * Math.Pow(2, attempt - 1));
            await Task.Delay(TimeSpan.FromMilliseconds(_jitter.NextDouble() * ceiling), _options.Time, cancellation);
        }
    }

    private bool MayHelp(AwsError error, int attempt) => error.Kind switch
    {
        AwsErrorKind.Throttled or AwsErrorKind.Server => attempt < _options.AttemptLimit,
        AwsErrorKind.Unreachable => attempt < ConnectionAttempts,
        _ => false,
    };

    private async Task<AwsResult<byte[]>> OnceAsync(AwsCall call, string region, AwsKeys keys, CancellationToken cancellation)
    {
        var endpoint = Endpoint(call.Service, region);
        using var limit = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var request = new HttpRequestMessage(call.Method, new Uri(endpoint.AbsoluteUri.TrimEnd('/') + call.PathAndQuery));
        if (call.ContentType is not null)
        {
            request.Content = new ByteArrayContent(call.Body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(call.ContentType);
            if (call.Service == AwsService.S3)
            {
#pragma warning disable CA5351 // S3 wants this very checksum with a change of a bucket's settings; nothing is secured by it.
                request.Content.Headers.ContentMD5 = MD5.HashData(call.Body);
#pragma warning restore CA5351
            }
        }
        if (call.Target is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Amz-Target", call.Target);
        }
        Signature.Sign(request, call.Body, call.Service, region, keys, _options.Time.GetUtcNow());
        Interlocked.Increment(ref _requests);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var body = await ReadAsync(answer, either.Token);
            if (body.Length > _options.ResponseLimit)
            {
                return new AwsError(AwsErrorKind.BadResponse, $"the answer of {endpoint.Host} to {call.Operation} is larger than {_options.ResponseLimit >> 20} MiB", "Ask for less");
            }
            return answer.IsSuccessStatusCode ? body : AwsErrors.FromAnswer(call, answer, body);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new AwsError(AwsErrorKind.Timeout, $"{endpoint.Authority} did not answer {call.Operation} within {_options.RequestTimeout.TotalSeconds:0.#} s", "Check the network and the endpoint, then try again");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return Unreachable(endpoint, error);
        }
    }

    private static AwsError Unreachable(Uri endpoint, Exception error)
    {
        var innermost = error.GetBaseException();
        var why = innermost is AuthenticationException ? $"its certificate is refused: {innermost.Message}" : innermost.Message;
        var configured = endpoint.Scheme == Uri.UriSchemeHttp || endpoint.IsLoopback;
        return new AwsError(AwsErrorKind.Unreachable, $"{endpoint.Authority} cannot be reached: {why.TrimEnd('.')}",
            configured ? "The endpoint comes from AWS_ENDPOINT_URL or a profile: start what should serve it ('plumb up' for the lab's), or unset it" : "Check the network, the region's name and the proxy");
    }

    /// <summary>Says how often it was tried, and, for a missing permission, who lacks it: AWS itself names the principal only sometimes.</summary>
    private async Task<AwsError> ExplainAsync(AwsError error, AwsCall call, int attempts, CancellationToken cancellation)
    {
        if (error.Kind is AwsErrorKind.Throttled or AwsErrorKind.Server)
        {
            return error with { Message = $"{error.Message} (tried {attempts} times)" };
        }
        if (error.Kind != AwsErrorKind.Denied || error.Principal is not null || call.Service == AwsService.Sts)
        {
            return error.Kind == AwsErrorKind.Denied ? AwsErrors.Denied(error, error.Principal) : error;
        }
        var caller = await new Sts(this, call.Region).GetCallerIdentityAsync(cancellation);
        return AwsErrors.Denied(error, caller.IsOk ? caller.Value.Arn : null);
    }

    /// <summary>Reads one byte past the limit at most, so that a too large answer is known as such.</summary>
    private async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        using var buffer = new MemoryStream((int)Math.Min(answer.Content.Headers.ContentLength ?? 4096, _options.ResponseLimit));
        var chunk = new byte[64 * 1024];
        while (buffer.Length <= _options.ResponseLimit)
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
}
