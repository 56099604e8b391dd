namespace Plumb.Platform.Kubernetes;

/// <summary>The client's limits. The defaults suit a person at a terminal and a daemon alike.</summary>
public sealed record KubeClientOptions
{
    /// <summary>Until the whole answer of a request is there (for watches and logs: until it begins).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Objects in one page of a list.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Bytes of one answer (a page, an object) that are read before it is refused.</summary>
    public int ResponseLimit { get; init; } = 256 * 1024 * 1024;

    /// <summary>Tries after the first when the server answers 429 with a Retry-After, or a read's connection breaks.</summary>
    public int RetryLimit { get; init; } = 3;

    /// <summary>No wait that a server asks for is longer than this.</summary>
    public TimeSpan RetryAfterLimit { get; init; } = TimeSpan.FromSeconds(10);

    public string UserAgent { get; init; } = "plumb";

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
