namespace Plumb.Cluster;

/// <summary>What an image name stands for on this machine: there are no container images, only local programs.</summary>
/// <param name="Pattern">Image names it stands for, with <c>*</c> for any text, for instance <c>postgres:*</c>.</param>
/// <param name="Executable">An absolute path, or a name to find in PATH.</param>
/// <param name="Arguments">Arguments before those of the container.</param>
/// <param name="Environment">Variables that the image sets.</param>
/// <param name="User">The user to run as (name or number); null: the lab's own.</param>
public sealed record ImageCommand(
    string Pattern, string Executable, IReadOnlyList<string>? Arguments = null, IReadOnlyDictionary<string, string>? Environment = null, string? User = null);

/// <summary>How a <see cref="LabCluster"/> is made.</summary>
public sealed record LabClusterOptions
{
    /// <summary>Nodes, each with a kubelet of its own: node1, node2, …</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Where the cluster keeps its files; null: a temporary directory that goes with the cluster.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>True: the objects outlive the process and a later cluster on the same directory goes on with them.</summary>
    public bool KeepState { get; init; }

    /// <summary>The API server's port on 127.0.0.1; 0: a free one.</summary>
    public int Port { get; init; }

    /// <summary>Images beyond those that the cluster knows.</summary>
    public IReadOnlyList<ImageCommand> Images { get; init; } = [];

    /// <summary>True: service accounts may get, list and watch everything but secrets. There are no roles (RBAC is not supported).</summary>
    public bool ServiceAccountsMayRead { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Receives one line for each fault of the cluster itself.</summary>
    public Action<string>? Log { get; init; }
}

/// <summary>The cluster cannot start; the message says why and how to mend it.</summary>
public sealed class LabClusterException : Exception
{
    public LabClusterException()
    {
    }

    public LabClusterException(string message) : base(message)
    {
    }

    public LabClusterException(string message, Exception inner) : base(message, inner)
    {
    }
}
