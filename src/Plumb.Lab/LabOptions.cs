using Plumb.Platform.Storage;

namespace Plumb.Lab;

/// <summary>How a lab is made.</summary>
public sealed record LabOptions(PlumbHome Home)
{
    public int Nodes { get; init; } = 3;

    /// <summary>Requests a second that the load generator sends; 0 runs none.</summary>
    public double LoadRate { get; init; } = 20;

    /// <summary>True: objects and data outlive the lab, and the next start goes on with them.</summary>
    public bool Keep { get; init; }

    /// <summary>The API server's port on 127.0.0.1; 0: a free one.</summary>
    public int ApiPort { get; init; }

    /// <summary>False: only the cluster, nothing on it.</summary>
    public bool Payments { get; init; } = true;

    /// <summary>How long everything may take to become Ready before the lab says what is in the way.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Starts what records the containers, before the first of them is there; it ends after the last. Gets the name of the lab's cgroup. Null: nothing records.</summary>
    public Func<string, ILabRecorder>? Recorder { get; init; }

    /// <summary>What starts this program again for the services; null: this process's own program.</summary>
    public IReadOnlyList<string>? Program { get; init; }
}

/// <summary>What records a lab's containers.</summary>
public interface ILabRecorder : IAsyncDisposable
{
    /// <summary>What a reader asks the recorder by; null when it is off.</summary>
    string? Name { get; }

    /// <summary>Why it is off, in words; null when it is on.</summary>
    string? Off { get; }
}

/// <summary>What a starting lab is doing.</summary>
/// <param name="Done">False: it has begun or is at <paramref name="Text"/>; true: the step is over.</param>
/// <param name="Elapsed">Since the start of the lab.</param>
public sealed record LabStep(LabStepKind Kind, string Text, TimeSpan Elapsed, bool Done);

public enum LabStepKind
{
    Cluster,
    Nodes,
    Manifests,
    Pods,
    Payment,
}
