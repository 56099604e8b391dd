using System.Text.Json;

namespace Plumb.Cli.WebConsole;

internal enum FeedKind
{
    Nodes,
    Pods,
    Events,
}

/// <summary>One thing that a cluster feed tells. Objects are Kubernetes' own JSON.</summary>
internal abstract record FeedChange(FeedKind Kind)
{
    /// <summary>A complete list: whatever is not in it is gone. The first answer, and every answer after a loss.</summary>
    internal sealed record Listed(FeedKind Kind, IReadOnlyList<JsonElement> Objects) : FeedChange(Kind);

    internal sealed record Changed(FeedKind Kind, JsonElement Object) : FeedChange(Kind);

    internal sealed record Removed(FeedKind Kind, JsonElement Object) : FeedChange(Kind);

    /// <summary>The kind cannot be read now; the feed goes on trying, and says <see cref="Back"/> or <see cref="Listed"/> when it can again.</summary>
    internal sealed record Lost(FeedKind Kind, string Message) : FeedChange(Kind);

    /// <summary>The kind is read again, and nothing was missed or all that was missed has been told.</summary>
    internal sealed record Back(FeedKind Kind) : FeedChange(Kind);
}

/// <summary>The seam to a cluster: the real one reads and watches any API server; tests replay recordings.</summary>
internal interface IClusterFeed
{
    /// <summary>The cluster's name as the person knows it (context, or the lab).</summary>
    string ClusterName { get; }

    /// <summary>Lists, then watches, until cancelled. Never ends by itself and never throws for an unreachable cluster.</summary>
    IAsyncEnumerable<FeedChange> WatchAsync(CancellationToken cancellationToken);
}
