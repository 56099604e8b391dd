using System.Text.Json;
using Plumb.Core;

namespace Plumb.Platform.Kubernetes;

/// <summary>What kind of failure, in the words that decide what to do next.</summary>
public enum KubeErrorKind
{
    /// <summary>The kubeconfig or the service account cannot be used as it is.</summary>
    Configuration,

    /// <summary>The credential could not be made: an exec plugin failed, a token file is missing, a certificate has expired.</summary>
    Credentials,

    /// <summary>Nothing answers at the server's address.</summary>
    Unreachable,

    /// <summary>Something answers, but its certificate is not trusted or the handshake failed.</summary>
    Tls,

    /// <summary>No answer within the time-out.</summary>
    Timeout,

    /// <summary>401.</summary>
    Unauthorized,

    /// <summary>403: the message names the missing right.</summary>
    Forbidden,

    /// <summary>404.</summary>
    NotFound,

    /// <summary>409: somebody else wrote in between, or a precondition does not hold.</summary>
    Conflict,

    /// <summary>409: there is one of that name.</summary>
    AlreadyExists,

    /// <summary>400, 405, 406, 413, 415, 422: the request itself.</summary>
    Invalid,

    /// <summary>410: that version is no longer in the server's history.</summary>
    Gone,

    /// <summary>429: a disruption budget, or the server protects itself.</summary>
    TooManyRequests,

    /// <summary>5xx.</summary>
    Server,

    /// <summary>The answer is not what the API promises: not JSON, cut off, too large.</summary>
    BadResponse,
}

/// <summary>An expected failure, as a value: what happened, and what to do next. Never holds a credential.</summary>
/// <param name="Message">What happened, one sentence; the server's own words where it gave some.</param>
/// <param name="Next">What to do next, one sentence.</param>
public sealed record KubeError(KubeErrorKind Kind, string Message, string Next)
{
    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The reason of the server's Status object, for instance <c>NotFound</c> or <c>Expired</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>The details of the server's Status object: kind, name, causes.</summary>
    public JsonElement? Details { get; init; }

    /// <summary>How long the server asks to wait before the next try (its Retry-After header); null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Trying again later may help without anybody changing anything.</summary>
    public bool IsTransient => Kind is KubeErrorKind.Unreachable or KubeErrorKind.Timeout or KubeErrorKind.TooManyRequests
        or KubeErrorKind.Server or KubeErrorKind.BadResponse;

    public Problem ToProblem() => new(Message.TrimEnd('.'), Next.TrimEnd('.'));

    public override string ToString() => $"{Message} {Next}";
}
