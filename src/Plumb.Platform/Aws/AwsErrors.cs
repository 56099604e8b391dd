using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Plumb.Platform.Aws;

/// <summary>Reads the error bodies of the three protocols, and says them in one sentence with a way out.</summary>
internal static partial class AwsErrors
{
    private const int TextLimit = 500;

    public static AwsError FromAnswer(AwsCall call, HttpResponseMessage answer, byte[] body)
    {
        var status = (int)answer.StatusCode;
        var (code, message) = Read(answer, body);
        // For a bucket of another region the answer is 301 with its region in a header, which S3 follows.
        var region = answer.Headers.TryGetValues("x-amz-bucket-region", out var values) ? string.Concat(values) : null;
        var kind = KindOf(code, status);
        var text = $"{call.Service.Name} answered {call.Operation} with {code ?? $"HTTP {status}"}{(message is null ? "" : $": {Shorten(message)}")}";
        var denied = kind == AwsErrorKind.Denied ? NotAuthorized().Match(message ?? "") : Match.Empty;
        return new AwsError(kind, text, NextOf(kind, code))
        {
            Code = code,
            Status = status,
            Permission = kind != AwsErrorKind.Denied ? null : denied.Success ? denied.Groups["action"].Value : call.Permission,
            Principal = denied.Success ? denied.Groups["principal"].Value : null,
            BucketRegion = region,
        };
    }

    /// <summary>
    /// Names permission and principal first: that is what the reader takes to whoever can grant it. Of AWS's sentence the reason stays ("because no
    /// identity-based policy allows …", "with an explicit deny in a service control policy"); the rest of it says the same again.
    /// </summary>
    public static AwsError Denied(AwsError error, string? principal) => error with
    {
        Message = $"{principal ?? "this AWS principal"} lacks the permission {error.Permission} ({error.Code ?? "denied"}{Why(error.Message)})",
        Next = $"Allow {error.Permission} in an IAM policy of {principal ?? "the principal ('aws sts get-caller-identity' names it)"}",
        Principal = principal,
    };

    public static AwsError BadResponse(AwsCall call, string why) =>
        new(AwsErrorKind.BadResponse, $"the answer of {call.Service.Name} to {call.Operation} cannot be read: {why.TrimEnd('.')}", "Check that the endpoint is AWS, or the lab's stand-in, and no proxy's page");

    private static AwsErrorKind KindOf(string? code, int status) => code switch
    {
        "AccessDenied" or "AccessDeniedException" or "UnauthorizedOperation" or "AuthorizationError" or "UnauthorizedAccess" => AwsErrorKind.Denied,
        "UnrecognizedClientException" or "InvalidClientTokenId" or "AuthFailure" or "SignatureDoesNotMatch" or "InvalidSignatureException" or "ExpiredToken"
            or "ExpiredTokenException" or "RequestExpired" or "InvalidAccessKeyId" or "MissingAuthenticationToken" or "MissingAuthenticationTokenException"
            or "IncompleteSignature" or "IncompleteSignatureException" or "RequestTimeTooSkewed" or "InvalidToken" => AwsErrorKind.Credentials,
        "Throttling" or "ThrottlingException" or "ThrottledException" or "RequestThrottledException" or "RequestThrottled" or "TooManyRequestsException"
            or "RequestLimitExceeded" or "BandwidthLimitExceeded" or "LimitExceededException" or "SlowDown" or "PriorRequestNotComplete" or "EC2ThrottledException" => AwsErrorKind.Throttled,
        "ResourceNotFoundException" => AwsErrorKind.NotFound,
        "ResourceExistsException" => AwsErrorKind.Conflict,
        _ when code is not null && (code.EndsWith(".NotFound", StringComparison.Ordinal) || code.StartsWith("NoSuch", StringComparison.Ordinal)) => AwsErrorKind.NotFound,
        _ => status switch
        {
            429 or 503 => AwsErrorKind.Throttled,
            >= 500 => AwsErrorKind.Server,
            404 => AwsErrorKind.NotFound,
            409 => AwsErrorKind.Conflict,
            401 or 403 => AwsErrorKind.Denied,
            _ => AwsErrorKind.Invalid,
        },
    };

    private static string? NextOf(AwsErrorKind kind, string? code) => kind switch
    {
        AwsErrorKind.Credentials when code is "RequestTimeTooSkewed" or "RequestExpired" => "Correct this machine's clock",
        AwsErrorKind.Credentials when code is "ExpiredToken" or "ExpiredTokenException" => "Renew the credential ('aws sso login', or set the variables again)",
        AwsErrorKind.Credentials => "Check the access key and that it belongs to this endpoint; 'aws sts get-caller-identity' shows which one is used",
        AwsErrorKind.Throttled => "Others of the account use up the rate of this API: try again later",
        AwsErrorKind.Server => "AWS has a fault of its own: try again later",
        _ => null,
    };

    private static (string? Code, string? Message) Read(HttpResponseMessage answer, byte[] body)
    {
        if (body.Length == 0)
        {
            return (null, null);
        }
        try
        {
            return body[0] == '{' ? ReadJson(answer, body) : ReadXml(body);
        }
        catch (Exception error) when (error is JsonException or XmlException)
        {
            return (null, "the answer is neither XML nor JSON, so it is hardly from AWS");
        }
    }

    private static (string? Code, string? Message) ReadJson(HttpResponseMessage answer, byte[] body)
    {
        using var json = JsonDocument.Parse(body);
        var type = json.RootElement.TryGetProperty("__type", out var own) ? own.GetString()
            : answer.Headers.TryGetValues("x-amzn-ErrorType", out var header) ? string.Concat(header) : null;
        var message = json.RootElement.TryGetProperty("message", out var lower) ? lower.GetString() : json.RootElement.TryGetProperty("Message", out var upper) ? upper.GetString() : null;
        // com.amazonaws.coral.service#AccessDeniedException, or AccessDeniedException:http://…
        return (type?.Split('#')[^1].Split(':')[0], message);
    }

    private static (string? Code, string? Message) ReadXml(byte[] body)
    {
        using var stream = new MemoryStream(body);
        var error = XDocument.Load(stream).Descendants().FirstOrDefault(element => element.Name.LocalName == "Error");
        string? Of(string name) => error?.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
        return (Of("Code"), Of("Message"));
    }

    private static string Why(string message) => NotAuthorized().Match(message) is { Success: true } match && match.Groups["why"].Value.Trim() is { Length: > 0 } why ? $": {why}" : "";

    /// <summary>EC2 appends an encoded message of a thousand characters that only an administrator can decode.</summary>
    private static string Shorten(string message)
    {
        var encoded = message.IndexOf("Encoded authorization failure message", StringComparison.Ordinal);
        var text = (encoded > 0 ? message[..encoded] : message).ReplaceLineEndings(" ").Trim().TrimEnd('.');
        return text.Length > TextLimit ? text[..TextLimit] + "…" : text;
    }

    [GeneratedRegex(@"User: (?<principal>arn:\S+) is not authorized to perform: (?<action>[a-z0-9-]+:\w+)(?: on resource: \S+)?(?<why>.*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NotAuthorized();
}
