using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Plumb.Lab.Aws.Account;
using Plumb.Lab.Aws.Cost;
using Plumb.Lab.Aws.Ec2;
using Plumb.Lab.Aws.S3;
using Plumb.Lab.Payments.Hosting;
using Plumb.Platform.Aws;

namespace Plumb.Lab.Aws;

/// <summary>
/// A small AWS on loopback: the calls that Plumb makes, those that change what they show, with AWS's formats and errors, one account on disk.
/// What it does not serve is refused in AWS's own words; it never answers what it did not do.
/// </summary>
public sealed class StandIn : IAsyncDisposable
{
    private const int MostBodyBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly StandInOptions _options;
    private readonly HttpServer _server;
    private readonly IReadOnlyList<User> _users;
    private readonly SignatureCheck _signatures;
    private readonly InjectedFaults _faults;
    private readonly Lazy<(AccountStore Store, Dictionary<string, IApi> Apis)> _account;

    private StandIn(StandInOptions options)
    {
        _options = options;
        _users = User.ReadOrMake(Path.Combine(options.Directory, "users.json"));
        _signatures = new SignatureCheck(_users, options.Time);
        _faults = new InjectedFaults(FaultsIn(options.Directory));
        // The first request opens the account: a lab that nobody asks for AWS does not pay for it.
        _account = new(Open);
        _server = new HttpServer([new IPEndPoint(IPAddress.Loopback, options.Port)], HandleAsync, MostBodyBytes);
    }

    public Uri Endpoint => _server.Addresses[0];

    /// <summary>The region in which the lab's own things are.</summary>
    public static string Region => AwsService.GlobalRegion;

    /// <summary>The key that Plumb and the lab's user have.</summary>
    public AwsKeys Keys => _users.First(user => user.Name == User.Plumb).Keys;

    /// <summary>The key of a colleague who changes things past Terraform.</summary>
    public AwsKeys ColleagueKeys => _users.First(user => user.Name == User.Colleague).Keys;

    public static string FaultsIn(string directory) => Path.Combine(directory, "faults");

    /// <summary>The Terraform states of the lab's things.</summary>
    public static string StatesIn(string directory) => Path.Combine(directory, "terraform");

    public static string BillingIn(string directory) => Path.Combine(directory, "billing");

    /// <exception cref="IOException">The port is taken, or the directory cannot be used.</exception>
    public static async Task<StandIn> StartAsync(StandInOptions options, CancellationToken cancellation)
    {
        var standIn = new StandIn(options);
        Seed.WriteStates(StatesIn(options.Directory));
        await standIn._server.StartAsync(cancellation);
        return standIn;
    }

    public async ValueTask DisposeAsync()
    {
        using (var limit = new CancellationTokenSource(StopPatience, _options.Time))
        {
            await _server.StopAsync(limit.Token);
        }
        _server.Dispose();
        if (_account.IsValueCreated)
        {
            _account.Value.Store.Dispose();
        }
    }

    private (AccountStore, Dictionary<string, IApi>) Open()
    {
        var store = new AccountStore(Path.Combine(_options.Directory, "account.db"));
        if (!store.Groups.All.Any())
        {
            store.Alone(() =>
            {
                Seed.Into(store, _options.Time.GetUtcNow());
                return true;
            });
        }
        var trail = new Trail(store);
        return (store, new Dictionary<string, IApi>(StringComparer.Ordinal)
        {
            ["ec2"] = new Ec2Api(store, trail),
            ["sts"] = new StsApi(),
            ["cloudtrail"] = new CloudTrailApi(store),
            ["secretsmanager"] = new SecretsApi(store, trail),
            ["ce"] = new CostExplorerApi(new Bill(BillingIn(_options.Directory)), _options.CostPageSize),
            ["s3"] = new S3Api(store, trail),
        });
    }

    private async Task HandleAsync(HttpContext http)
    {
        var requestId = Guid.NewGuid().ToString();
        var headers = http.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => string.Join(',', header.Value.ToArray()), StringComparer.Ordinal);
        var claim = SignatureCheck.Read(headers);
        var wire = WireOf(claim?.Service, headers);
        ApiReply reply;
        try
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            reply = await AnswerAsync(http, requestId, headers, claim ?? throw SignatureCheck.Missing(wire), wire, body.ToArray());
        }
        catch (ApiFault fault)
        {
            reply = fault.Reply(wire, requestId);
        }
        catch (InvalidDataException problem)
        {
            // A file of the lab that cannot be read: said, so that it is found, and never taken for an empty one.
            reply = new ApiFault(500, "InternalError", problem.Message).Reply(wire, requestId);
        }
        catch (Exception bug) when (bug is not (OperationCanceledException or OutOfMemoryException or BadHttpRequestException))
        {
            // Said in the service's own form, so that the client's user reads it; otherwise it would be an empty 500.
            reply = new ApiFault(500, "InternalError", $"A bug in the lab's AWS: {bug.GetType().Name}: {bug.Message}").Reply(wire, requestId);
        }
        await WriteAsync(http, reply, requestId);
    }

    private async Task<ApiReply> AnswerAsync(HttpContext http, string requestId, Dictionary<string, string> headers, SignatureCheck.Claim claim, Wire wire, byte[] body)
    {
        var (path, query) = Split(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        var user = _signatures.Sender(claim, wire, http.Request.Method, path, query, headers, body);
        if (!_account.Value.Apis.TryGetValue(claim.Service, out var api))
        {
            throw new ApiFault(400, wire == Wire.Json ? "UnknownOperationException" : "InvalidAction", $"The lab's AWS has no service {claim.Service}.");
        }
        var request = new ApiRequest(requestId, claim.Service, claim.Region, user, http.Request.Method, Uri.UnescapeDataString(path), query, headers, body,
            _options.Time.GetUtcNow(), http.Connection.RemoteIpAddress?.ToString() ?? "127.0.0.1");
        if (api.OperationOf(request) is not { } operation)
        {
            throw Unknown(wire);
        }
        var hits = _faults.Hits(request, operation);
        if (hits.FirstOrDefault(hit => hit.Kind == "hang") is not null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _options.Time, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        foreach (var hit in hits)
        {
            Strike(hit, request, operation, wire, http);
        }
        var size = hits.FirstOrDefault(hit => hit.Kind == "pages")?.Size;
        var reply = _account.Value.Store.Alone(() => api.Answer(request with { PageSize = size }, operation));
        return hits.Any(hit => hit.Kind == "cut") ? reply with { CutAfter = reply.Body.Length / 2 } : reply;
    }

    private static void Strike(InjectedFault hit, ApiRequest request, string operation, Wire wire, HttpContext http)
    {
        switch (hit.Kind)
        {
            case "throttle":
                throw wire switch
                {
                    Wire.Ec2 => new ApiFault(503, "RequestLimitExceeded", "Request limit exceeded."),
                    Wire.S3 => new ApiFault(503, "SlowDown", "Please reduce your request rate."),
                    _ when request.Service == "ce" => new ApiFault(400, "LimitExceededException", "Rate limit exceeded"),
                    _ => new ApiFault(400, "ThrottlingException", "Rate exceeded"),
                };
            case "denied":
                throw Denied(request, operation, wire);
            case "error":
                throw new ApiFault(500, wire == Wire.Json ? "InternalServiceError" : "InternalError", "An internal error has occurred");
            case "hang":
                http.Abort();
                break;
            default:
                break;
        }
    }

    private static ApiFault Denied(ApiRequest request, string operation, Wire wire)
    {
        var action = request.Service == "s3" ? S3Api.PermissionOf(operation) : $"{request.Service}:{operation}";
        var sentence = $"User: {request.User.Arn} is not authorized to perform: {action} because no identity-based policy allows the {action} action";
        return wire switch
        {
            Wire.Ec2 => new ApiFault(403, "UnauthorizedOperation", $"You are not authorized to perform this operation. {sentence}"),
            Wire.Json => new ApiFault(400, "AccessDeniedException", sentence),
            _ => new ApiFault(403, "AccessDenied", sentence),
        };
    }

    internal static ApiFault Unknown(Wire wire) => wire switch
    {
        Wire.Json => new ApiFault(400, "UnknownOperationException", ""),
        Wire.S3 => new ApiFault(501, "NotImplemented", "A header or a parameter you provided implies functionality that is not implemented."),
        _ => new ApiFault(400, "InvalidAction", "The action is not valid for this web service."),
    };

    private static Wire WireOf(string? service, Dictionary<string, string> headers) => service switch
    {
        "ec2" => Wire.Ec2,
        "s3" => Wire.S3,
        "sts" => Wire.Query,
        _ when headers.ContainsKey("x-amz-target") => Wire.Json,
        null when headers.GetValueOrDefault("content-type", "").StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) => Wire.Ec2,
        null => Wire.S3,
        _ => Wire.Query,
    };

    private static (string Path, string Query) Split(string target)
    {
        var at = target.IndexOf('?', StringComparison.Ordinal);
        return at < 0 ? (target, "") : (target[..at], target[(at + 1)..]);
    }

    private static async Task WriteAsync(HttpContext http, ApiReply reply, string requestId)
    {
        var response = http.Response;
        response.StatusCode = reply.Status;
        response.Headers["x-amzn-RequestId"] = requestId;
        response.Headers["x-amz-request-id"] = requestId;
        foreach (var (name, value) in reply.Headers)
        {
            response.Headers[name] = value;
        }
        if (reply.ContentType.Length > 0)
        {
            response.ContentType = reply.ContentType;
        }
        if (reply.Status == 204)
        {
            return;
        }
        response.ContentLength = reply.Body.Length;
        if (http.Request.Method == "HEAD")
        {
            return;
        }
        if (reply.CutAfter is { } cut)
        {
            await response.Body.WriteAsync(reply.Body.AsMemory(0, cut), http.RequestAborted);
            await response.Body.FlushAsync(http.RequestAborted);
            http.Abort();
            return;
        }
        await response.Body.WriteAsync(reply.Body, http.RequestAborted);
    }
}
