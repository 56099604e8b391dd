using Plumb.Cluster.Api.Auth;

namespace Plumb.Cluster.Api.Http;

/// <summary>What the handlers share.</summary>
internal sealed class ApiServices
{
    public required ClusterApi Api { get; init; }
    public required Authenticator Authenticator { get; init; }
    public required Authorizer Authorizer { get; init; }
    public required ServiceAccountTokens Tokens { get; init; }

    /// <summary>The kubelets, by node name, for logs, metrics and node pages.</summary>
    public NodeAgents Agents { get; init; } = new();

    /// <summary>Pages under /lab.</summary>
    public LabPages Pages { get; init; } = new();

    /// <summary>Where faults of the server itself are told; null: nowhere.</summary>
    public Action<string>? Log { get; init; }
}
