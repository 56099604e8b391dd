using System.Text.Json.Serialization;

namespace Plumb.Cli.WebConsole;

/// <summary>One node as the console shows it. <c>Status</c> is kubectl's STATUS column.</summary>
internal sealed record NodeView(string Name, string Status, bool Ready, bool Schedulable, string Version, string Cpu, string Memory, DateTimeOffset? Created);

/// <summary>
/// One pod as the console shows it. <c>Status</c> is kubectl's STATUS column; <c>Health</c> says how to paint it:
/// ok, starting, done, ending or bad. <c>ReadyCount</c> and <c>Containers</c> count containers.
/// </summary>
internal sealed record PodView(
    string Key,
    string Namespace,
    string Name,
    string? Node,
    string Status,
    string Health,
    int ReadyCount,
    int Containers,
    int Restarts,
    DateTimeOffset? LastRestart,
    DateTimeOffset? Created,
    string? Address);

/// <summary>
/// One Kubernetes event. <c>Sentence</c> is what happened in plain English (null when the reason is not in our table: then the
/// page shows reason and message as they came); <c>Explanation</c> is the key into <see cref="Explanation"/>.
/// </summary>
internal sealed record EventView(
    string Key,
    string Type,
    string Reason,
    string Message,
    string Namespace,
    string Subject,
    string Component,
    int Count,
    DateTimeOffset? First,
    DateTimeOffset? Last,
    string? Sentence,
    string? Explanation);

/// <summary>Why an event matters and what to look at next; the same for every event of its kind.</summary>
internal sealed record Explanation(string Why, string Next);

/// <summary>
/// Whether what is shown is true now. <c>State</c> is connecting, live or lost; <c>Since</c> is when that state began and
/// <c>ReadAt</c> when the cluster was last known to be read completely. Lost means: what stands on the page is old.
/// </summary>
internal sealed record SourceView(string State, DateTimeOffset Since, DateTimeOffset? ReadAt, string? Message);

internal sealed record NavItem(string Id, string Title);

/// <summary>Everything a page needs to begin; afterwards it lives on deltas.</summary>
internal sealed record Snapshot(
    DateTimeOffset Now,
    string Cluster,
    SourceView Source,
    IReadOnlyList<NavItem> Nav,
    IReadOnlyList<NodeView> Nodes,
    IReadOnlyList<PodView> Pods,
    IReadOnlyList<EventView> Events,
    IReadOnlyDictionary<string, Explanation> Explanations,
    bool HasTraffic,
    int PodsLeftOut,
    RunView? Run);

/// <summary>What changed since the delta before. Absent parts did not change.</summary>
internal sealed record Delta
{
    public IReadOnlyList<NodeView>? Nodes { get; init; }

    public IReadOnlyList<PodView>? Pods { get; init; }

    public IReadOnlyList<EventView>? Events { get; init; }

    public IReadOnlyList<string>? NodesGone { get; init; }

    public IReadOnlyList<string>? PodsGone { get; init; }

    public IReadOnlyList<string>? EventsGone { get; init; }

    public SourceView? Source { get; init; }

    public int? PodsLeftOut { get; init; }

    public RunView? Run { get; init; }

    /// <summary>The newest step of the run.</summary>
    public ProgressView? Step { get; init; }

    [JsonIgnore]
    public bool IsEmpty => this == Nothing;

    private static readonly Delta Nothing = new();
}

internal sealed record Heartbeat(DateTimeOffset Now);
