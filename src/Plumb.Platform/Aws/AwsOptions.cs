namespace Plumb.Platform.Aws;

/// <summary>How AWS is reached. Everything that is left out comes from where the AWS command line takes it: environment, profile, instance.</summary>
public sealed record AwsOptions(TimeProvider Time)
{
    /// <summary>A profile of ~/.aws; null: AWS_PROFILE, else the default chain.</summary>
    public string? Profile { get; init; }

    /// <summary>Null: AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's.</summary>
    public string? Region { get; init; }

    /// <summary>Every service's endpoint; null: AWS_ENDPOINT_URL_{SERVICE}, AWS_ENDPOINT_URL, the profile's, else the real AWS.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Given keys instead of the chain, for the lab's stand-in.</summary>
    public AwsKeys? Keys { get; init; }

    /// <summary>For one attempt, from its start to the last byte of its answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For finding a credential: on a machine that is no instance, the chain's last stop does not answer.</summary>
    public TimeSpan CredentialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often one call is tried when AWS throttles or has a fault of its own.</summary>
    public int AttemptLimit { get; init; } = 6;

    /// <summary>The first wait is a random part of this; it doubles with each attempt.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan RetryDelayLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of one answer.</summary>
    public long ResponseLimit { get; init; } = 256L * 1024 * 1024;

    /// <summary>Pages of one question. AWS has no end of pages; a loop must have one.</summary>
    public int PageLimit { get; init; } = 10_000;

    /// <summary>Where variables are read, so that a test need not change the process.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
}

/// <summary>An access key. Its text never shows the secret.</summary>
public sealed record AwsKeys(string AccessKeyId, string SecretAccessKey, string? SessionToken = null)
{
    public override string ToString() => $"access key {AccessKeyId}";
}
