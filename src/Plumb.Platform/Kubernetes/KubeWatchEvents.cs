namespace Plumb.Platform.Kubernetes;

public enum KubeChangeType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>What a watch tells its user.</summary>
public abstract record KubeWatchEvent
{
    private KubeWatchEvent()
    {
    }

    /// <summary>An object appeared, changed or went.</summary>
    /// <param name="Object">The new state; for Deleted the last state known.</param>
    /// <param name="Previous">The state that the user was told before; null for Added.</param>
    /// <param name="ArrivedAt">When it reached this process: <see cref="TimeProvider.GetTimestamp"/> of the client's clock.</param>
    /// <param name="FromList">True when it was found by listing, so that it may have happened any time since the last event, and states in between may be unknown.</param>
    public sealed record Changed(KubeChangeType Type, KubeObject Object, KubeObject? Previous, long ArrivedAt, bool FromList) : KubeWatchEvent;

    /// <summary>Everything that was there has been told; from here on it is live. Comes first after the initial objects, and again after each relist.</summary>
    public sealed record Synced(int Objects, bool Again) : KubeWatchEvent;

    /// <summary>The connection is lost for now; it will be taken up where it was. Nothing is lost, but what comes next comes late.</summary>
    public sealed record Interrupted(KubeError Cause, TimeSpan RetryIn) : KubeWatchEvent;

    /// <summary>After <see cref="Interrupted"/>: the connection stands again, and what is told from here on is live.</summary>
    public sealed record Resumed : KubeWatchEvent;

    /// <summary>The last event: the watch cannot go on (no right to watch, no such resource, given up).</summary>
    public sealed record Failed(KubeError Cause) : KubeWatchEvent;
}

/// <summary>A watch's limits.</summary>
public sealed record KubeWatchOptions
{
    /// <summary>
    /// A stream that brings nothing for so long, not even a bookmark (the server sends one a minute), is taken for dead. Then the objects are listed anew.
    /// </summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The server is asked to end each stream after so long, so that connections spread over its replicas.</summary>
    public TimeSpan StreamLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The wait after the first failure; it doubles with each further one, and is shortened by up to half at random.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Failing without a break for so long ends the watch.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Bytes of one event; objects are at most 1.5 MiB in etcd, JSON and managedFields make them larger.</summary>
    public int EventSizeLimit { get; init; } = 16 * 1024 * 1024;
}
