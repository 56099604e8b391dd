using System.Diagnostics.CodeAnalysis;
using Plumb.Core;

namespace Plumb.Platform.Aws;

/// <summary>What kind of failure, in the words that decide what to do next.</summary>
public enum AwsErrorKind
{
    /// <summary>A region, an endpoint or a profile is missing or cannot be used as it is.</summary>
    Configuration,

    /// <summary>No credential was found, or it is expired, unknown or signed wrongly.</summary>
    Credentials,

    /// <summary>Nothing answers at the endpoint, or the handshake failed.</summary>
    Unreachable,

    /// <summary>No answer within the time-out.</summary>
    Timeout,

    /// <summary>The principal lacks a permission; <see cref="AwsError.Permission"/> names it.</summary>
    Denied,

    /// <summary>What was asked for does not exist.</summary>
    NotFound,

    /// <summary>It exists already, or somebody else changed it in between.</summary>
    Conflict,

    /// <summary>The request itself: an unknown action, a bad parameter.</summary>
    Invalid,

    /// <summary>Throttled, still after the last retry.</summary>
    Throttled,

    /// <summary>5xx, still after the last retry.</summary>
    Server,

    /// <summary>The answer is not what the API promises: cut off, too large, not XML or JSON, pages without an end.</summary>
    BadResponse,
}

/// <summary>An expected failure of a call to AWS, as a value. Never holds a credential.</summary>
/// <param name="Message">What happened, one sentence without its full stop; AWS's own words where it gave some.</param>
/// <param name="Next">What to do next.</param>
public sealed record AwsError(AwsErrorKind Kind, string Message, string? Next)
{
    /// <summary>AWS's error code, for instance <c>InvalidGroup.NotFound</c>; null when there was no answer.</summary>
    public string? Code { get; init; }

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>The IAM action that is missing, for instance <c>ec2:DescribeSecurityGroups</c>; only when denied.</summary>
    public string? Permission { get; init; }

    /// <summary>The ARN of the principal that lacks it, where AWS or STS told.</summary>
    public string? Principal { get; init; }

    /// <summary>Where S3 says that the bucket is.</summary>
    internal string? BucketRegion { get; init; }

    public Problem ToProblem() => new(Message, Next);

    public override string ToString() => ToProblem().ToString();
}

/// <summary>A value or an <see cref="AwsError"/>, never both.</summary>
public readonly record struct AwsResult<T>
    where T : notnull
{
    private AwsResult(T? value, AwsError? error) => (Value, Error) = (value, error);

    public T? Value { get; }

    public AwsError? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null && Value is not null;

    public static implicit operator AwsResult<T>(T value) => new(value, null);

    public static implicit operator AwsResult<T>(AwsError error) => new(default, error);

    /// <summary>For a caller that does not care which kind of error it is.</summary>
    public Result<T> ToResult() => IsOk ? Value : Error.ToProblem();
}
